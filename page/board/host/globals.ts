// Globals of Node that the simulator uses. Imported before anything else.

import { Buffer } from "buffer"

/** Runs soon, behind what waits already: a timer of the browser would take 4 ms. */
const channel = new MessageChannel()
const waiting = new Map<number, () => void>()
let last = 0
channel.port1.onmessage = ({ data }) => {
    const run = waiting.get(data as number)
    waiting.delete(data as number)
    run?.()
}

Object.assign(globalThis, {
    Buffer,
    process: { pid: 1 },
    setImmediate: (run: () => void) => {
        waiting.set(++last, run)
        channel.port2.postMessage(last)
        return last
    },
    clearImmediate: (handle: number) => void waiting.delete(handle),
    // jacdac-ts would tell other tabs of its bus, and hear them.
    BroadcastChannel: undefined,
})

// jacdac-ts tells of its connections here.
console.debug = () => undefined
