import { describe, expect, test } from "@devicescript/test"
import { textOf } from "../../../../src/core/text"

// When bytes end within a character, the runtime's UTF-8 decoder reads one byte past them. It makes
// a string in two passes, and that byte may differ in the second. A damaged string ends the program
// (PANIC 60129).

/** "aaa…" that ends with the first byte of a character. */
function torn(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    bytes.fillAt(0, length, 97)
    bytes[length - 1] = 0xc3
    return bytes
}

describe("foreign bytes as text", () => {
    test("end with their own last byte, whatever follows in memory", () => {
        for (let length = 1; length <= 40; ++length) {
            const bytes = torn(length)
            // A block whose size looks like the second byte of a character.
            const behind = Buffer.alloc(600)
            expect(textOf(bytes).byteLength).toBe(length + 2)
            expect(behind.length).toBe(600)
        }
    })

    test("stay whole when the memory after them is allocated meanwhile", () => {
        for (let length = 1; length <= 40; ++length) {
            const text = textOf(torn(length)) + "more"
            expect(text.length).toBe(length + 4)
            expect(text.slice(length)).toBe("more")
        }
    })

    test("keep a whole character at their end, and may be empty", () => {
        expect(textOf(Buffer.from("Gr\u00fc\u00df"))).toBe("Gr\u00fc\u00df")
        expect(textOf(Buffer.from("\u20ac"))).toBe("\u20ac")
        expect(textOf(hex`e282`).length).toBe(1)
        expect(textOf(hex``)).toBe("")
    })
})
