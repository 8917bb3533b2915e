import { describe, expect, test } from "@devicescript/test"
import { crc16 } from "../../../../src/core/checksum"
import { civilFromSeconds, formatDateTime, parseDateTime } from "../../../../src/core/calendar"
import { formatHex, formatScaled, parseInteger, printPieces } from "../../../../src/core/text"
import { offsetMinutesAt, parseTimeZone } from "../../../../src/core/timezone"

// The runtime's numbers are int32 or double, and a double is always falsy: running this code in
// Node proves nothing.

describe("numbers in the runtime", () => {
    test("dates continue after 2038, when seconds exceed int32", () => {
        expect(formatDateTime(2147483647)).toBe("2038-01-19 03:14:07")
        expect(formatDateTime(2147483648)).toBe("2038-01-19 03:14:08")
        expect(formatDateTime(4102444799)).toBe("2099-12-31 23:59:59")
        expect(parseDateTime("2098-02-28 12:00:01")).toBe(4044427201)
        expect(civilFromSeconds(4102444799).year).toBe(2099)
    })

    test("zones change their offset after 2038 too", () => {
        const berlin = parseTimeZone("CET-1CEST,M3.5.0,M10.5.0/3")
        expect(offsetMinutesAt(berlin, 2173650000)).toBe(60)
        expect(offsetMinutesAt(berlin, 2194182000)).toBe(120)
    })

    test("hexadecimal takes all 32 bits", () => {
        expect(formatHex(0xdeadbeef, 8)).toBe("0xDEADBEEF")
        expect(formatHex(-1, 8)).toBe("0xFFFFFFFF")
    })

    test("scaled integers keep every digit and the sign", () => {
        expect(formatScaled(-5, 3)).toBe("-0.005")
        expect(formatScaled(4294967295, 3)).toBe("4294967.295")
        expect(parseInteger("4294967295")).toBe(4294967295)
        expect(parseInteger("12x")).toBe(undefined)
    })

    test("a long text of any alphabet is printed in pieces that fit the log", () => {
        for (const unit of ["words ", "x", "\u00fc", "\u20ac ", "\ud834\udd1e"]) checkPieces(unit)
    })

    test("a sector's checksum stays within one turn of the interpreter", () => {
        const sector = Buffer.alloc(512)
        sector.fillAt(0, 512, 0xff)
        // SD Physical Layer Simplified Specification 4.5: 512 bytes of 0xff give 0x7fa1.
        expect(crc16(0, sector, 0, 512)).toBe(0x7fa1)
    })
})

function checkPieces(unit: string): void {
    let text = ""
    while (text.length < 200) text += unit
    let joined = ""
    let most = 0
    printPieces(text, piece => {
        joined += piece
        most = Math.max(most, Buffer.from(piece).length)
    })
    expect(joined).toBe(text)
    expect(most > 70 && most <= 156).toBe(true)
}
