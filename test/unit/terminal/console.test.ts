import { EventEmitter } from "node:events"
import { PassThrough } from "node:stream"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { ConsoleClient } from "../../../console/client"
import * as protocol from "../../../console/protocol"
import { runTerminal } from "../../../console/terminal"
import { ConsoleError } from "../../../console/transport"

interface Execute {
    session: number
    request: number
    mode: number
    line: string
}

/** A Jacdac bus with one board; the test supplies its answers. */
class FakeBus extends EventEmitter {
    readonly executes: Execute[] = []
    readonly cancels: number[] = []
    present = true
    answer: (execute: Execute) => void = () => undefined

    services() {
        const service = {
            device: { connected: true },
            sendPacketAsync: async (packet: { serviceCommand: number; data: Uint8Array }) =>
                this.receive(packet.serviceCommand, Buffer.from(packet.data)),
        }
        return this.present ? [service] : []
    }

    private receive(command: number, data: Buffer): void {
        if (command === protocol.Command.Cancel) this.cancels.push(data.readUInt16LE(0))
        if (command !== protocol.Command.Execute) return
        const execute = {
            session: data.readUInt16LE(0),
            request: data.readUInt16LE(2),
            mode: data[4],
            line: data.toString("utf8", 5),
        }
        this.executes.push(execute)
        this.answer(execute)
    }

    report(to: Execute, sequence: number, flags: number, text: string | Uint8Array): void {
        const header = Buffer.alloc(7)
        header.writeUInt16LE(to.session, 0)
        header.writeUInt16LE(to.request, 2)
        header.writeUInt16LE(sequence & 0xffff, 4)
        header[6] = flags
        this.emit("packetProcess", {
            isReport: true,
            serviceCommand: protocol.Command.Execute,
            serviceClass: protocol.consoleServiceClass,
            data: new Uint8Array(Buffer.concat([header, Buffer.from(text)])),
        })
    }
}

const { Final, Refused, Running, Missing } = protocol.ReportFlags

function setUp() {
    const bus = new FakeBus()
    const client = new ConsoleClient(bus as never, { session: 77 })
    const pieces: string[] = []
    const execute = (line: string | Uint8Array) => client.execute(line, text => pieces.push(text))
    return { bus, client, execute, text: () => pieces.join("") }
}

beforeEach(() => {
    vi.useFakeTimers()
})
afterEach(() => {
    vi.useRealTimers()
})

