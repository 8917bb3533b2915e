// Node globals that the simulator uses. Must be imported first.

import { Buffer } from "buffer"

/** Runs callbacks soon, in order: a browser timer would take 4 ms. */
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
    // Otherwise jacdac-ts would share its bus with other tabs.
    BroadcastChannel: undefined,
})

// jacdac-ts reports its connections here.
console.debug = () => undefined
