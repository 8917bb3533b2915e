import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { beforeAll, expect, test } from "vitest"
import { SimClock } from "../../sim/clock"
import { Vm } from "../../sim/vm"
import { firmware, readManifest } from "../../tools/firmware"
import {
    boardConfiguration,
    runtimeAt,
    storeAt,
    storeBytes,
    storeOf,
    wholeImage,
} from "../../tools/flashimage"
import { readHalves } from "../../campaigns/flashcut/store"

// Tested: the store boots in the runtime's own code, at the ESP32's size. Not tested: a chip,
// esptool, the runtime's file.

const at = (address: number) => address - runtimeAt
let program: Buffer
let store: Uint8Array

beforeAll(async () => {
    program = readFileSync((await firmware(readManifest().entries.simulator)).imagePath)
    store = await storeOf(program)
}, 240_000)

/** Runs a board with this flash for two seconds: its log, and its flash afterwards. */
async function boot(flash: Uint8Array): Promise<{ log: string; flash: Uint8Array }> {
    const clock = new SimClock("max")
    let image = flash
    let log = ""
    const vm = await Vm.start({
        clock,
        epochMs: 0,
        deviceId: "12abdd2289421234",
        flashBytes: storeBytes,
        loadFlash: () => image,
        saveFlash: data => (image = data),
        onFrame: () => undefined,
        onLog: line => (log += line.trimEnd() + "\n"),
        onReboot: () => undefined,
        onPanic: code => (log += `PANIC ${code}\n`),
    })
    await clock.sleep(2000)
    vm.cut()
    clock.stop()
    return { log, flash: image }
}

/** A file like the runtime's: an ESP32 image with a partition table. */
function runtimeFile(partitions: [type: number, at: number, bytes: number][]): Buffer {
    const file = Buffer.alloc(at(0x150000), 0xff)
    file[0] = 0xe9
    partitions.forEach(([type, address, bytes], index) => {
        const entry = at(0x8000) + index * 32
        file.writeUInt16LE(0x50aa, entry)
        file[entry + 2] = type
        file.writeUInt32LE(address, entry + 4)
        file.writeUInt32LE(bytes, entry + 8)
    })
    file.write("DCFG and more of the runtime's own board", at(0x9000))
    return file
}

const partitions: [number, number, number][] = [
    [0x8a, 0x9000, 0x2000],
    [0x01, 0xb000, 0x4000],
    [0x00, 0x10000, 0x1b0000],
    [0x8a, 0x1c0000, 0x40000],
]

test("the store has 64 pages and the program as its only entry", () => {
    expect(store).toHaveLength(64 * 4096)
    const [half] = readHalves(store)
    expect(half.complaint).toBe("")
    expect(half.entries.map(one => one.key)).toEqual(["*prog"])
    expect(Buffer.from(store).includes(program)).toBe(true)
})

test("the store boots: the program starts and nothing is formatted", async () => {
    const { log } = await boot(store)
    expect(log).toMatch(/^\* start: bms-mini /m)
    expect(log).toMatch(/^> BMS Mini v/m)
    expect(log).not.toMatch(/formatting|mount failure|verification failure|PANIC/)
    const sha = createHash("sha256").update(program).digest("hex")
    expect(log.toLowerCase()).toContain(`devs-sha256: ${sha}`)
})

test("the same program makes the same store", async () => {
    expect(Buffer.from(await storeOf(program)).equals(store)).toBe(true)
})

test("one file has runtime, board configuration and store at the chip's addresses", async () => {
    const configuration = await boardConfiguration()
    const runtime = runtimeFile(partitions)
    const image = Buffer.from(wholeImage(runtime, configuration, store))
    expect(image).toHaveLength(storeAt + storeBytes - runtimeAt)
    expect(image.subarray(0, at(0x9000)).equals(runtime.subarray(0, at(0x9000)))).toBe(true)
    expect(image.subarray(at(0x9000)).toString("latin1", 0, 4)).toBe("DCFG")
    for (const key of ["pins.SD_CS", "pins.LIGHT", "i2c.pinSDA", "devName"])
        expect(image.subarray(at(0x9000), at(0xb000)).includes(key), key).toBe(true)
    expect(image.includes("more of the runtime's own")).toBe(false)
    expect(image.subarray(at(0xb000), runtime.length).equals(runtime.subarray(at(0xb000)))).toBe(
        true,
    )
    expect(image.subarray(at(0x1c0000)).equals(store)).toBe(true)
})

test.each<[string, Buffer, RegExp]>([
    [
        "not an image",
        Buffer.from("<html>"),
        /not an ESP32 image: the runtime's file is called devicescript-esp32-/,
    ],
    ["without partitions", runtimeFile([]), /has no 0x9000 \+ 0x2000 and no 0x1c0000 \+ 0x40000/],
    [
        "with another store",
        runtimeFile([...partitions.slice(0, 3), [0x8a, 0x3c0000, 0x40000]]),
        /has no 0x1c0000/,
    ],
    ["too long", Buffer.alloc(at(0x1c0000) + 1, 0xe9), /reaches into the store/],
])("a runtime file is refused when it is %s", (_, file, words) => {
    expect(() => wholeImage(file, new Uint8Array(0), store)).toThrow(words)
})

test("a power cut while the old program is erased leaves a store that mounts", async () => {
    const [{ entries }] = readHalves(store)
    for (const pages of [1, 12, 24]) {
        const torn = Uint8Array.from(store)
        // The last page is half erased: power may fail at any moment.
        torn.fill(0xff, entries[0].offset, entries[0].offset + pages * 4096 - 2048)
        const { log, flash } = await boot(torn)
        expect(log, `${pages}`).not.toMatch(/bms-mini|formatting|PANIC/)
        expect((await boot(flash)).log).not.toMatch(/formatting|PANIC/)
    }
})
