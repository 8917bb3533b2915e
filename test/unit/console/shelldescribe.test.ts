import { readFileSync } from "node:fs"
import { beforeEach, describe, expect, it } from "vitest"
import { alarmName } from "../../../src/core/alarm"
import { commandRow } from "../../../src/console/commandtable"
import { keyCount, Row } from "../../../src/settings/schema"
import { cardWith } from "../../support/cardconsole"
import { ForeignFiles } from "../../support/foreignfiles"
import { MemoryFlash } from "../../support/memoryflash"
import { equippedBoard, type NodeBoard } from "../../support/nodeboard"

// A user interface that knows only docs/reference/console-service.md and the output of describe.

interface SettingLine {
    kind: "setting"
    key: string
    section: string
    name: string
    type: string
    min: number
    max: number
    default: string
    unit: string
    help: string
    value: string
    allowed: string
}

type Line =
    | SettingLine
    | { kind: "bms-mini"; format: number }
    | { kind: "command"; words: string; arguments: string; help: string }
    | { kind: "alarm"; name: string; bit: number; active: boolean }
    | { kind: "state"; name: string; value: string }
    | ({ kind: "values" | "battery" } & Record<string, number | string | boolean>)

const members: Record<string, Record<string, string>> = {
    "bms-mini": { format: "number" },
    setting: {
        key: "string",
        section: "string",
        name: "string",
        type: "string",
        min: "number",
        max: "number",
        default: "string",
        unit: "string",
        help: "string",
        value: "string",
        allowed: "string",
    },
    command: { words: "string", arguments: "string", help: "string" },
    alarm: { name: "string", bit: "number", active: "boolean" },
    state: { name: "string", value: "string" },
    values: {
        time: "number",
        offset: "number",
        trusted: "boolean",
        up: "number",
        flags: "number",
        journal: "number",
        queued: "number",
        lost: "number",
    },
    battery: {
        mv: "number",
        ma: "number",
        soc: "number",
        cells: "string",
        temperatures: "string",
        balancing: "number",
        safety: "number",
        alerts: "number",
    },
}

/**
 * Values that `set` must accept and refuse, by the table of types; undefined if the setting cannot
 * be set.
 */
function choices(setting: SettingLine): { good: string[]; bad: string[] } | undefined {
    const { min, max } = setting
    const bytes = (count: number) => "x".repeat(Math.min(count, 300))
    const texts = { good: [bytes(max), bytes(Math.max(1, min))], bad: [bytes(max + 1), "a\\nb"] }
    switch (setting.type) {
        case "flag":
            return { good: ["on", "off"], bad: ["maybe", ""] }
        case "number": {
            const near = Number(setting.default)
            const inside = [near - 1, near + 1].filter(value => value >= min && value <= max)
            return {
                good: [...new Set([min, max, ...inside])].map(String),
                bad: [String(min - 1), String(max + 1), "x", ""],
            }
        }
        case "enum":
            return { good: setting.unit.split(","), bad: ["", setting.unit] }
        case "days":
            return { good: ["Mon,Thu", "all", "none", "0x7F"], bad: ["0x80", "Sunday", ""] }
        case "time":
            return { good: ["00:00", "23:59"], bad: ["24:00", "noon", ""] }
        case "text":
            return { good: [...texts.good, 'a "b" \\ ü'], bad: texts.bad }
        case "secret":
            return { good: [...texts.good, ""], bad: texts.bad }
        case "name":
            return { good: [...texts.good, "A-z_9"], bad: [bytes(max + 1), "a b", "ä"] }
        case "host":
            return { good: ["example.org", "192.0.2.1", ""], bad: ["a b", bytes(max + 1)] }
        case "folder":
            return { good: ["logs/a b", "ä", ""], bad: ["/a", "a/", "a/../b", bytes(max + 1)] }
        case "host:port":
            return { good: ["example.org:3128", ""], bad: ["example.org", "a:0", "a:65536"] }
        case "host[:port]":
            return { good: ["example.org:80", "example.org", ""], bad: ["a:b", ":80"] }
        case "zone":
            return { good: ["+02:00", "CET-1CEST,M3.5.0,M10.5.0/3"], bad: ["", "somewhere"] }
        case "hash":
        case "count":
        case "timestamp":
            return undefined
        default:
            throw new Error(
                `a type that docs/reference/console-service.md does not have: ${setting.type}`,
            )
    }
}

