import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { type FleetFile, fleetOf, readFleetFile } from "../../page/days/fleet"
import { fleetReport } from "../../page/days/report"

const header =
    "time,utc_offset,serial,voltage_V,current_A,soc_pct,cell_min_V,cell_max_V,cell_min_no," +
    "cell_max_no,temp_min_C,temp_max_C,errors_hex"

/** A main log of some minutes. */
function log(
    serial: string,
    day: string,
    given: { volts?: number; from?: number; count?: number; flags?: string; skip?: number } = {},
): Uint8Array {
    const { volts = 50, from = 0, count = 10, flags = "0x00000000", skip } = given
    const lines = Array.from({ length: count }, (_, i) => from + i)
        .filter(minute => skip === undefined || minute < skip || minute > skip + 5)
        .map(minute => {
            const time = `${day} 10:${String(minute).padStart(2, "0")}:00`
            const measured = `${(volts + minute / 1000).toFixed(3)},1.000,${60 + minute}.0,3.300,3.340,1,2,20.0,21.0`
            return `${time},+01:00,${serial},${measured},${flags}`
        })
    return new TextEncoder().encode([header, ...lines].map(one => one + "\r\n").join(""))
}

const read = (files: Record<string, Uint8Array>): FleetFile[] =>
    Object.entries(files).flatMap(
        ([path, bytes]) => readFleetFile(path, bytes) ?? ([] as FleetFile[]),
    )

test("a folder of many boards gives one row per board, the longest silent first", () => {
    const boards = fleetOf(
        read({
            "ftp/A-LOG-20261121.CSV": log("A", "2026-11-21"),
            "ftp/A-LOG-20261122.CSV": log("A", "2026-11-22", { count: 40, skip: 20 }),
            "ftp/B-LOG-20261120.CSV": log("B", "2026-11-20", { flags: "0x00010001" }),
            "ftp/notes.csv": new TextEncoder().encode("a,b\n1,2\n"),
            "ftp/C-LOG-20261122.CSV": new TextEncoder().encode(header + "\r\n"),
        }),
    )
    expect(boards.map(one => one.serial)).toEqual(["B", "A"])
    expect(boards[0]).toMatchObject({ flags: 0x10001, days: 1, gaps: 0, chargePercent: 69 })
    expect(boards[1]).toMatchObject({
        days: 2,
        gaps: 1,
        flags: 0,
        twin: false,
        chargePercent: 99,
        lastPath: "ftp/A-LOG-20261122.CSV",
        lastSeconds: Date.parse("2026-11-22T10:39:00+01:00") / 1000,
        offsetMinutes: 60,
    })
    expect(boards[1].spread).toBeCloseTo(0.04, 9)
})

test("two boards with one name are found by contradictory records", () => {
    const [twins] = fleetOf(
        read({
            "A-LOG-20261122.CSV": log("A", "2026-11-22", { volts: 50 }),
            "A-LOG-20261122-2.CSV": log("A", "2026-11-22", { volts: 48, from: 3 }),
        }),
    )
    expect(twins.twin).toBe(true)
})

test("a day that was sent twice or continues in another file is no second board", () => {
    const sentTwice = read({
        "A-LOG-20261122.CSV": log("A", "2026-11-22", { count: 8 }),
        "A-LOG-20261122-2.CSV": log("A", "2026-11-22", { count: 12 }),
    })
    const goesOn = read({
        "A-LOG-20261122.CSV": log("A", "2026-11-22", { count: 10 }),
        "A-LOG-20261122-2.CSV": log("A", "2026-11-22", { from: 10 }),
    })
    expect(fleetOf(sentTwice)[0].twin).toBe(false)
    expect(fleetOf(goesOn)[0].twin).toBe(false)
})

test("the report is one document that loads nothing, whatever the board's name", () => {
    const boards = fleetOf(
        read({
            "<img src=x>/A-LOG-20261122.CSV": log("A", "2026-11-22", { flags: "0x00010000" }),
        }),
    )
    const [board] = boards
    const at = Date.parse("2026-11-24T10:09:00+01:00") / 1000
    const report = fleetReport([{ ...board, serial: '<script>alert("1")</script>' }], at)
    expect(report).not.toMatch(/<script|<img|src=x>\//)
    expect(report).toContain("&#60;script&#62;")
    expect(report).toMatch(/2026-11-22 10:09:00.*(2 d|48 h)/)
    expect(report).toContain('<td class="bad">SD_CARD</td>')
    expect(report).toContain("default-src 'none'")
})

test("npm run report writes the report of a folder", () => {
    const folder = mkdtempSync(join(tmpdir(), "fleet-"))
    try {
        writeFileSync(join(folder, "A-LOG-20261122.CSV"), log("A", "2026-11-22"))
        writeFileSync(join(folder, "notes.csv"), "a,b")
        const out = join(folder, "out.html")
        const tsx = ["node_modules/tsx/dist/cli.mjs", "page/reportcli.ts", folder, "--out", out]
        const said = execFileSync(process.execPath, tsx, { encoding: "utf8" })
        expect(said).toContain("1 board, 1 file")
        expect(readFileSync(out, "utf8")).toContain('<th scope="row">A</th>')
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
})
