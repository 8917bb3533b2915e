import { beforeEach, describe, expect, it, vi } from "vitest"
import { Key } from "../../../src/settings/keys"
import { serveConsole } from "../../../src/board/console"
import type { Shell } from "../../../src/console/shell"
import { CardConsole, cardWith } from "../../support/cardconsole"
import { ConsoleBench } from "../../support/consoleparts"
import { DeviceBuffer } from "../../support/devicebuffer"

// The Jacdac side of the console. A wire that the test reads replaces the runtime.

type Report = [session: number, request: number, sequence: number, flags: number, text: Uint8Array]

const { Final, Refused, Running, Missing } = { Final: 1, Refused: 2, Running: 4, Missing: 8 }
/** Bytes of a report before its text. */
const headBytes = 7
const textBytesMax = 224

/** Commands of the console's service, and an unknown one. */
const { Execute, Cancel, Unknown } = { Execute: 0x80, Cancel: 0x81, Unknown: 0x9f }

const runtime = vi.hoisted(() => ({
    /** Reports in the order of sending. */
    wire: [] as unknown[],
    /** Packets under way, now and at most. */
    sending: 0,
    sendingMax: 0,
    stalled: undefined as Promise<void> | undefined,
}))

const tick = () => new Promise<void>(resolve => setImmediate(resolve))

/** A packet as the runtime makes it from a report's members; its payload is writable. */
interface Packet {
    payload: DeviceBuffer
}

vi.mock("@devicescript/core", () => ({
    BmsConsole: {
        spec: {
            assign: () => undefined,
            lookup: () => ({
                response: {
                    encode: ([session, request, sequence, flags, text]: Report): Packet => {
                        const payload = DeviceBuffer.alloc(headBytes + text.length)
                        payload.setAt(0, "u16", session)
                        payload.setAt(2, "u16", request)
                        payload.setAt(4, "u16", sequence)
                        payload[6] = flags
                        payload.set(text, headBytes)
                        return { payload }
                    },
                },
            }),
        },
    },
    sleep: () => new Promise<void>(resolve => setImmediate(resolve)),
    millis: () => 0,
    _onServerPacket: async () => {},
    // Copies the packet before it waits.
    _serverSend: async (_index: number, packet: unknown) => {
        const report = reportOf(packet)
        runtime.sendingMax = Math.max(runtime.sendingMax, ++runtime.sending)
        await (runtime.stalled ?? new Promise<void>(resolve => setImmediate(resolve)))
        runtime.sending--
        runtime.wire.push(report)
    },
}))
vi.mock("@devicescript/crypto", () => ({ digest: () => {}, randomBuffer: () => {} }))

beforeEach(() => {
    Object.assign(runtime, { wire: [], sending: 0, sendingMax: 0, stalled: undefined })
})

function reportOf(packet: unknown): unknown {
    const payload = (packet as Packet).payload
    if (!payload) return packet
    const number = (at: number) => payload.getAt(at, "u16")
    return [number(0), number(2), number(4), payload[6], payload.slice(headBytes)]
}

/** The handler that the runtime calls for each incoming command. */
const core = (await import("@devicescript/core")) as unknown as {
    _onServerPacket: (packet: unknown) => Promise<void>
}

/** Sends a command with its decoded members to the console's service. @returns the answer */
async function command(serviceCommand: number, members?: unknown): Promise<unknown> {
    let answer: unknown
    await core._onServerPacket({
        serviceIndex: 1,
        serviceCommand,
        decode: () => members,
        notImplemented: () => (answer = "not implemented"),
        spec: { response: { encode: (value: Report) => (answer = [...value]) } },
    })
    return answer
}

function serve(shell: Shell) {
    serveConsole(shell)
    let requests = 0
    const execute = async (...members: unknown[]) => (await command(Execute, members)) as Report
    return {
        execute,
        /** Sends a line; afterwards its output and its last report are on the wire. */
        run: (session: number, line: string | Uint8Array, request = ++requests) =>
            execute(session, request, 0, DeviceBuffer.from(line)),
        ask: (session: number, request: number) =>
            execute(session, request, 1, DeviceBuffer.from("")),
    }
}

/** Assembles a session's text as a client does; throws on a missing or repeated report. */
function textOf(session: number): string {
    const reports = (runtime.wire as Report[]).filter(report => report[0] === session)
    let expected = 0
    const texts = reports.map(([, , sequence, flags, text]) => {
        expect(sequence).toBe(expected)
        expected = flags & Final ? 0 : expected + 1
        expect(text.length).toBeLessThanOrEqual(textBytesMax)
        return globalThis.Buffer.from(text)
    })
    return globalThis.Buffer.concat(texts).toString()
}

