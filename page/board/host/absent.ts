// Stands for what of Node the simulator has and a board in the tab never needs.

function missing(): never {
    throw new Error("a browser does not have this")
}

/** node:net: connections that leave the simulation. */
export const createConnection = missing

/** node:module: the runtime asks for random numbers only, which the simulator gives. */
export const createRequire = () => missing