const quoted = (text: string) => `"${text.replace(/\\(?!n)|"/g, "\\$&")}"`

let board: NodeBoard

async function described(): Promise<Line[]> {
    const { done, text } = await board.run("describe")
    expect(done).toBe(true)
    return text
        .split("\n")
        .slice(0, -1)
        .map(line => JSON.parse(line) as Line)
}

async function settingLines(): Promise<SettingLine[]> {
    return (await described()).filter(line => line.kind === "setting")
}

beforeEach(async () => {
    board = await equippedBoard(await cardWith({}))
    await board.live(5)
})

describe("describe", () => {
    it("prints short lines of JSON with exactly the documented members", async () => {
        const lines = await described()
        expect(lines[0]).toEqual({ kind: "bms-mini", format: 1 })
        for (const { kind, ...rest } of lines) {
            const types = Object.entries(rest).map(([name, value]) => [name, typeof value])
            expect(Object.fromEntries(types), kind).toEqual(members[kind])
        }
        const { text } = await board.run("describe")
        for (const line of text.split("\n")) expect(line.length, line).toBeLessThan(400)
    })

    it("has every setting with its section, type, range, unit, default and help", async () => {
        const lines = await settingLines()
        expect(lines.map(line => line.key)).toEqual(
            Array.from({ length: keyCount }, (_, key) => new Row(key).name),
        )
        for (const line of lines) {
            const row = new Row(lines.indexOf(line))
            const { section, title: name, type, min, max, unit, help } = row
            expect(line).toMatchObject({ section, name, type, min, max, unit, help })
            expect(line.help, line.key).not.toBe("")
            expect(line.allowed === "", line.key).toBe(choices(line) === undefined && !row.isSecret)
            // On a new board; for a secret both texts only say whether it is set.
            if (!row.isState) expect(line.value, line.key).toBe(line.default)
        }
    })

    it("has every command, every alarm and the state", async () => {
        const lines = await described()
        const of = (kind: string) => lines.filter(line => line.kind === kind)
        let count = 0
        for (; commandRow(count) !== ""; ++count) {
            const [words, takes, help] = commandRow(count).split(";")
            expect(of("command")[count]).toEqual({ kind: "command", words, arguments: takes, help })
        }
        expect(of("command")).toHaveLength(count)
        const bits = Array.from({ length: 32 }, (_, bit) => bit).filter(bit => alarmName(bit))
        expect(of("alarm")).toEqual(
            bits.map(bit => ({ kind: "alarm", name: alarmName(bit), bit, active: false })),
        )
        const printed = async (line: string) =>
            (await board.run(line)).text.split("\n").slice(0, -1)
        const wide = (line: string) => `${line.slice(0, 12).trim()}: ${line.slice(12).trim()}`
        const [temperatures, ...safety] = (await printed("battery")).slice(1).map(wide)
        expect(of("state").map(line => "value" in line && `${line.name}: ${line.value}`)).toEqual([
            ...(await printed("status")).map(wide),
            ...(await printed("ftp")).slice(1).map(line => `ftp ${line}`),
            ...temperatures
                .slice("temperature: ".length)
                .split("  ")
                .map((value, index) => `temperature ${index + 1}: ${value}`),
            ...safety,
            ...(await printed("cells")).map(wide),
        ])
    })

    it("has the documented names of the state, and omits those documented as absent", async () => {
        const page = readFileSync("docs/reference/console-service.md", "utf8")
        const [, table] = /\n\| state \| value \| absent \|\n\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(
            page,
        )!
        const rows = [...table.matchAll(/^\| `(.*?)` \| .* \| (.*?) \|$/gm)]
        expect(rows).toHaveLength(table.split("\n").length - 1)
        const names = async () => {
            const lines = (await described()).filter(line => line.kind === "state")
            // Duplicate names would be ambiguous.
            expect(new Set(lines.map(line => line.name)).size).toBe(lines.length)
            return [...new Set(lines.map(line => line.name.replace(/ \d+$/, " N")))]
        }
        const documented = (absent: string[]) =>
            rows.filter(row => !absent.includes(row[2])).map(row => row[1])

        const silent = "without an answer from the monitor"
        // A flash without a backup, and a card with no room for one.
        const flash = new MemoryFlash()
        const full = await cardWith({})
        const files = new ForeignFiles(full)
        files.fill(files.directory(), "MORE    BIN", files.free() - 1)
        board = await equippedBoard(full, flash)
        expect(await names()).toEqual(documented(["outside of safe mode"]))

        // Twenty more starts that ended early. Then it measures nothing and looks for no backup.
        for (let starts = 0; starts < 20; ++starts)
            board = await equippedBoard(await cardWith({}), flash)
        expect(await names()).toEqual(documented(["while all is well", silent]))

        // A second orderly start.
        const card = await cardWith({})
        const kept = new MemoryFlash()
        await (await equippedBoard(card, kept)).live(1000)
        board = await equippedBoard(card, kept)
        const well = ["outside of safe mode", "while all is well"]
        expect(await names()).toEqual(documented(well))

        // An impossible cell voltage: the monitor's answers are not believed.
        board.pack!.setCell(1, 9)
        await board.live(5)
        expect(await names()).toEqual(documented([...well, silent]))
    })

    it("has the measurements as numbers, which `values` prints alone", async () => {
        await board.run("set time.zone +05:30")
        board.socket.pull()
        await board.live(10)
        const { text } = await board.run("values")
        const [values, battery] = text
            .split("\n")
            .slice(0, -1)
            .map(line => JSON.parse(line))
        const printed = async (line: string) => (await board.run(line)).text
        const [volts, amperes, charge, ...temperatures] = (await printed("battery"))
            .split("safety")[0]
            .match(/-?\d+\.\d+/g)!
            .map(Number)
        expect(values).toMatchObject({ kind: "values", offset: 330, flags: 1 << 16, journal: 1 })
        expect((await printed("time")).slice(12, 31)).toBe(
            new Date((values.time + 330 * 60) * 1000).toISOString().slice(0, 19).replace("T", " "),
        )
        expect(battery).toMatchObject({ mv: volts * 1000, ma: amperes * 1000, soc: charge * 10 })
        expect(battery.temperatures).toBe(temperatures.map(one => one * 10).join())
        expect(battery.cells).toBe(
            (await printed("cells"))
                .match(/\d+\.\d+/g)!
                .map(one => one.replace(".", ""))
                .join(),
        )
        const tail = (await described()).slice(-2).map(line => line.kind)
        expect(tail).toEqual(["values", "battery"])

        // An impossible cell voltage: the monitor's answers are not believed.
        board.pack!.setCell(1, 9)
        await board.live(5)
        expect((await board.run("values")).text.split("\n")).toHaveLength(2)
    })

    it("says which alarms are active", async () => {
        board.socket.pull()
        await board.live(10)
        const active = (await described()).filter(line => line.kind === "alarm" && line.active)
        expect(active).toEqual([{ kind: "alarm", name: "SD_CARD", bit: 16, active: true }])
    })

    it("lets a user interface set every settable setting, and predict refusals", async () => {
        for (const setting of await settingLines()) {
            const { key } = setting
            const values = choices(setting)
            if (!values) {
                expect((await board.run(`set ${key} 1`)).done, key).toBe(false)
                continue
            }
            let accepted = 0
            for (const value of values.good) {
                const { done, text } = await board.run(`set ${key} ${quoted(value)}`)
                if (!done) {
                    // Related limits: the reason says so.
                    expect(text, key).toContain("the first must be above the sum of the others")
                    continue
                }
                accepted++
                const now = (await settingLines()).find(line => line.key === key)!
                if (setting.type === "secret") expect(now.value).toBe(value ? "set" : "not set")
                else if (setting.type !== "days") expect(now.value, key).toBe(value)
            }
            expect(accepted, key).toBeGreaterThan(1)
            for (const value of values.bad) {
                const { done, text } = await board.run(`set ${key} ${quoted(value)}`)
                expect(done, `${key} ${value}`).toBe(false)
                expect(text).toMatch(new RegExp(`^error: ${key}: .* is not `))
                expect(text, key).toContain(setting.allowed)
            }
            expect((await board.run(`defaults ${key} yes`)).done).toBe(true)
        }
    })

    it("gives values and defaults that set accepts", async () => {
        for (const setting of await settingLines()) {
            if (!choices(setting) || setting.type === "secret") continue
            for (const value of [setting.value, setting.default])
                expect(await board.run(`set ${setting.key} ${quoted(value)}`)).toMatchObject({
                    done: true,
                    text: expect.stringMatching(/^ok(\n|, \d+ )/),
                })
        }
    })
})
