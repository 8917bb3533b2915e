import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterEach, beforeEach, expect, test } from "vitest"
import { LinePrinter } from "../../../sim/lineprinter"
import { StateFolder } from "../../../sim/state"

let folder: string
let shown: string
let printer: LinePrinter

beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bms-printer-"))
    shown = ""
    const output = new PassThrough()
    output.on("data", text => (shown += text))
    printer = new LinePrinter(output, new StateFolder(folder))
})
afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
})

const transcript = () => readFileSync(join(folder, "console.log"), "utf8")

test("a log line waits for the end of the line being printed", () => {
    printer.log("first")
    printer.text("set battery.cell_unde")
    printer.log("second")
    printer.log("quiet", false)
    printer.log("third")
    printer.text("rvoltage 3600\nset batt")
    printer.text("ery.delay 2\n")
    printer.log("fourth")
    const lines = ["first", "set battery.cell_undervoltage 3600", "second", "third"]
    expect(shown).toBe([...lines, "set battery.delay 2", "fourth", ""].join("\n"))
    expect(transcript()).toBe(shown.replace("third", "quiet\nthird"))
})

test("other lines are printed at once, after the earlier log", () => {
    printer.text("a half")
    printer.log("logged")
    printer.line("said")
    printer.text("line\n")
    expect(shown).toBe("a half\nlogged\nsaid\nline\n")
})

test("an unfinished line does not hold back the log for ever", () => {
    printer.text("endless ")
    for (let i = 0; i < 150; ++i) printer.log(`line ${i}`)
    expect(shown).toContain("endless \nline 0\nline 1\n")
    expect(shown.split("\n")).toHaveLength(152)
})

test("the prompt is removed during output", () => {
    const seen: string[] = []
    const note = (what: string) => () => void seen.push(`${what} ${JSON.stringify(shown)}`)
    printer.usePrompt({ clear: note("clear"), restore: note("restore") })
    printer.log("logged")
    expect(seen).toEqual(['clear ""', 'restore "logged\\n"'])
})
