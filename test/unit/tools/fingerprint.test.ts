import { expect, test } from "vitest"
import { stampFingerprint } from "../../../tools/firmware"

/** A program's bytes with this many places for its fingerprint; src/board/runtime.ts has one. */
function image(places: number, version: string): Uint8Array {
    const place = Buffer.from("b5e7c0d1f29a4386", "hex")
    return new Uint8Array(
        Buffer.concat([Buffer.from(version), ...Array(places).fill(place), place.subarray(1)]),
    )
}

function stamped(version: string): Uint8Array {
    const bytes = image(1, version)
    expect(stampFingerprint(bytes)).toBe(true)
    return bytes
}

test("equal programs have the same fingerprint, different ones another", () => {
    const [first, again, other] = ["v1", "v1", "v2"].map(stamped)
    expect(first).toEqual(again)
    expect(first.subarray(2, 10)).not.toEqual(other.subarray(2, 10))
    expect(first.subarray(2, 10)).not.toEqual(image(1, "v1").subarray(2, 10))
    // Nothing else changes.
    expect(first.subarray(0, 2)).toEqual(image(1, "v1").subarray(0, 2))
    expect(first.subarray(10)).toEqual(image(1, "v1").subarray(10))
})

test("a program without a place for it stays unchanged, one with two is refused", () => {
    const bytes = image(0, "v1")
    expect(stampFingerprint(bytes)).toBe(false)
    expect(bytes).toEqual(image(0, "v1"))
    expect(() => stampFingerprint(image(2, "v1"))).toThrow("more than one place")
})
