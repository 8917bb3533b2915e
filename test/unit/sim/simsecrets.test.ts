import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { parseScript } from "../../../sim/events"
import { LinePrinter } from "../../../sim/lineprinter"
import { runScript } from "../../../sim/script"
import type { Simulation } from "../../../sim/simulation"
import { StateFolder } from "../../../sim/state"

let folder: string

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bms-secrets-"))
})
afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
})

const transcript = () => readFileSync(join(folder, "console.log"), "utf8")
const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777

/** A printer on a terminal or a pipe, with its output. */
function printer(isTTY: boolean): { printer: LinePrinter; shown: () => string } {
    const output = Object.assign(new PassThrough(), { isTTY })
    let shown = ""
    output.on("data", text => (shown += text))
    return { printer: new LinePrinter(output, new StateFolder(folder)), shown: () => shown }
}

describe("passwords in an --exec file", () => {
    test.each([
        "set ftp.password hunter2",
        "set wifi.password hunter2",
        "passwd hunter2",
        "login hunter2",
        'set "ftp.password" "hunter2 "',
        "set ftp.pasword hunter2",
        "set ftp.passwort hunter2",
        "set wifi.psk hunter2",
        "-login hunter2 hunter2",
    ])("%s is run unchanged, and neither shown nor kept", async line => {
        const { printer: to, shown } = printer(false)
        const run: string[] = []
        const simulation = {
            board: { resets: 0 },
            execute: async (bytes: Uint8Array) => {
                run.push(Buffer.from(bytes).toString())
                return 0
            },
        } as unknown as Simulation
        await runScript(parseScript(Buffer.from(line + "\nstatus\n")), simulation, to)
        expect(run).toEqual([line.replace(/^-/, ""), "status"])
        expect(shown()).toContain("> status\n")
        for (const text of [shown(), transcript()]) expect(text).not.toContain("hunter2")
    })
})

test("a refused import runs none of its block", async () => {
    const { printer: to, shown } = printer(false)
    const run: string[] = []
    const simulation = {
        board: { resets: 0 },
        execute: async (bytes: Uint8Array) => {
            const line = Buffer.from(bytes).toString()
            run.push(line)
            return line === "import" ? 1 : 0
        },
    } as unknown as Simulation
    const lines = "import\nset sd.period 7\nend\nstatus\n"
    expect(await runScript(parseScript(Buffer.from(lines)), simulation, to)).toBe(1)
    expect(run).toEqual(["import", "status"])
    expect(shown()).toContain("refused, so its whole block is skipped\n")
})

describe("the state folder", () => {
    test("lets only its owner read files that may hold passwords", () => {
        const state = new StateFolder(folder)
        state.saveFlash(new Uint8Array(8))
        state.saveWifi({ ssid: "shed", psk: "geheim-12" })
        state.record("a line\n")
        for (const name of ["flash.bin", "wifi.json", "console.log"])
            expect(modeOf(name), name).toBe(0o600)
    })

    test("closes the transcript of an older version to others", () => {
        writeFileSync(join(folder, "console.log"), "old\n")
        chmodSync(join(folder, "console.log"), 0o644)
        new StateFolder(folder).record("new\n")
        expect(modeOf("console.log")).toBe(0o600)
        expect(transcript()).toBe("old\nnew\n")
    })
})

describe("text from a server, a card or a file", () => {
    const wild = "550 \x1b]0;title\x07\x1b[2Jgone\rback\n"

    test("reaches neither a terminal nor the transcript with control characters", () => {
        const { printer: to, shown } = printer(true)
        to.text(wild)
        to.line("\x1b[31mred")
        for (const text of [shown(), transcript()]) {
            expect(text).toContain("gone")
            expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/)
        }
    })

    test("reaches a program byte for byte", () => {
        const { printer: to, shown } = printer(false)
        to.text(wild)
        expect(shown()).toBe(wild)
    })
})
