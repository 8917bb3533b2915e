// Replaces parts of Node that the simulator imports and a board in the tab never uses.

function missing(): never {
    throw new Error("a browser does not have this")
}

/** node:net: connections out of the simulation. */
export const createConnection = missing

/**
 * node:module: the runtime requires `tls` to check whether there are sockets, which the simulator
 * provides.
 */
export const createRequire = () => (name: string) => (name === "tls" ? {} : missing())
