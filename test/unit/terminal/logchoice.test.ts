import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { expect, test } from "vitest"
import { LogChoice } from "../../../console/logchoice"
import { LinePrinter } from "../../../sim/lineprinter"
import { StateFolder } from "../../../sim/state"

const lines = {
    calm: [
        "> records: 1 main, 0 cell: 52.900 V",
        "ftp: logged in",
        "* start: bms-mini",
        "> start: console",
    ],
    trouble: [
        "! low on memory",
        "PANIC 60004",
        "> fault: x",
        "ftp: failed: no answer",
        "> journal: record 3",
    ],
}

test("log off, errors and on select the shown lines", () => {
    const log = new LogChoice()
    const shown = () => [...lines.calm, ...lines.trouble].filter(line => log.shows(line))
    expect(shown()).toHaveLength(9)
    expect(log.obey(" log  errors ")).toBe("log errors")
    expect(shown()).toEqual(lines.trouble)
    expect(log.obey("log off")).toBe("log off")
    expect(shown()).toEqual([])
    expect(log.obey("log")).toBe("log off")
    expect(log.obey("log on")).toBe("log on")
    expect(shown()).toHaveLength(9)
})

test("unknown log lines are refused without effect; other lines go to the board", () => {
    const log = new LogChoice()
    log.obey("log off")
    for (const line of ["log quiet", "log on please"])
        expect(log.obey(line)).toMatch(/^error: log off, log errors/)
    expect(log.shows("! x")).toBe(false)
    for (const line of ["login x", "logout", "status", ""]) expect(log.obey(line)).toBeUndefined()
})

test("the simulator's transcript includes lines hidden from its terminal", () => {
    const folder = mkdtempSync(join(tmpdir(), "logchoice-"))
    const output = new PassThrough()
    let shown = ""
    output.on("data", text => (shown += text))
    const printer = new LinePrinter(output, new StateFolder(folder))
    const log = new LogChoice()
    printer.shows = line => log.shows(line)
    log.obey("log errors")
    printer.log("[   29.356] records: 1 main")
    printer.log("[   30.001] ftp: failed: no answer")
    expect(shown).toBe("[   30.001] ftp: failed: no answer\n")
    expect(readFileSync(join(folder, "console.log"), "utf8")).toContain("records: 1 main")
    rmSync(folder, { recursive: true, force: true })
})