describe("two consoles at once", () => {
    it("each get their own output, whole and in order, while both print", async () => {
        const bench = new ConsoleBench()
        const alone = { first: await bench.run("describe"), second: await bench.run("show") }
        const { run } = serve(bench.shell)
        const ends = await Promise.all([run(1, "describe"), run(2, "show")])
        expect(ends.map(([, , , flags]) => flags)).toEqual([Final, Final])
        expect(textOf(1)).toBe(alone.first)
        expect(textOf(2)).toBe(alone.second)
        const order = (runtime.wire as Report[]).map(([session]) => session)
        const changes = order.filter((session, i) => i > 0 && session !== order[i - 1]).length
        expect(changes).toBeGreaterThan(10)
    })

    it("each have their own log-in, block and refusals", async () => {
        const { run } = serve(new ConsoleBench().shell)
        await run(1, "passwd geheim")
        expect((await run(2, "status"))[3]).toBe(Final | Refused)
        await run(2, "login geheim")
        await run(1, "import")
        expect((await run(2, "status"))[3]).toBe(Final)
        expect((await run(1, "status"))[3]).toBe(Final | Refused)
        await run(1, "abort")
        await run(2, "logout")
        expect((await run(1, "status"))[3]).toBe(Final)
        expect((await run(2, "status"))[3]).toBe(Final | Refused)
    })

    it("can be cancelled one by one", async () => {
        const bench = new CardConsole(await cardWith({ A: "0123456789abcde\n".repeat(2000) }))
        const whole = await bench.run("card cat a")
        const { run } = serve(bench.shell)
        await bench.poll(1)
        const runs = [run(1, "describe"), run(2, "card cat a")]
        for (let i = 0; i < 20; ++i) await tick()
        expect(await command(Cancel, 2)).toBe(undefined)
        const ends = await Promise.all(runs)
        expect(ends.map(([, , , flags]) => flags)).toEqual([Final, Final | Refused])
        expect(textOf(2)).toMatch(/\nerror: cancelled\n$/)
        expect(textOf(2).length).toBeLessThan(whole.length / 2)
        expect(textOf(1).split("\n").at(-2)).toContain('"kind":"battery"')
    })
})

describe("a console's service", () => {
    it("sends a long output packet by packet, without keeping it in memory", async () => {
        const content = "The quick brown fox jumps over the lazy dög.\n".repeat(3000)
        const bench = new CardConsole(await cardWith({ A: content }))
        const { run } = serve(bench.shell)
        await run(1, "card cat a")
        expect(textOf(1).replace(/^# \d+ of \d+ bytes\n/gm, "")).toBe(content)
        expect(runtime.sendingMax).toBe(1)
    })

    it("waits for a stalled wire without queueing packets", async () => {
        const bench = new ConsoleBench()
        const { run } = serve(bench.shell)
        let go = () => {}
        runtime.stalled = new Promise(resolve => (go = resolve))
        const running = run(1, "describe")
        for (let i = 0; i < 50; ++i) await tick()
        expect(runtime.sending).toBe(1)
        runtime.stalled = undefined
        go()
        await running
        expect(textOf(1)).toBe(await bench.run("describe"))
    })

    it("runs a repeated line only once, and repeats its end", async () => {
        const bench = new ConsoleBench()
        const { run, ask } = serve(bench.shell)
        const first = await run(1, "reset clear", 7)
        const writes = bench.flash.writes
        expect(await run(1, "set ftp.port 22", 7)).toEqual(first)
        expect(await ask(1, 7)).toEqual(first)
        expect(bench.flash.writes).toBe(writes)
        expect(bench.settings.number(Key.FtpPort)).toBe(21)
    })

    it("reports a running line, a line that never came, and an unknown session", async () => {
        const { run, ask } = serve(new ConsoleBench().shell)
        const running = run(1, "describe", 5)
        await tick()
        expect((await ask(1, 5))[3]).toBe(Running)
        expect((await ask(1, 6))[3]).toBe(Missing)
        // Meanwhile a second line is refused, without text.
        const second = await run(1, "status", 6)
        expect([second[3], second[4].length]).toEqual([Final | Refused, 0])
        await running
        expect((await ask(9, 1))[3]).toBe(Missing | Final)
    })

    it("keeps four sessions: a fifth one logs the oldest out", async () => {
        const { run } = serve(new ConsoleBench().shell)
        await run(1, "passwd geheim")
        for (const session of [2, 3, 4]) await run(session, "help")
        expect((await run(1, "status"))[3]).toBe(Final)
        await run(5, "help")
        expect((await run(1, "status"))[3]).toBe(Final | Refused)
    })

    it("drops answers in a flood instead of filling its memory", async () => {
        serve(new ConsoleBench().shell)
        let go = () => {}
        runtime.stalled = new Promise(resolve => (go = resolve))
        const flood = Array.from({ length: 300 }, () => command(Unknown))
        await tick()
        expect(runtime.sendingMax).toBe(8)
        go()
        await Promise.all(flood)
        expect(runtime.wire).toEqual(Array.from({ length: 8 }, () => "not implemented"))
    })

    it("survives a packet that makes the runtime throw, and a missing packet", async () => {
        const log = vi.spyOn(console, "log").mockImplementation(() => undefined)
        serve(new ConsoleBench().shell)
        await command(Unknown)
        // An invalid line: its members cannot be decoded.
        await command(Execute)
        await core._onServerPacket(undefined)
        await command(Unknown)
        expect(runtime.wire).toEqual(["not implemented", "not implemented"])
        expect(log.mock.calls).toEqual([[expect.stringMatching(/^console: Cannot read/)]])
        log.mockRestore()
    })

    it("refuses malformed packets, and lines that are not text", async () => {
        const { run, execute } = serve(new ConsoleBench().shell)
        for (const packet of [[], [1], [1, 2, 0]])
            expect((await execute(...packet))[3]).toBe(Final | Refused)
        runtime.wire = []
        await run(1, Uint8Array.of(0xff, 0xfe))
        expect(textOf(1)).toBe("error: the line has control characters or is not UTF-8 text\n")
    })
})
