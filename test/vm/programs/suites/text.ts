import { describe, expect, test } from "@devicescript/test"
import { textOf } from "../../../../src/core/text"

// The runtime's reader of UTF-8 looks at the byte behind bytes that end within a character, and
// makes a text in two passes: what lies behind may be another one in the second. A damaged text
// ends the program (PANIC 60129).

/** "aaa…" that ends with the first byte of a character. */
function torn(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    bytes.fillAt(0, length, 97)
    bytes[length - 1] = 0xc3
    return bytes
}

describe("bytes of others as text", () => {
    test("end with what they have, whatever lies behind", () => {
        for (let length = 1; length <= 40; ++length) {
            const bytes = torn(length)
            // A block whose size looks like the second byte of a character.
            const behind = Buffer.alloc(600)
            expect(textOf(bytes).byteLength).toBe(length + 2)
            expect(behind.length).toBe(600)
        }
    })

    test("are whole where the memory behind is taken meanwhile", () => {
        for (let length = 1; length <= 40; ++length) {
            const text = textOf(torn(length)) + "more"
            expect(text.length).toBe(length + 4)
            expect(text.slice(length)).toBe("more")
        }
    })

    test("keep whole characters at their end, and may be none", () => {
        expect(textOf(Buffer.from("Gr\u00fc\u00df"))).toBe("Gr\u00fc\u00df")
        expect(textOf(Buffer.from("\u20ac"))).toBe("\u20ac")
        expect(textOf(hex`e282`).length).toBe(1)
        expect(textOf(hex``)).toBe("")
    })
})
