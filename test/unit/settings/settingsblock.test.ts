import { describe, expect, it } from "vitest"
import { Key } from "../../../src/settings/keys"
import { keyCount, Row } from "../../../src/settings/schema"
import { ConsoleBench } from "../../support/consoleparts"
import { Random } from "../../support/random"

// Blocks of `export` and `import` with random settings; the titles have the seeds.

const rows = Array.from({ length: keyCount }, (_, key) => new Row(key))
const settable = rows.filter(row => !row.isState && !row.isSecret)

const letters = "ABCXYZabcxyz0189_-"
const printable = ' !"#$%&()*+,./:;<=>?@[\\]^`{|}~' + "'" + letters + "äß€µΩ漢"

function textOf(random: Random, from: string, bytesMin: number, bytesMax: number): string {
    const characters = [...from]
    const wanted = bytesMin + random.below(bytesMax - bytesMin + 1)
    let text = ""
    for (;;) {
        const longer = text + random.pick(characters)
        if (globalThis.Buffer.byteLength(longer) > wanted) break
        text = longer
    }
    return text.padEnd(bytesMin, "x")
}

const host = (random: Random): string => textOf(random, letters + "..", 1, 60)

/** A valid text for the row, as a person might write it. */
function valid(random: Random, row: Row): string {
    switch (row.type) {
        case "flag":
            return random.pick(["on", "off", "ON", "Off", "yes", "no", "true", "false", "0", "1"])
        case "enum":
            return random.pick(row.unit.split(","))
        case "days": {
            const bits = random.below(128)
            const hex = "0x" + bits.toString(16).padStart(2, "0")
            const names = ["Mon", "tue", "WED", "Thu", "Fri", "Sat", "Sun"]
            const chosen = names.filter((_, day) => (bits >> day) & 1)
            return random.pick([hex, chosen.join(",") || "none", "all", "none"])
        }
        case "time":
            return random.below(24) + ":" + String(random.below(60)).padStart(2, "0")
        case "name":
            return textOf(random, letters, row.min, row.max)
        case "host":
            return random.chance(0.1) ? "" : host(random)
        case "folder":
            return random.pick(["", "logs", "My Logs/" + textOf(random, letters, 1, 20)])
        case "host:port":
            return random.chance(0.1) ? "" : host(random) + ":" + (1 + random.below(65535))
        case "host[:port]":
            return random.pick(["", host(random), host(random) + ":" + (1 + random.below(65535))])
        case "zone":
            return random.pick([
                "UTC0",
                "CET-1CEST,M3.5.0,M10.5.0/3",
                "+05:45",
                "-11:00",
                "EST5EDT,M3.2.0,M11.1.0",
            ])
        case "text":
            return textOf(random, printable, row.min, row.max)
        default:
            return String(row.min + random.below(row.max - row.min + 1))
    }
}

/** Makes limits consistent: the ranges of the specification also allow contradictions. */
function makeRoom(values: Map<string, string>): void {
    const number = (name: string): number => Number(values.get("battery." + name))
    const fits = (high: string, ...others: string[]): boolean =>
        number(high) > others.reduce((sum, name) => sum + number(name), 0)
    const voltages = [
        "cell_overvoltage_hysteresis",
        "cell_undervoltage",
        "cell_undervoltage_hysteresis",
    ]
    if (!fits("cell_overvoltage", ...voltages)) {
        for (const name of voltages)
            values.set("battery." + name, name === voltages[1] ? "1500" : "100")
    }
    const temperatures = ["temperature_hysteresis", "undertemperature", "temperature_hysteresis"]
    if (!fits("overtemperature", ...temperatures)) {
        values.set("battery.undertemperature", "-40")
        values.set("battery.temperature_hysteresis", "0")
    }
    for (const [high, low] of [
        ["overcurrent_charge", "overcurrent_hysteresis"],
        ["overcurrent_discharge", "overcurrent_hysteresis"],
        ["imbalance", "imbalance_hysteresis"],
    ])
        if (!fits(high, low)) values.set("battery." + low, "0")
}