describe("the console client", () => {
    it("returns the pieces in order and the status of the last one", async () => {
        const { bus, execute, text } = setUp()
        bus.answer = to => {
            bus.report(to, 0, 0, "one ")
            bus.report(to, 1, 0, "two ")
            bus.report(to, 2, Final, "three")
        }
        expect(await execute("status")).toEqual({ status: 0 })
        expect(text()).toBe("one two three")
        expect(bus.executes[0]).toMatchObject({ session: 77, mode: 0, line: "status" })
        bus.answer = to => bus.report(to, 0, Final | Refused, "error: no\n")
        expect(await execute("x")).toEqual({ status: 1 })
    })

    it("joins characters split across packets", async () => {
        const { bus, execute, text } = setUp()
        const bytes = Buffer.from("µΩ€")
        bus.answer = to => {
            for (let i = 0; i < bytes.length; ++i) bus.report(to, i, 0, bytes.subarray(i, i + 1))
            bus.report(to, bytes.length, Final, "")
        }
        await execute("x")
        expect(text()).toBe("µΩ€")
    })

    it("ignores reports of another console or another line", async () => {
        const { bus, execute, text } = setUp()
        bus.answer = to => {
            bus.report({ ...to, session: 78 }, 0, Final, "not mine")
            bus.report({ ...to, request: (to.request + 1) & 0xffff }, 0, Final, "not this")
            bus.report(to, 0, Final, "mine")
        }
        await execute("x")
        expect(text()).toBe("mine")
    })

    it("drops a repeated packet and reports a missing one", async () => {
        const { bus, execute, text } = setUp()
        bus.answer = to => {
            bus.report(to, 0, 0, "a")
            bus.report(to, 0, 0, "a")
            bus.report(to, 2, 0, "c")
            bus.report(to, 3, Final, "d")
        }
        await execute("x")
        expect(text()).toBe("a\n[some output was lost]\ncd")
    })

    it("continues when the packet count wraps", async () => {
        const { bus, execute, text } = setUp()
        bus.answer = to => {
            for (let i = 0; i < 0x10002; ++i) bus.report(to, i, 0, i > 0xfffd ? "x" : "")
            bus.report(to, 0x10002, Final, "y")
        }
        await execute("x")
        expect(text()).toBe("xxxxy")
    })

    it("asks after silence, and accepts the repeated last report", async () => {
        const { bus, execute, text } = setUp()
        bus.answer = to => {
            if (to.mode === protocol.Mode.Ask) bus.report(to, 0, Final, "done")
        }
        const result = execute("x")
        await vi.advanceTimersByTimeAsync(2_000)
        expect(await result).toEqual({ status: 0 })
        expect(text()).toBe("done")
    })

    it("waits as long as the board reports the line as running", async () => {
        const { bus, execute } = setUp()
        let asked = 0
        bus.answer = to => {
            if (to.mode !== protocol.Mode.Ask) return
            bus.report(to, 0, ++asked < 60 ? Running : Final, "")
        }
        const result = execute("ftp test")
        await vi.advanceTimersByTimeAsync(120_000)
        expect(await result).toEqual({ status: 0 })
        expect(bus.executes.filter(each => each.mode === protocol.Mode.Run)).toHaveLength(1)
    })

    it("resends a line that the board reports as missing", async () => {
        const { bus, execute, text } = setUp()
        let lost = true
        bus.answer = to => {
            if (to.mode === protocol.Mode.Ask) bus.report(to, 0, Missing, "")
            else if (lost) lost = false
            else bus.report(to, 0, Final, "done")
        }
        const result = execute("x")
        await vi.advanceTimersByTimeAsync(2_000)
        await result
        expect(text()).toBe("done")
    })

    it("does not resend it to a board that was reset in the meantime", async () => {
        const { bus, execute } = setUp()
        bus.answer = to => {
            if (to.mode === protocol.Mode.Ask) bus.report(to, 0, Missing | Final, "")
        }
        const result = expect(execute("card format yes")).rejects.toThrow("the board was reset")
        await vi.advanceTimersByTimeAsync(2_000)
        await result
        expect(bus.executes.filter(each => each.mode === protocol.Mode.Run)).toHaveLength(1)
    })

    it("gives up on a silent board, and on a missing one", async () => {
        const { bus, execute } = setUp()
        const silent = expect(execute("x")).rejects.toThrow("has not answered for")
        await vi.advanceTimersByTimeAsync(20_000)
        await silent
        bus.present = false
        const absent = expect(execute("x")).rejects.toThrow("the board has no console")
        await vi.advanceTimersByTimeAsync(20_000)
        await absent
    })

    it("refuses a long line with a message, and sends the board one to refuse", async () => {
        const { bus, execute, text } = setUp()
        bus.answer = to => bus.report(to, 0, Final | Refused, "error: control characters\n")
        expect(await execute("x".repeat(10_000))).toEqual({ status: 1 })
        expect(text()).toBe("error: the line has 10000 bytes; the board takes at most 231\n")
        expect(bus.executes.map(one => one.line)).toEqual(["\0"])
        bus.answer = to => bus.report(to, 0, Final, "")
        await execute("x".repeat(231))
        expect(bus.executes[1].line).toHaveLength(231)
    })

    it("sends raw bytes unchanged", async () => {
        const { bus, execute } = setUp()
        bus.answer = to => bus.report(to, 0, Final | Refused, "")
        await execute(new Uint8Array([0xff, 0x00]))
        expect(bus.executes[0].line).toBe("\ufffd\0")
    })

    it("runs lines one after the other, and continues after a failed one", async () => {
        const { bus, execute, text } = setUp()
        bus.answer = to => {
            if (to.line === "a" || to.line === "b")
                setTimeout(() => bus.report(to, 0, Final, to.line), 100)
        }
        const results = [execute("a"), execute("silent"), execute("b")]
        results[1].catch(() => undefined)
        await vi.advanceTimersByTimeAsync(30_000)
        await expect(results[1]).rejects.toThrow()
        await results[2]
        expect(text()).toBe("ab")
    })

    it("cancels only while a line runs, and ends the wait when closed", async () => {
        const { bus, client, execute } = setUp()
        await client.cancel()
        expect(bus.cancels).toEqual([])
        const result = expect(execute("describe")).rejects.toThrow("closed")
        await vi.advanceTimersByTimeAsync(1)
        await client.cancel()
        expect(bus.cancels).toEqual([77])
        await client.close()
        await result
        expect(bus.listenerCount("packetProcess")).toBe(0)
    })
})

describe("packets", () => {
    it("have the layout of services/console.md", () => {
        const line = new TextEncoder().encode("hi")
        expect([...protocol.packExecute(0x1234, 0x5678, protocol.Mode.Ask, line)]).toEqual([
            0x34, 0x12, 0x78, 0x56, 1, 0x68, 0x69,
        ])
        expect([...protocol.packCancel(0x1234)]).toEqual([0x34, 0x12])
        const packet = new Uint8Array([0x34, 0x12, 0x78, 0x56, 0xbc, 0x9a, 3, 0x68])
        expect(protocol.parseReport(packet)).toEqual({
            session: 0x1234,
            request: 0x5678,
            sequence: 0x9abc,
            flags: 3,
            text: new Uint8Array([0x68]),
        })
        expect(protocol.parseReport(packet.slice(0, 6))).toBeUndefined()
    })
})

it("runs the terminal's lines until exit, and shows failures", async () => {
    vi.useRealTimers()
    const lines: string[] = []
    const input = new PassThrough()
    const output = new PassThrough()
    input.end("status\n\nshow ftp\nbroken\nexit\nnever\n")
    await runTerminal(input, output, {
        execute: async line => {
            lines.push(line)
            if (line === "broken") throw new ConsoleError("the cable is out")
            output.write("ok\n")
        },
        cancel: async () => {},
    })
    expect(lines).toEqual(["status", "show ftp", "broken"])
    const shown = String(output.read())
    expect(shown).toContain("ok\n")
    expect(shown).toContain("the cable is out\n")
})
