import { expect, test } from "vitest"
import { applyDemoSettings, Demo } from "../../sim/demo"
import { LinePrinter } from "../../sim/lineprinter"
import { StateFolder } from "../../sim/state"
import { firmware, readManifest } from "../../tools/firmware"
import { SimulatedBoard } from "../support/simulatedboard"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"

test("the demo changes values, and an alarm comes and goes, in the first minute", async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    const board = new SimulatedBoard(imagePath)
    const folder = mkdtempSync(join(tmpdir(), "demo-"))
    const printed = new PassThrough()
    let text = ""
    printed.on("data", piece => (text += String(piece)))
    const printer = new LinePrinter(printed, new StateFolder(folder))
    const { simulation } = board
    try {
        await simulation.start()
        await applyDemoSettings(simulation, printer)
        await new Demo(simulation, printer).play()
        await board.sleep(60_000 - simulation.clock.nowMs())
        const alarm = board.log.filter(one => one.text.includes("CELL_IMBALANCE"))
        expect(alarm.map(one => /appeared|disappeared/.exec(one.text)![0])).toEqual([
            "appeared",
            "disappeared",
        ])
        expect(alarm[0].text).toContain("cells 7 and ")
        const powers = board.log.flatMap(
            ({ text }) => /records: .*: (\S+) V, (\S+) A/.exec(text) ?? [],
        )
        expect(new Set(powers).size).toBeGreaterThan(6)
        const status = await board.run("status")
        expect(status).toMatch(/^records +\d+ main, [1-9]\d* cell since the start/m)
        expect(status).toMatch(/^alarms +none$/m)
        // The flash was empty at the start and no longer is.
        expect(status).not.toMatch(/^backup/m)
        expect(text).toContain("[demo: !cell 7 2.93: ")
    } finally {
        await board.end()
        rmSync(folder, { recursive: true })
    }
})

test("a demo that was stopped plays nothing", async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    const board = new SimulatedBoard(imagePath)
    const folder = mkdtempSync(join(tmpdir(), "demo-"))
    try {
        await board.simulation.start()
        const printed = new PassThrough()
        let text = ""
        printed.on("data", piece => (text += String(piece)))
        const printer = new LinePrinter(printed, new StateFolder(folder))
        const demo = new Demo(board.simulation, printer)
        demo.stop()
        await demo.play()
        expect(text).toBe("")
    } finally {
        await board.end()
        rmSync(folder, { recursive: true })
    }
})