function quoted(text: string): string {
    return '"' + text.replace(/["\\]/g, "\\$&") + '"'
}

function shuffled<T>(random: Random, from: readonly T[]): T[] {
    const rest = [...from]
    const order: T[] = []
    while (rest.length > 0) order.push(...rest.splice(random.below(rest.length), 1))
    return order
}

function randomSettings(random: Random): Map<string, string> {
    const values = new Map(settable.map(row => [row.name, valid(random, row)]))
    makeRoom(values)
    return values
}

function everything(bench: ConsoleBench): unknown[] {
    return rows.map(row => bench.settings.text(row.key))
}

async function typeBlock(bench: ConsoleBench, lines: readonly string[]): Promise<string[]> {
    const refusals: string[] = []
    for (const line of ["import", ...lines]) {
        const text = await bench.run(line)
        if (bench.refused) refusals.push(text)
    }
    return refusals
}

describe("500 random settings, seed 20261122", () => {
    it("go from one board to a fresh one with export and import", async () => {
        const random = new Random(20261122)
        let differing = 0
        for (let i = 0; i < 500; ++i) {
            const from = new ConsoleBench()
            const lines = [...randomSettings(random)].map(
                ([name, text]) => `set ${name} ${quoted(text)}`,
            )
            expect(await typeBlock(from, shuffled(random, lines)), `case ${i}`).toEqual([])
            expect(await from.run("end"), `case ${i}`).toMatch(
                new RegExp(`^ok, ${settable.length} settings;`),
            )
            await from.run("set ftp.password " + quoted("geheim-" + i))
            await from.settings.apply([Key.ResetCount], [i])

            const block = (await from.run("export")).split("\n").slice(0, -1)
            expect(block.join("\n")).not.toContain("geheim")
            const to = new ConsoleBench()
            // As done by a person who also wants the serial number.
            for (const line of block.map(each => each.replace("# set", "set"))) {
                await to.run(line)
                expect(to.refused, `case ${i}: ${line}`).toBe(false)
            }
            const expected = everything(from)
            expected[Key.FtpPassword] = ""
            expected[Key.ResetCount] = 0
            expect(everything(to), `case ${i}`).toEqual(expected)

            const booted = new ConsoleBench()
            for (const [key, value] of to.flash.values) booted.flash.values.set(key, value)
            await booted.settings.load()
            expect(everything(booted), `case ${i}`).toEqual(expected)
            differing += expected.filter((value, key) => value !== to.settings.fallback(key)).length
        }
        expect(differing).toBeGreaterThan(500 * 20)
    })
})

/** A line that every block refuses, and the words that the refusal must have. */
function invalid(random: Random): { line: string; names: string[] } {
    const row = random.pick(settable)
    const state = random.pick(rows.filter(one => one.isState))
    return random.pick([
        { line: `set ${row.name} "a\\r\\nDELE b"`, names: [row.name, "a??DELE b"] },
        { line: `set ${row.name} "a\\x00"`, names: [row.name, "a?"] },
        { line: `set ${row.name} ${"9".repeat(70)}`, names: [row.name, "9".repeat(40)] },
        { line: `set ${row.name}.x 1`, names: [row.name + ".x"] },
        { line: `set ${state.name} 1`, names: [state.name] },
        { line: "set wifi.password short", names: ["wifi.password", "8\u201363"] },
        { line: "set console.password x", names: ["console.password"] },
        { line: `set ${row.name}`, names: ["set <key> <value>"] },
        { line: `set ${row.name} a b`, names: ["set <key> <value>"] },
        { line: "reset now", names: ["set <key> <value>"] },
        { line: `set ${row.name} "open`, names: ["closing"] },
        { line: "set \u0007 1", names: ["control characters"] },
        { line: "set \ufffd 1", names: ["UTF-8"] },
    ])
}

describe("500 random blocks with wrong lines, seed 5", () => {
    it("change nothing, and report every wrong line with its number", async () => {
        const random = new Random(5)
        for (let i = 0; i < 500; ++i) {
            const bench = new ConsoleBench()
            await bench.run("set ftp.port 2121")
            const before = everything(bench)
            const writes = bench.flash.writes
            const good = [...randomSettings(random)].map(
                ([name, text]) => `set ${name} ${quoted(text)}`,
            )
            const bad = Array.from({ length: 1 + random.below(6) }, () => invalid(random))
            const lines = shuffled(random, [
                ...good.map(line => ({ line, names: [] as string[] })),
                ...bad,
            ])
            await bench.run("import")
            const wrong: number[] = []
            for (let at = 0; at < lines.length; ++at) {
                const text = await bench.run(lines[at].line)
                const names = lines[at].names
                expect(bench.refused, `case ${i}: ${lines[at].line}`).toBe(names.length > 0)
                if (names.length === 0) continue
                wrong.push(at + 1)
                expect(text.split("\n")).toHaveLength(2)
                expect(text).toMatch(new RegExp(`^error: line ${at + 1}: `))
                for (const name of names) expect(text, `case ${i}`).toContain(name)
            }
            expect(await bench.run("end")).toBe(
                `error: nothing was changed; wrong lines: ${wrong.join(" ")}\n`,
            )
            expect(everything(bench), `case ${i}`).toEqual(before)
            expect(bench.flash.writes).toBe(writes)
        }
    })
})

describe("a block", () => {
    it("with contradictory limits changes nothing", async () => {
        const bench = new ConsoleBench()
        const before = everything(bench)
        const lines = [
            "set sd.period 5",
            "set battery.cell_undervoltage 3600",
            "set battery.cell_overvoltage 3650",
        ]
        expect(await typeBlock(bench, lines)).toEqual([])
        expect(await bench.run("end")).toBe(
            "error: battery.cell_overvoltage 3650, battery.cell_overvoltage_hysteresis 100, " +
                "battery.cell_undervoltage 3600, battery.cell_undervoltage_hysteresis 200, " +
                "but the first must be above the sum of the others\n",
        )
        expect(everything(bench)).toEqual(before)
        expect(bench.flash.writes).toBe(0)
    })

    it("may have its lines in any order, even lines that contradict the old values", async () => {
        const lines = ["set battery.cell_undervoltage 3700", "set battery.cell_overvoltage 4200"]
        for (const block of [lines, [...lines].reverse()]) {
            const bench = new ConsoleBench()
            expect(await typeBlock(bench, block)).toEqual([])
            expect(await bench.run("end")).toMatch(/^ok, 2 settings;/)
        }
        const bench = new ConsoleBench()
        expect(await bench.run(lines[0])).toContain("but the first must be above")
        expect(await bench.run(lines[1])).toBe("ok\n")
        expect(await bench.run(lines[0])).toBe("ok\n")
    })

    it("ends at 200 lines, not counting comments, and stays small at any length", async () => {
        const bench = new ConsoleBench()
        await bench.run("import")
        for (let i = 1; i <= 200; ++i) await bench.run(`set sd.period ${i}`)
        expect(bench.session.block.values).toHaveLength(1)
        await bench.run("# a comment")
        expect(bench.refused).toBe(false)
        for (let i = 202; i < 5000; ++i)
            expect(await bench.run("set ftp.port 5")).toBe(
                `error: line ${i}: a block has 200 lines at most\n`,
            )
        expect(bench.session.block.wrong.length).toBeLessThan(1000)
    })

    it("that is too long changes nothing", async () => {
        for (const rest of ["set ftp.port 5", "set nonsense 5"]) {
            const bench = new ConsoleBench()
            await bench.run("import")
            for (let i = 1; i <= 200; ++i) await bench.run(`set sd.period ${i}`)
            await bench.run(rest)
            expect(await bench.run("end")).toBe("error: nothing was changed; wrong lines: 201\n")
            expect(bench.flash.writes).toBe(0)
        }
    })

    it("of only wrong lines keeps a bounded list of their numbers", async () => {
        const bench = new ConsoleBench()
        await bench.run("import")
        for (let i = 1; i <= 1000; ++i) await bench.run("nonsense")
        expect(bench.session.block.wrong.length).toBeLessThan(1000)
        expect(await bench.run("end")).toContain("nothing was changed; wrong lines: 1 2 3 4")
        expect(await bench.run("show ftp.port")).toContain("21")
    })
})
