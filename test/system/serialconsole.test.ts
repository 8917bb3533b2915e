import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { JDBus } from "jacdac-ts"
import { LinePrinter } from "../../sim/lineprinter"
import { Simulation } from "../../sim/simulation"
import { StateFolder } from "../../sim/state"
import { firmware, projectFolder, readManifest } from "../../tools/firmware"
import { fakeBoardBus, SerialBoard } from "../support/serialboard"
import { hasTool } from "../support/tools"

const runMsMax = 18_000

interface Ended {
    status: number | null
    output: string
    errors: string
}

/** `npm run console` with these arguments, and with these lines on its standard input. */
class ConsoleRun {
    output = ""
    errors = ""
    readonly ended: Promise<Ended>
    private readonly child

    constructor(args: string[], input?: string) {
        this.child = spawn(process.execPath, ["--import", "tsx", "console/cli.ts", ...args], {
            cwd: projectFolder,
            timeout: runMsMax,
        })
        this.child.stdout.setEncoding("utf8").on("data", text => (this.output += text))
        this.child.stderr.setEncoding("utf8").on("data", text => (this.errors += text))
        if (input !== undefined) this.child.stdin.end(input)
        this.ended = once(this.child, "close").then(([status]) => {
            return { status, output: this.output, errors: this.errors }
        })
    }

    type(line: string): void {
        this.child.stdin.write(line + "\n")
    }

    /** Returns when the condition holds; throws when it does not within 10 s. */
    async until(condition: () => boolean): Promise<void> {
        for (const endMs = Date.now() + 10_000; !condition(); await sleep(20))
            if (Date.now() > endMs)
                throw new Error(`it did not come; so far: ${this.output}${this.errors}`)
    }
}

const run = (args: string[], input?: string): Promise<Ended> => new ConsoleRun(args, input).ended

let folder: string
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "serialconsole-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe("the serial console without a board", () => {
    it("lists the ports and says how to open one", async () => {
        const { status, output } = await run([])
        expect(status).toBe(0)
        expect(output).toContain("npm run console -- PORT")
    })

    it("says that a port is missing", async () => {
        const { status, errors } = await run([join(folder, "nothing")])
        expect(status).toBe(1)
        expect(errors).toMatch(/there is no port .*nothing: is the cable plugged in/)
    })

    it("says that a file is no serial port, and leaves it as it is", async () => {
        const path = join(folder, "file")
        writeFileSync(path, "text")
        const { status, errors } = await run([path])
        expect(status).toBe(1)
        expect(errors).toContain("cannot be opened as a serial port")
    })

    it("refuses lines from a file without a port", async () => {
        const { status, errors } = await run(["--exec", "lines.txt"])
        expect(status).toBe(1)
        expect(errors).toContain("--exec needs the port too")
    })
})

describe.skipIf(!hasTool("socat"))("the serial console and a board", () => {
    let bus: JDBus
    let board: SerialBoard

    /** What each line does: `noise` and `log` come on the line in front of the answer's frame. */
    function answer(line: string): { text: string; refused?: boolean } {
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
        expect(status).toBe(1)
        expect(errors).toMatch(/no board answers on .*port within 5 s/)
    })

    it("says that the port is busy while another console has it", async () => {
        const first = new ConsoleRun([board.path])
        first.type("one")
        await first.until(() => first.output === "did one\n")
        const second = await run([board.path], "two\n")
        expect(second.status).toBe(1)
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
        expect(status).toBe(1)
        expect(errors).toMatch(/the connection over .*port has ended: the cable was unplugged/)
    })
})

describe.skipIf(!hasTool("socat"))("the serial console and the simulated board", () => {
    let imagePath: string
    beforeAll(async () => {
        imagePath = (await firmware(readManifest().entries.simulator)).imagePath
    })

    it("speaks to the firmware, and shows its log", async () => {
        const log = new PassThrough()
        const state = new StateFolder(folder)
        const printer = new LinePrinter(log, state)
        const simulation = new Simulation(
            { state: folder, speed: 1 },
            state,
            imagePath,
            undefined,
            printer,
        )
        const board = await SerialBoard.plug(join(folder, "port"), simulation.board.hub.bus)
        log.on("data", bytes => board.write(bytes))
        try {
            await simulation.start()
            const console = new ConsoleRun([board.path])
            console.type("help")
            console.type("no-such-command")
            await console.until(() => console.errors.includes("line 2: refused"))
            expect(console.output).toMatch(/^help/m)
            expect(console.output).toMatch(/^error: .*no-such-command/m)
            // The firmware logs its start; the board's serial port is silent until it is asked anew.
            board.reset()
            simulation.powerCut()
            await console.until(() => /^\[ *\d+\.\d{3}\] \S/m.test(console.errors))
            console.type("exit")
            expect((await console.ended).status).toBe(1)
        } finally {
            await board.unplug()
            await simulation.end()
        }
    })
})
