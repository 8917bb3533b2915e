// Stands for what of Node the simulator has and a board in the tab never needs.

function missing(): never {
    throw new Error("a browser does not have this")
}

/** node:net: connections that leave the simulation. */
export const createConnection = missing

/**
 * node:module: the runtime looks whether there are sockets, which the simulator gives it, by asking
 * for `tls`.
 */
export const createRequire = () => (name: string) => (name === "tls" ? {} : missing())
