import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import {
    findKey,
    keyCount,
    nameOf,
    placeCount,
    placeOf,
    publicPlaces,
    Row,
} from "../../../src/settings/schema"
import { formatValue, parseValue } from "../../../src/settings/values"

const rows = Array.from({ length: keyCount }, (_, key) => new Row(key))
const types =
    "text name secret hash host host:port host[:port] folder zone flag number enum days time count timestamp"
const numberTypes = "flag number enum days time count timestamp"

/** "SdPeriod" of keys.ts for "sd.period". */
function enumName(name: string): string {
    return name
        .split(/[._]/)
        .map(word => word[0].toUpperCase() + word.slice(1))
        .join("")
}

describe("the schema table", () => {
    test("has one row per key, in the order of keys.ts", () => {
        const source = readFileSync("src/settings/keys.ts", "utf8")
        const body = source.slice(source.indexOf("enum Key {") + 10, source.indexOf("}"))
        const names = body.split(",").map(name => name.trim())
        expect(rows.map(row => enumName(row.name))).toEqual(names.filter(name => name !== ""))
    })

    test.each(rows.map(row => [row.name, row] as const))("%s is well formed", (_, row) => {
        expect(types.split(" ")).toContain(row.type)
        expect(row.section).not.toBe("")
        expect(row.title).not.toBe("")
        expect(row.help).not.toBe("")
        expect(Number.isInteger(row.min)).toBe(true)
        expect(row.max).toBeGreaterThanOrEqual(row.min)
        expect(placeOf(row.key)).toMatch(/^[a-z][0-9]$/)
        expect(findKey(row.name)).toBe(row.key)
        expect(nameOf(row.key)).toBe(row.name)
        if (row.key !== 0 && row.fallback !== "") {
            const value = parseValue(row, row.fallback)
            expect(value).toBeDefined()
            expect(formatValue(row, value)).toBe(row.fallback)
        }
    })

    test("no place in flash is used twice", () => {
        expect(new Set(rows.map(row => placeOf(row.key))).size).toBe(keyCount)
    })

    // Line feed, digit, check character; the longest number; 24 bytes of entry, rounding to 8.
    test("a changed setting never costs more than 64 bytes of flash plus its value", () => {
        for (const letter of new Set(rows.map(row => placeOf(row.key)[0]))) {
            const sharing = rows.filter(row => placeOf(row.key)[0] === letter)
            if (sharing.length === 1) continue
            const lengths = sharing.map(row =>
                Math.max(("" + row.min).length, ("" + row.max).length),
            )
            const bytes = 1 + lengths.reduce((sum, length) => sum + 3 + length, 0)
            expect(24 + Math.ceil(bytes / 8) * 8).toBeLessThanOrEqual(64 + Math.min(...lengths))
            for (const row of sharing) expect(numberTypes.split(" ")).toContain(row.type)
        }
    })

    test("the letters of the flash values have no gap", () => {
        const letters = [...new Set(rows.map(row => placeOf(row.key)[0]))].sort()
        expect(letters.join("")).toBe("abcdefghijklmnopqrstuvwxyz".slice(0, placeCount))
    })

    test("the public places are the ones without a secret", () => {
        const letters = (secret: boolean): string[] =>
            rows.filter(row => row.isSecret === secret).map(row => placeOf(row.key)[0])
        expect([...publicPlaces].sort()).toEqual([...new Set(letters(false))].sort())
        for (const letter of letters(true)) expect(publicPlaces).not.toContain(letter)
    })

    test("a text with its line fits a flash value", () => {
        for (const row of rows)
            if (!numberTypes.split(" ").includes(row.type)) expect(row.max + 4).toBeLessThan(200)
    })

    test("an unknown name has no key", () => {
        for (const name of ["", "sd", "sd.", "sd.period ", "sd.period|SD card", "nonsense"])
            expect(findKey(name)).toBeUndefined()
    })
})
