import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { JDBus } from "jacdac-ts"
import { ConsoleRun, runConsole } from "../support/consolerun"
import { fakeBoardBus, SerialBoard } from "../support/serialboard"
import { noise, sealedFrame } from "../support/serialnoise"
import { hasTool } from "../support/tools"

const run = runConsole

let folder: string
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "serialconsole-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!hasTool("socat"))("the serial console and a board", () => {
    let bus: JDBus
    let board: SerialBoard
    const seen: string[] = []

    /** What each line does: `noise` and `log` come on the line in front of the answer's frame. */
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

    it("runs the lines of its standard input, in order", async () => {
        const ended = await run([board.path], "one\n\ntwo þ\r\nexit\nnever\n")
        expect(ended).toEqual({ status: 0, output: "did one\ndid two þ\n", errors: "" })
    })

    it("runs the lines of a file, and ends with status 1 when one is refused", async () => {
        const path = join(folder, "lines.txt")
        writeFileSync(path, "one\nbad\nthree")
        const { status, output, errors } = await run([board.path, "--exec", path])
        expect(status).toBe(1)
        expect(output).toBe("did one\nerror: no such command\ndid three\n")
        expect(errors).toBe(`${path}, line 2: refused\n`)
    })

    it("shows the board's log, apart from what the lines print", async () => {
        const ended = await run(
            [board.path],
            "log first|\x1b[0;32mgreen\x1b[0m|rest\nlog  of it|\n",
        )
        expect(ended.output).toBe("did log first|\x1b[0;32mgreen\x1b[0m|rest\ndid log  of it|\n")
        expect(ended.errors).toBe("first\ngreen\nrest of it\n")
        expect(ended.status).toBe(0)
    })

    it("lets a line with a minus in front be refused, and waits where it is told to", async () => {
        const startMs = Date.now()
        const { status, output } = await run([board.path], "-bad\nsleep 500ms\none\n")
        expect(status).toBe(0)
        expect(output).toBe("error: no such command\ndid one\n")
        expect(Date.now() - startMs).toBeGreaterThan(500)
    })

    it("stops at a signal, with a status of its own", async () => {
        const console = new ConsoleRun([board.path])
        console.type("one")
        await console.until(() => console.output === "did one\n")
        console.signal("SIGINT")
        expect((await console.ended).status).toBe(130)
    })

    it("logs in with the password of the environment", async () => {
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

    it("survives damaged, doubled and swapped frames, and frames with anything in them", async () => {
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

    it("survives noise on the line", async () => {
        const { status, output } = await run([board.path], "one\nnoise\nlog after|\ntwo\n")
        expect(output).toBe("did one\ndid noise\ndid log after|\ndid two\n")
        expect(status).toBe(0)
    })

    it("asks a board that was reset for its frames again", async () => {
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

    it("says that the port is busy while another console has it", async () => {
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
