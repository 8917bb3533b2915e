import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { JDBus } from "jacdac-ts"
import { ConsoleRun, runConsole } from "../support/consolerun"
import { fakeBoardBus, SerialBoard } from "../support/serialboard"
import { noise, onTheLine, packetFrame, sealedFrame } from "../support/serialnoise"
import { hasTool } from "../support/tools"

const run = runConsole
const executeReport = 0x80

/** Damages, cuts, duplicates and swaps the reports that a board sends to the terminal. */
class LineFaults {
    /** Reports that arrived only damaged. */
    lost = 0
    private made = 0
    private readonly random = noise(100_000, 5)
    private drawn = 0
    private before: Uint8Array | undefined

    constructor(board: SerialBoard) {
        const send = board.send.bind(board)
        board.send = frame => {
            if (isConsoleReport(frame)) for (const piece of this.faulty(frame)) board.write(piece)
            else send(frame)
        }
    }

    /** What the line carries for a report. */
    private faulty(frame: Uint8Array): Uint8Array[] {
        const whole = onTheLine(frame)
        const before = this.before ?? whole
        this.before = whole
        const [first, last] = this.inParts(frame).map(onTheLine)
        if (Buffer.from(frame).includes("did torn")) return [last, first]
        const made = this.made++
        if (made % 100 === 50) {
            this.lost++
            return [made % 200 === 50 ? this.flipped(whole) : this.cut(whole)]
        }
        switch (made % 7) {
            case 0:
                return [this.cut(whole), whole]
            case 1:
                return [this.flipped(whole), whole, this.flipped(whole)]
            case 2:
                return [whole, whole]
            case 3:
                return [before, whole]
            case 4:
                return [whole, before]
            case 5:
                return [first, first, last, last]
            default:
                return [first, this.flipped(last), this.cut(first), last]
        }
    }

    private cut(bytes: Uint8Array): Uint8Array {
        return bytes.slice(0, this.draw(bytes.length))
    }

    private flipped(bytes: Uint8Array): Uint8Array {
        const copy = Uint8Array.from(bytes)
        copy[this.draw(copy.length)] ^= 1 << this.draw(8)
        return copy
    }

    private draw(below: number): number {
        const [low, high] = this.random.subarray(this.drawn, (this.drawn += 2))
        return (low + 256 * high) % below
    }

    /** The report as two packets, as a board may send it. The first text is "did ". */
    private inParts(frame: Uint8Array): Uint8Array[] {
        const deviceId = Buffer.from(frame.subarray(4, 12)).toString("hex")
        const payload = frame.slice(16, 16 + frame[12])
        const options = { serviceIndex: frame[13], command: executeReport, isCommand: false }
        const part = (sequence: number, flags: number, text: Uint8Array) => {
            const head = [...payload.subarray(0, 4), sequence, 0, flags]
            return packetFrame(deviceId, options, Uint8Array.of(...head, ...text))
        }
        const text = payload.subarray(7)
        return [part(0, 0, text.subarray(0, 4)), part(1, payload[6], text.subarray(4))]
    }
}

function isConsoleReport(frame: Uint8Array): boolean {
    const isReport = (frame[3] & 1) === 0
    return isReport && frame[13] !== 0 && frame[14] === executeReport && frame[15] === 0
}

