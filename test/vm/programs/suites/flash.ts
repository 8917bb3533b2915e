import * as ds from "@devicescript/core"
import { describe, expect, test } from "@devicescript/test"
import { AlarmSink } from "../../../../src/core/alarm"
import { Journal } from "../../../../src/journal/journal"
import { DeviceFlash } from "../../../../src/board/flash"
import { Key } from "../../../../src/settings/keys"
import { Settings } from "../../../../src/settings/settings"
import { Lock } from "../../../../src/core/lock"

const ticks = {
    nowMs: () => ds.millis(),
    sleep: async (ms: number) => {
        await ds.sleep(ms)
    },
}
const quiet: AlarmSink = { set: () => {} }
const flash = new DeviceFlash(new Lock(ticks, "flash"))
const turns = new Lock(ticks, "settings")

describe("flash on the runtime's settings store", () => {
    test("keeps bytes unchanged, even when they are not text", async () => {
        await flash.write("bytes", hex`00ff80c328000a`)
        expect((await flash.read("bytes")).toString("hex")).toBe("00ff80c328000a")
    })

    test("tells a missing key from a stored one, and forgets a removed one", async () => {
        expect(await flash.read("never")).toBe(undefined)
        await flash.write("gone", hex`01`)
        await flash.remove("gone")
        expect(await flash.read("gone")).toBe(undefined)
        await flash.remove("gone")
        await flash.remove("never")
        expect(await flash.read("never")).toBe(undefined)
        await flash.write("gone", hex`02`)
        expect((await flash.read("gone")).toString("hex")).toBe("02")
    })

    test("refuses values that would read as removed", async () => {
        let refused = 0
        for (let length = 0; length < 3; ++length) {
            try {
                await flash.write("zeros", Buffer.alloc(length))
            } catch (thrown) {
                refused += 1
            }
        }
        expect(refused).toBe(2)
        expect((await flash.read("zeros")).toString("hex")).toBe("0000")
    })

    test("refuses values that would abort the runtime when read", async () => {
        let refused = false
        try {
            await flash.write("long", Buffer.alloc(240))
        } catch (thrown) {
            refused = true
        }
        expect(refused).toBe(true)
    })

    test("serves many fibers at once", async () => {
        let done = 0
        for (let i = 0; i < 8; ++i) writeAndRead.start(i)
        while (done < 8) {
            await ds.sleep(20)
            done = finished
        }
        expect(wrong).toBe(0)
    })

    test("settings are the same when they are loaded again", async () => {
        const before = new Settings(flash, quiet, "TEST", turns)
        await before.load()
        await before.apply([Key.UserAddress, Key.SdPeriod], ["Zürich, 3. Stock", 7])
        const after = new Settings(flash, quiet, "TEST", turns)
        await after.load()
        expect(after.text(Key.UserAddress)).toBe("Zürich, 3. Stock")
        expect(after.number(Key.SdPeriod)).toBe(7)
        expect(after.text(Key.UserSerial)).toBe("BMS-TEST")
    })

    test("the journal continues where it stopped", async () => {
        const before = new Journal(flash)
        await before.load()
        await before.record(3000000000, 1, 0, 0)
        const after = new Journal(flash)
        await after.load()
        expect(after.lastSequence).toBe(before.lastSequence)
        expect(after.lastFlags).toBe(1)
    })
})

let finished = 0
let wrong = 0

async function writeAndRead(index: number): Promise<void> {
    const value = Buffer.alloc(20)
    value.fillAt(0, 20, index)
    await flash.write("many" + index, value)
    const read = await flash.read("many" + index)
    if (!read || read.toString("hex") !== value.toString("hex")) wrong += 1
    finished += 1
}
