import { createServer, type AddressInfo, type Socket } from "node:net"
import { afterEach, beforeEach, expect, test } from "vitest"
import { SimClock } from "../../../sim/clock"
import { SimNetwork } from "../../../sim/network"

// The board's socket with real servers.

const pieceBytes = 512
const queueWrites = 50

let taken: Socket | undefined
let events: string[]
let received: Buffer
let network: SimNetwork
let clock: SimClock
const server = createServer({ pauseOnConnect: true }, socket => (taken = socket))

beforeEach(async () => {
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
    taken = undefined
    events = []
    received = Buffer.alloc(0)
    clock = new SimClock("max")
    network = new SimNetwork(clock)
    network.addHost("ftp.sim", "127.0.0.1", { 21: (server.address() as AddressInfo).port })
    network.socket.onEvent = (event, data) => {
        if (event === "data") received = Buffer.concat([received, data!])
        else events.push(event + (data ? " " + Buffer.from(data).toString() : ""))
    }
})

afterEach(async () => {
    network.dropAll()
    taken?.destroy()
    clock.stop()
    await new Promise(resolve => server.close(resolve))
})

async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise(resolve => setTimeout(resolve, 2))
}

async function connect(): Promise<void> {
    network.socket.open("ftp.sim", 21)
    await until(() => events.includes("open") && taken !== undefined)
}

test("the queue of 50 writes fills up if the server reads nothing, and empties again", async () => {
    await connect()
    const { socket } = network
    let written = 0
    // The operating system's buffers fill before the queue.
    for (;;) {
        const result = socket.write(new Uint8Array(pieceBytes).fill(written % 251))
        if (result === 0) written += pieceBytes
        else if (taken!.readableLength === 0 && written > 1_000_000) break
        await new Promise(resolve => setImmediate(resolve))
    }
    expect(socket.write(new Uint8Array(1))).toBe(-1)
    expect(written).toBeGreaterThanOrEqual(queueWrites * pieceBytes)

    let bytes = 0
    taken!.on("data", data => (bytes += data.length))
    taken!.resume()
    await until(() => bytes === written)
    expect(socket.write(new Uint8Array(1))).toBe(0)
    await until(() => bytes === written + 1)
})

test("a write without a connection fails", () => {
    expect(network.socket.write(new Uint8Array(1))).toBe(-10)
})

test("the clock is held for the connection, until both sides have ended it", async () => {
    await connect()
    expect(clock.held).toBe(true)
    network.socket.close()
    taken!.resume()
    await until(() => !clock.held)
})

test("the server's data come in order, and then the end", async () => {
    await connect()
    const sent = Buffer.alloc(300_000, "0123456789abcdef")
    taken!.end(sent)
    await until(() => events.includes("close"))
    expect(received.equals(sent)).toBe(true)
    expect(events).toEqual(["open", "close"])
})

test("a refused connection and an unknown name are reported as on the ESP32", async () => {
    const { port } = server.address() as AddressInfo
    await new Promise(resolve => server.close(resolve))
    network.socket.open("127.0.0.1", port)
    await until(() => events.length === 1)
    network.socket.open("no-such-host.invalid", 21)
    await until(() => events.length === 2)
    expect(events).toEqual(["error can't connect", "error can't resolve host"])
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
})

test("a lost network breaks the connection", async () => {
    await connect()
    network.setUp(false)
    await until(() => events.length === 3)
    expect(events).toEqual(["open", "error recv error", "close"])
    await until(() => !clock.held)
})
