import { beforeEach, describe, expect, it, vi } from "vitest"
import { FaultCode } from "../../../src/core/fault"
import type { TcpStream } from "../../../src/core/seams"
import { DeviceBuffer } from "../../support/devicebuffer"

// The runtime's natives and fibers that the socket uses, with time moved by hand.
const runtime = vi.hoisted(() => {
    interface Waiter {
        endMs: number
        resolve: () => void
    }
    const state = {
        nowMs: 0,
        waiters: [] as Waiter[],
        opened: [] as string[],
        written: [] as number[][],
        closed: 0,
        /** Opens and closes with their times. */
        log: [] as string[],
        /** Answers of the next writes; 0 when used up. */
        writeResults: [] as number[],
        natives: {} as Record<string, unknown>,
    }
    const suspend = (ms: number): Promise<void> =>
        new Promise(resolve => {
            state.waiters.push({ endMs: state.nowMs + ms, resolve })
        })
    state.natives = {
        millis: () => state.nowMs,
        sleep: (ms: number) => suspend(ms),
        suspend,
        Fiber: {
            self: () => ({
                get suspended() {
                    return state.waiters.length > 0
                },
                resume: () => state.waiters.shift()?.resolve(),
            }),
        },
        _socketOpen: (host: string, port: number) => {
            state.opened.push(host + ":" + port)
            state.log.push(state.nowMs + " open")
            return 0
        },
        _socketWrite: (data: Uint8Array) => {
            const result = state.writeResults.shift() ?? 0
            if (result === 0) state.written.push([...data])
            return result
        },
        _socketClose: () => {
            state.closed++
            state.log.push(state.nowMs + " close")
            return 0
        },
        _socketOnEvent: undefined,
    }
    return state
})

vi.mock("@devicescript/core", () => runtime.natives)

let DeviceTcpConnector: typeof import("../../../src/board/socket").DeviceTcpConnector
const core = runtime.natives as { _socketOnEvent: (event: string, data?: unknown) => void }

async function settle(): Promise<void> {
    for (let i = 0; i < 20; ++i) await Promise.resolve()
}

async function event(name: string, data?: string): Promise<void> {
    core._socketOnEvent(
        name,
        data === undefined || name === "error" ? data : DeviceBuffer.from(data),
    )
    await settle()
}

async function advance(ms: number): Promise<void> {
    runtime.nowMs += ms
    const due = runtime.waiters.filter(waiter => waiter.endMs <= runtime.nowMs)
    runtime.waiters = runtime.waiters.filter(waiter => waiter.endMs > runtime.nowMs)
    due.forEach(waiter => waiter.resolve())
    await settle()
}

/** Begins a connection; the previous one is flushed and closed when this returns. */
async function begin(port = 21, timeoutMs = 1000): Promise<Promise<TcpStream>[]> {
    const connecting = new DeviceTcpConnector().connect("h", port, timeoutMs, false)
    // Tests await it later: without this a rejection would count as unhandled.
    connecting.catch(() => {})
    await settle()
    for (
        let i = 0;
        i < 2 && runtime.waiters.some(waiter => waiter.endMs - runtime.nowMs === 20);
        ++i
    )
        await advance(20)
    // In an array, because an async function would await the promise itself.
    return [connecting]
}

async function connect(): Promise<TcpStream> {
    const [connecting] = await begin()
    await event("open")
    return await connecting
}

/** A connection to a peer that sends nothing. */
async function connectDeaf(): Promise<TcpStream> {
    const connecting = new DeviceTcpConnector().connect("h", 2000, 1000, true)
    await settle()
    await event("open")
    return await connecting
}

/** Sends as much as may still be in the queue of the runtime's worker. */
async function sendMuch(stream: TcpStream): Promise<void> {
    await stream.send(DeviceBuffer.alloc(8 * 512))
}

beforeEach(async () => {
    Object.assign(runtime, {
        nowMs: 0,
        waiters: [],
        opened: [],
        written: [],
        closed: 0,
        log: [],
        writeResults: [],
    })
    // A start of the program.
    vi.resetModules()
    DeviceTcpConnector = (await import("../../../src/board/socket")).DeviceTcpConnector
})

