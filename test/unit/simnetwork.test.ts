import { createServer, type AddressInfo, type Socket } from "node:net"
import { afterEach, beforeEach, expect, test } from "vitest"
import { SimClock } from "../../sim/clock"
import { SimNetwork } from "../../sim/network"

const pieceBytes = 512
const queueWrites = 50

let taken: Socket | undefined
const server = createServer({ pauseOnConnect: true }, socket => (taken = socket))
const clock = new SimClock("max")
const network = new SimNetwork(clock)

beforeEach(async () => {
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
})

afterEach(async () => {
    network.dropAll("end of the test")
    taken?.destroy()
    clock.stop()
    await new Promise(resolve => server.close(resolve))
})

test("a server that takes nothing fills the queue of 50 writes, and it empties when the server reads", async () => {
    const { port } = server.address() as AddressInfo
    const socket = network.createConnection({ host: "127.0.0.1", port })
    await new Promise<void>(resolve => socket.on("connect", () => resolve()))
    let written = 0
    // What the operating system takes comes before the queue.
    while (!network.queueFull()) {
        for (let i = 0; i < queueWrites && !network.queueFull(); ++i) {
            socket.write(new Uint8Array(pieceBytes).fill(written % 251))
            written += pieceBytes
        }
        await new Promise(resolve => setImmediate(resolve))
    }
    expect(written).toBeGreaterThanOrEqual(queueWrites * pieceBytes)

    let received = 0
    const all = new Promise<void>(resolve => {
        taken!.on("data", data => {
            received += data.length
            if (received === written) resolve()
        })
    })
    taken!.resume()
    await all
    await new Promise(resolve => setImmediate(resolve))
    expect(network.queueFull()).toBe(false)
})

test("without a connection nothing is full", () => {
    expect(new SimNetwork(clock).queueFull()).toBe(false)
})