let folder: string
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "serialconsole-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!hasTool("socat"))("the serial console and a board", () => {
    let bus: JDBus
    let board: SerialBoard
    const seen: string[] = []

    /** The answer to each line. `noise` and `log` write to the line before the answer's frame. */
    function answer(line: string): { text: string; refused?: boolean } {
        seen.push(line)
        if (line === "noise") {
            board.write(
                Uint8Array.of(0xfe, 0xfc, 1, 2, 3, 0xfe, 0xfe, 0x80, 0, 0xff, 0xfe, 0xfd, 10),
            )
            // A frame with a wrong checksum, one without an end, and the start of a mark.
            board.write(Uint8Array.of(0xfe, 0xfc, ...new Array(16).fill(0), 0xfe, 0xfd))
            board.write(Uint8Array.of(0xfe, 0xfc, 0x55, 0x55, 0xfe))
        }
        if (line.startsWith("log ")) board.write(line.slice(4).replaceAll("|", "\n"))
        if (line === "import") return { text: "error: log in first\n", refused: true }
        if (line === "card cat a.csv")
            return { text: "a\r\nerror: none\n# 15 of 34 bytes\n# 5 of 9 bytes\nb\n" }
        if (line === "card tail none.csv")
            return { text: "error: there is no NONE.CSV\n", refused: true }
        if (line === "bad") return { text: "error: no such command\n", refused: true }
        return { text: `did ${line}\n` }
    }

    beforeEach(async () => {
        seen.length = 0
        bus = fakeBoardBus(answer)
        board = await SerialBoard.plug(join(folder, "port"), bus)
    })
    afterEach(async () => {
        await board.unplug()
        await bus.stop()
    })

    it("runs the lines of its standard input in order", async () => {
        const ended = await run([board.path], "one\n\ntwo þ\r\nexit\nnever\n")
        expect(ended).toEqual({ status: 0, output: "did one\ndid two þ\n", errors: "" })
    })

    it("runs the lines of a file and ends with status 1 when one is refused", async () => {
        const path = join(folder, "lines.txt")
        writeFileSync(path, "one\nbad\nthree")
        const { status, output, errors } = await run([board.path, "--exec", path])
        expect(status).toBe(1)
        expect(output).toBe("did one\nerror: no such command\ndid three\n")
        expect(errors).toBe(`${path}, line 2: refused\n`)
    })

    it("shows the board's log with --log, separate from the lines' output", async () => {
        const ended = await run(
            [board.path, "--log"],
            "log first|\x1b[0;32mgreen\x1b[0m|rest\nlog  of it|\n",
        )
        expect(ended.output).toBe("did log first|\x1b[0;32mgreen\x1b[0m|rest\ndid log  of it|\n")
        expect(ended.errors).toBe("first\ngreen\nrest of it\n")
        expect(ended.status).toBe(0)
    })

    it("shows a script only warnings and panics", async () => {
        const said = "usb: packets 1|> records: 1 main|* start: x|! trouble|PANIC 60004|"
        const { errors } = await run([board.path], `log ${said}\n`)
        expect(errors).toBe("! trouble\nPANIC 60004\n")
    })

    it("skips a file's byte order mark and the whole block of a refused import", async () => {
        const path = join(folder, "setup.txt")
        writeFileSync(path, "\ufeffone\nimport\nset a\nset b\nend\ntwo\n")
        const { status, output, errors } = await run([board.path, "--exec", path])
        expect(output).toBe("did one\nerror: log in first\ndid two\n")
        expect(errors).toBe(`${path}, line 2: refused, so its whole block is skipped\n`)
        expect(status).toBe(1)
        expect(seen).not.toContain("set a")
    })

    it("prints a file's exact bytes, and its progress on standard error", async () => {
        const { output, errors } = await run([board.path], "card cat a.csv\ncard tail none.csv\n")
        expect(output).toBe("a\r\nerror: none\n# 5 of 9 bytes\nb\nerror: there is no NONE.CSV\n")
        expect(errors).toBe("# 15 of 34 bytes\nstandard input, line 2: refused\n")
    })

    it("accepts the refusal of a line with a leading minus, and waits at a sleep", async () => {
        const startMs = Date.now()
        const { status, output } = await run([board.path], "-bad\nsleep 500ms\none\n")
        expect(status).toBe(0)
        expect(output).toBe("error: no such command\ndid one\n")
        expect(Date.now() - startMs).toBeGreaterThan(500)
    })

    it("stops at a signal with its own status", async () => {
        const console = new ConsoleRun([board.path])
        console.type("one")
        await console.until(() => console.output === "did one\n")
        console.signal("SIGINT")
        expect((await console.ended).status).toBe(130)
    })

    it("logs in with the password from the environment", async () => {
        const { output } = await run([board.path], "one\n", { BMS_PASSWORD: 'a "b"' })
        expect(output).toBe("did one\n")
        expect(seen[1]).toBe('login "a \\"b\\""')
    })

    it("survives 10 MB of noise on the line", async () => {
        const console = new ConsoleRun([board.path])
        console.type("one")
        await console.until(() => console.output === "did one\n")
        await board.flood(noise(10_000_000))
        console.type("two")
        await console.until(() => console.output === "did one\ndid two\n")
        console.type("exit")
        const { status, errors } = await console.ended
        expect(status).toBe(0)
        expect(errors.length).toBeLessThan(1_000_000)
    })

    it("prints each answer once and in order from damaged, cut, double or swapped frames", async () => {
        const lines = Array.from(
            { length: 300 },
            (_, i) => `${i % 10 === 9 ? "torn" : "line"} ${i}`,
        )
        const faults = new LineFaults(board)
        const { status, output } = await run([board.path], lines.join("\n") + "\n")
        const expected = lines.map(line =>
            line.startsWith("torn") ? `\n[some output was lost]\n${line}\n` : `did ${line}\n`,
        )
        expect(output).toBe(expected.join(""))
        expect(status).toBe(0)
        // Asked again after a lost answer, the board did not run the line again.
        expect(seen.filter(line => lines.includes(line))).toEqual(lines)
        expect(faults.lost).toBe(3)
    })

    it("survives frames with any content", async () => {
        const console = new ConsoleRun([board.path])
        console.type("one")
        await console.until(() => console.output === "did one\n")
        const random = noise(400_000)
        for (let i = 0; i < 2_000; i++) {
            const payload = random.slice(i * 200, i * 200 + 4 + (random[i] % 196))
            board.send(sealedFrame(payload, i % 2 === 0 ? board.deviceId() : undefined))
            if (i % 5 === 0) board.write(random.slice(i * 7, i * 7 + 30))
        }
        console.type("two")
        await console.until(() => console.output.endsWith("did two\n"))
        console.type("exit")
        expect((await console.ended).status).toBe(0)
    })

    it("survives noise between answers", async () => {
        const { status, output } = await run([board.path], "one\nnoise\nlog after|\ntwo\n")
        expect(output).toBe("did one\ndid noise\ndid log after|\ndid two\n")
        expect(status).toBe(0)
    })

    it("asks a board for its frames again after a reset", async () => {
        const console = new ConsoleRun([board.path])
        console.type("one")
        await console.until(() => console.output === "did one\n")
        board.reset()
        console.type("two")
        await console.until(() => console.output === "did one\ndid two\n")
        console.type("exit")
        expect((await console.ended).status).toBe(0)
    })

    it("says after 5 s that no board answers", async () => {
        board.powered = false
        const { status, errors } = await run([board.path], "one\n")
        expect(status).toBe(3)
        expect(errors).toMatch(/no board answers on .*port within 5 s/)
    })

    it("says that the port is busy while another console uses it", async () => {
        const first = new ConsoleRun([board.path])
        first.type("one")
        await first.until(() => first.output === "did one\n")
        const second = await run([board.path], "two\n")
        expect(second.status).toBe(3)
        expect(second.errors).toContain("is busy")
        first.type("exit")
        expect((await first.ended).status).toBe(0)
    })

    it("says that the cable was unplugged", async () => {
        const console = new ConsoleRun([board.path])
        console.type("one")
        await console.until(() => console.output === "did one\n")
        await board.unplug()
        const { status, errors } = await console.ended
        expect(status).toBe(3)
        expect(errors).toMatch(/the connection over .*port has ended: the cable was unplugged/)
    })
})