describe("the device's socket", () => {
    it("keeps a greeting that comes right after open", async () => {
        const connecting = new DeviceTcpConnector().connect("h", 21, 1000, false)
        await settle()
        core._socketOnEvent("open")
        core._socketOnEvent("data", DeviceBuffer.from("220 hi"))
        const stream = await connecting
        expect((await stream.receive(100))!.toString()).toBe("220 hi")
    })

    it("does not take the tail of the previous connection for its own", async () => {
        await sendMuch(await connect())
        const [connecting] = await begin(2000)
        await event("data", "150 late")
        await event("open")
        const stream = await connecting
        await event("data", "new")
        expect((await stream.receive(100))!.toString()).toBe("new")
    })

    it("lets the runtime end a connection with a possible queue: opening flushes it", async () => {
        await sendMuch(await connect())
        const [connecting] = await begin()
        await event("open")
        await connecting
        expect(runtime.log).toEqual(["0 open", "0 open"])
    })

    it("closes a drained connection itself, and awaits the close before it opens", async () => {
        const stream = await connect()
        await sendMuch(stream)
        await event("data", "226 all is there")
        await stream.send(DeviceBuffer.from("QUIT\r\n"))
        const connecting = new DeviceTcpConnector().connect("h", 2000, 1000, false)
        await settle()
        await advance(20)
        // The event still under way in the runtime.
        await event("close")
        await advance(20)
        await event("open")
        await connecting
        expect(runtime.log).toEqual(["0 open", "20 close", "40 open"])
    })

    it("gives up at once on a connection that ends before it is open", async () => {
        for (const [name, data] of [["close"], ["error", "can't connect"]] as const) {
            const opens = runtime.opened.length
            const [connecting] = await begin()
            await event(name, data)
            await expect(connecting).rejects.toMatchObject({
                code: FaultCode.SocketRefused,
                message: "no connection to h:21: " + (data ?? ""),
            })
            expect(runtime.opened).toHaveLength(opens + 1)
        }
    })

    it("opens again when the flushed connection's end comes instead of an answer", async () => {
        for (const [name, data] of [
            ["error", "recv error"],
            ["error", "write error"],
            ["close"],
        ] as const) {
            await sendMuch(await connect())
            const opens = runtime.opened.length
            const [connecting] = await begin(21, 10_000)
            await event(name, data)
            await advance(499)
            expect(runtime.opened).toHaveLength(opens + 1)
            await advance(1)
            expect(runtime.opened).toHaveLength(opens + 2)
            await event("open")
            const stream = await connecting
            // The end of the previous connection is not the reason for this one's end.
            await event("close")
            expect(await stream.receive(100)).toBeUndefined()
        }
    })

    it("opens at most four times", async () => {
        await sendMuch(await connect())
        const [connecting] = await begin(21, 10_000)
        for (let i = 0; i < 4; ++i) {
            await event("error", "recv error")
            await advance(500)
        }
        await expect(connecting).rejects.toThrow("no connection to h:21: recv error")
        expect(runtime.opened).toHaveLength(1 + 4)
    })

    it("opens again after half its timeout when no answer came after a flush", async () => {
        await sendMuch(await connect())
        const [connecting] = await begin(21, 30_000)
        await advance(14_999)
        expect(runtime.opened).toHaveLength(2)
        await advance(1)
        expect(runtime.opened).toHaveLength(3)
        await event("open")
        await connecting
    })

    it("attributes a failure to the previous try if that got no answer", async () => {
        const [first] = await begin()
        await advance(1000)
        await advance(20)
        await expect(first).rejects.toMatchObject({ code: FaultCode.SocketTimeout })
        const [second] = await begin()
        await event("error", "can't connect")
        await advance(500)
        await event("open")
        await second
        const [third] = await begin()
        await event("error", "can't connect")
        await expect(third).rejects.toMatchObject({ code: FaultCode.SocketRefused })
        expect(runtime.opened).toHaveLength(4)
    })

    it("gives up on a connection that never opens", async () => {
        const connecting = new DeviceTcpConnector().connect("h", 21, 1000, false)
        const failure = expect(connecting).rejects.toMatchObject({ code: FaultCode.SocketTimeout })
        await settle()
        await advance(999)
        expect(runtime.log).toEqual(["0 open"])
        await advance(1)
        expect(runtime.log).toEqual(["0 open", "1000 close"])
        await advance(20)
        await failure
    })

    it("writes at most 512 bytes at a time and tries again while the queue is full", async () => {
        const stream = await connect()
        runtime.writeResults = [0, -1, -1]
        const sending = stream.send(DeviceBuffer.alloc(1100))
        await settle()
        await advance(10)
        await advance(10)
        await sending
        expect(runtime.written.map(piece => piece.length)).toEqual([512, 512, 76])
    })

    it("waits while the runtime's worker is between two connections", async () => {
        const stream = await connect()
        runtime.writeResults = [-10, -10]
        const sending = stream.send(DeviceBuffer.alloc(5))
        await settle()
        await advance(10)
        await advance(10)
        await sending
        expect(runtime.written).toHaveLength(1)
        runtime.writeResults = [-10]
        const lost = expect(stream.send(DeviceBuffer.alloc(5))).rejects.toThrow(": recv error")
        await settle()
        await event("error", "recv error")
        await advance(10)
        await lost
    })

    it("throws when the queue stays full, and when the connection is gone", async () => {
        const stream = await connect()
        runtime.writeResults = Array(10_000).fill(-1)
        const sending = expect(stream.send(DeviceBuffer.alloc(5))).rejects.toMatchObject({
            code: FaultCode.SocketTimeout,
        })
        await settle()
        for (let i = 0; i < 2001; ++i) await advance(10)
        await sending
        runtime.writeResults = [-100]
        await expect(stream.send(DeviceBuffer.alloc(5))).rejects.toMatchObject({
            code: FaultCode.SocketClosed,
        })
    })

    it("gives the data from before the end, then undefined", async () => {
        const stream = await connect()
        await event("data", "last words")
        await event("close")
        expect((await stream.receive(100))!.toString()).toBe("last words")
        expect(await stream.receive(100)).toBeUndefined()
        await expect(stream.send(DeviceBuffer.alloc(5))).rejects.toMatchObject({
            code: FaultCode.SocketClosed,
        })
    })

    it("throws the reason of a broken connection", async () => {
        const stream = await connect()
        await event("error", "ECONNRESET")
        await expect(stream.receive(100)).rejects.toThrow(
            "connection lost, check Wi-Fi and server: ECONNRESET",
        )
    })

    it("times out when nothing comes", async () => {
        const stream = await connect()
        const receiving = expect(stream.receive(50)).rejects.toMatchObject({
            code: FaultCode.SocketTimeout,
        })
        await advance(50)
        await receiving
    })

    it("holds the data of one turn of the runtime", async () => {
        const stream = await connect()
        for (let i = 0; i < 6; ++i) core._socketOnEvent("data", DeviceBuffer.from("" + i))
        for (let i = 0; i < 6; ++i) expect((await stream.receive(10))!.toString()).toBe("" + i)
    })

    it("holds no more than that: further data end the connection", async () => {
        const stream = await connect()
        for (let i = 0; i < 50; ++i) core._socketOnEvent("data", DeviceBuffer.from("x"))
        let count = 0
        const drain = async (): Promise<void> => {
            for (;;) {
                await stream.receive(10)
                ++count
            }
        }
        await expect(drain()).rejects.toThrow("more than requested")
        // The waiting data are dropped: a flood must not exhaust the heap.
        expect(count).toBe(0)
    })

    it("makes the runtime drop data that it does not expect", async () => {
        const stream = await connectDeaf()
        await event("data", "hello")
        expect(core._socketOnEvent).toBeUndefined()
        await stream.send(DeviceBuffer.alloc(5))
        // It gets no event for the end: the next write finds it.
        runtime.writeResults = [-10]
        await expect(stream.send(DeviceBuffer.alloc(5))).rejects.toThrow(
            "connection lost, check Wi-Fi and server: the other side sends more than",
        )
    })

    it("lets data sent there leave before it listens again", async () => {
        await sendMuch(await connectDeaf())
        await event("data", "hello")
        const connecting = new DeviceTcpConnector().connect("h", 22, 5000, false)
        await settle()
        await advance(1999)
        expect(runtime.log).toEqual(["0 open"])
        expect(core._socketOnEvent).toBeUndefined()
        await advance(1)
        await advance(20)
        await event("open")
        await connecting
        expect(runtime.log).toEqual(["0 open", "2000 close", "2020 open"])
    })

    it("wakes its receiver when the next connection is opened", async () => {
        for (const send of [async () => {}, sendMuch]) {
            const first = await connect()
            await send(first)
            const waiting = first.receive(1000)
            await settle()
            const [connecting] = await begin(22)
            expect(await waiting).toBeUndefined()
            await event("open")
            await connecting
        }
    })

    it("closes only if it is the open one, and is done a turn of the runtime later", async () => {
        const first = await connect()
        await sendMuch(first)
        const second = await connect()
        await first.close()
        expect(runtime.closed).toBe(0)
        let done = false
        const closing = second.close().then(() => (done = true))
        await settle()
        expect(runtime.closed).toBe(1)
        expect(done).toBe(false)
        await advance(20)
        await closing
        expect(await second.receive(100)).toBeUndefined()
    })
})
