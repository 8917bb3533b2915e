import { describe, expect, test, vi } from "vitest"
import type { Flash } from "../../src/core/seams"
import { flashOn } from "../support/chipflash"
import { DeviceBuffer } from "../support/devicebuffer"
import { MemoryFlash } from "../support/memoryflash"
import { ChipFlash } from "../support/settingsservice"

vi.mock("@devicescript/core", async () => (await import("../support/settingsservice")).natives)

/** A device buffer with the firmware's type. */
function bytes(content: string | number[]): Buffer {
    return DeviceBuffer.from(content) as unknown as Buffer
}

const implementations: [string, () => Flash][] = [
    ["in memory", () => new MemoryFlash()],
    ["on the runtime's settings service and the ESP32's chip", () => flashOn(new ChipFlash())],
]

describe.each(implementations)("flash contract: %s", (_name, create) => {
    test("an unknown key reads as undefined", async () => {
        expect(await create().read("none")).toBeUndefined()
    })

    test("a written value is read back byte for byte", async () => {
        const flash = create()
        const value = bytes([0, 1, 10, 13, 127, 128, 255])
        await flash.write("k", value)
        expect((await flash.read("k"))!.toString("hex")).toBe("00010a0d7f80ff")
    })

    test("the last write of a key counts, and other keys stay", async () => {
        const flash = create()
        await flash.write("a", bytes("1"))
        await flash.write("b", bytes("2"))
        await flash.write("a", bytes("three"))
        expect((await flash.read("a"))!.toString()).toBe("three")
        expect((await flash.read("b"))!.toString()).toBe("2")
    })

    test("a removed key reads as undefined and can be written again", async () => {
        const flash = create()
        await flash.write("a", bytes("1"))
        await flash.remove("a")
        expect(await flash.read("a")).toBeUndefined()
        await flash.remove("a")
        await flash.write("a", bytes("2"))
        expect((await flash.read("a"))!.toString()).toBe("2")
    })

    test("one non-zero byte, or two zero bytes, is a value", async () => {
        const flash = create()
        await flash.write("a", bytes([1]))
        expect((await flash.read("a"))!.toString("hex")).toBe("01")
        await flash.write("a", bytes([0, 0]))
        expect((await flash.read("a"))!.toString("hex")).toBe("0000")
    })

    test("a key of 13 characters and a value of 200 bytes fit", async () => {
        const flash = create()
        const value = bytes(new Array<number>(200).fill(0xa5))
        await flash.write("abcdefghijklm", value)
        expect((await flash.read("abcdefghijklm"))!.length).toBe(200)
    })

    test.each([
        ["a value of 201 bytes", "k", 201],
        ["a key of 14 characters", "abcdefghijklmn", 2],
        ["an empty value", "k", 0],
        ["the mark of a removed key", "k", 1],
    ])("%s is refused and changes nothing", async (_, key, length) => {
        const flash = create()
        await flash.write("k", bytes("old"))
        const value = bytes(new Array<number>(length).fill(0))
        await expect(flash.write(key, value)).rejects.toThrow(/^flash/)
        expect((await flash.read("k"))!.toString()).toBe("old")
    })

    test("a read returns a copy of the stored value", async () => {
        const flash = create()
        await flash.write("k", bytes("old"))
        const first = (await flash.read("k"))!
        first[0] = 0x4e
        expect((await flash.read("k"))!.toString()).toBe("old")
    })
})
