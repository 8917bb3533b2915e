import { beforeEach, describe, expect, it, vi } from "vitest"
import { FaultCode } from "../../src/core/fault"
import type { TcpStream } from "../../src/core/seams"
import { DeviceBuffer } from "../support/devicebuffer"

// The runtime's natives and fibers as far as the socket uses them, with time that is moved by hand.
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
            return 0
        },
        _socketWrite: (data: Uint8Array) => {
            const result = state.writeResults.shift() ?? 0
            if (result === 0) state.written.push([...data])
            return result
        },
        _socketClose: () => {
            state.closed++
            return 0
        },
        _socketOnEvent: undefined,
    }
    return state
})

vi.mock("@devicescript/core", () => runtime.natives)

const { DeviceTcpConnector } = await import("../../src/upload/socket")
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

async function connect(): Promise<TcpStream> {
    const connecting = new DeviceTcpConnector().connect("h", 21, 1000)
    await settle()
    await event("open")
    return await connecting
}

beforeEach(() => {
    Object.assign(runtime, { waiters: [], opened: [], written: [], closed: 0, writeResults: [] })
})

describe("the device's socket", () => {
    it("keeps a greeting that comes right after open", async () => {
        const connecting = new DeviceTcpConnector().connect("h", 21, 1000)
        await settle()
        core._socketOnEvent("open")
        core._socketOnEvent("data", DeviceBuffer.from("220 hi"))
        const stream = await connecting
        expect((await stream.receive(100))!.toString()).toBe("220 hi")
    })

    it("does not take the tail of the connection before for its own", async () => {
        await connect()
        const connecting = new DeviceTcpConnector().connect("h", 2000, 1000)
        await settle()
        await event("data", "150 late")
        await event("open")
        const stream = await connecting
        await event("data", "new")
        expect((await stream.receive(100))!.toString()).toBe("new")
    })

    it("does not close the connection before: opening flushes it", async () => {
        await connect()
        await connect()
        expect(runtime.closed).toBe(0)
        expect(runtime.opened).toEqual(["h:21", "h:21"])
    })

    it("gives up at once on a connection that ends before it is open", async () => {
        for (const [name, data] of [["close"], ["error", "ECONNREFUSED"]] as const) {
            const connecting = new DeviceTcpConnector().connect("h", 21, 1000)
            const failure = expect(connecting).rejects.toMatchObject({
                code: FaultCode.SocketRefused,
            })
            await settle()
            await event(name, data)
            await failure
        }
    })

    it("gives up on a connection that never opens", async () => {
        const connecting = new DeviceTcpConnector().connect("h", 21, 1000)
        const failure = expect(connecting).rejects.toMatchObject({ code: FaultCode.SocketTimeout })
        await settle()
        await advance(999)
        await advance(1)
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

    it("gives what came before the end, then undefined", async () => {
        const stream = await connect()
        await event("data", "last words")
        await event("close")
        expect((await stream.receive(100))!.toString()).toBe("last words")
        expect(await stream.receive(100)).toBeUndefined()
        await expect(stream.send(DeviceBuffer.alloc(5))).rejects.toMatchObject({
            code: FaultCode.SocketClosed,
        })
    })

    it("throws the reason when the connection broke", async () => {
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

    it("holds a bounded number of events", async () => {
        const stream = await connect()
        for (let i = 0; i < 50; ++i) core._socketOnEvent("data", DeviceBuffer.from("x"))
        let count = 0
        const drain = async (): Promise<void> => {
            for (;;) {
                await stream.receive(10)
                ++count
            }
        }
        await expect(drain()).rejects.toThrow("more data than expected")
        expect(count).toBeLessThan(20)
    })

    it("wakes who waits on it when the next connection is opened", async () => {
        const first = await connect()
        const waiting = first.receive(1000)
        await settle()
        const connecting = new DeviceTcpConnector().connect("h", 22, 1000)
        expect(await waiting).toBeUndefined()
        await settle()
        await event("open")
        await connecting
    })

    it("closes only while it is the one that is open", async () => {
        const first = await connect()
        const second = await connect()
        await first.close()
        expect(runtime.closed).toBe(0)
        await second.close()
        expect(runtime.closed).toBe(1)
        expect(await second.receive(100)).toBeUndefined()
    })
})
