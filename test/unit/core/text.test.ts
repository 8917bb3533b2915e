import { describe, expect, test } from "vitest"
import { fieldAt, fieldIndex, printable } from "../../../src/core/text"
import { alarmName, formatAlarms } from "../../../src/core/alarm"

describe("fields of a text", () => {
    test.each([
        ["a,b,c", 0, "a"],
        ["a,b,c", 2, "c"],
        ["a,b,c", 3, ""],
        ["a,,c", 1, ""],
        ["", 0, ""],
        ["only", 0, "only"],
        ["a,b,", 2, ""],
    ])("field of %j at %i is %j", (text, index, field) => {
        expect(fieldAt(text, index, ",")).toBe(field)
    })

    test.each([
        ["off,on", "off", 0],
        ["off,on", "on", 1],
        ["off,on", "o", -1],
        ["off,on", "off,on", -1],
        ["a,,b", "", 1],
        ["a", "", -1],
    ])("in %j the field %j has index %i", (text, word, index) => {
        expect(fieldIndex(text, word, ",")).toBe(index)
    })
})

describe("text for a message", () => {
    test("control characters become question marks", () => {
        expect(printable("a\r\n\0\x7f\x85b", 40)).toBe("a?????b")
    })

    test("a long text is cut and marked", () => {
        expect(printable("x".repeat(10_000), 5)).toBe("xxxxx...")
    })

    test("other alphabets pass", () => {
        expect(printable("Größe €", 40)).toBe("Größe €")
    })
})

describe("names of the error flags", () => {
    // From the specification's table.
    test.each([
        [0, "CELL_OVERVOLTAGE"],
        [7, "MONITOR_OFFLINE"],
        [8, "SHORT_CIRCUIT"],
        [9, ""],
        [15, ""],
        [16, "SD_CARD"],
        [20, "CLOCK"],
        [23, "RECORDS_LOST"],
        [24, "SAFE_MODE"],
        [25, ""],
    ])("bit %i is %j", (bit, name) => {
        expect(alarmName(bit)).toBe(name)
    })

    test("a set of flags is listed in the order of its bits", () => {
        expect(formatAlarms(0)).toBe("none")
        expect(formatAlarms(0x810001)).toBe("CELL_OVERVOLTAGE, SD_CARD, RECORDS_LOST")
    })
})
