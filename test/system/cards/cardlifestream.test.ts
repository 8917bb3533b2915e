import { describe, expect, it } from "vitest"
import type { SdCard } from "../../../src/card/sdcard"
import { FaultCode } from "../../../src/core/fault"
import type { CardDevice } from "../../../src/core/seams"
import { formatVolume } from "../../../src/fat/format"
import { Volume } from "../../../src/fat/volume"
import type { TornWrite } from "../../../sim/chips/sdcardfaults"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { checkVolume, makeVolume } from "../../support/fatimage"
import { bytes, header, readAll, ticks } from "../../support/linefiles"
import { blankStore, MemoryBlockDevice, openMemoryCard } from "../../support/memorycard"
import { hasTool } from "../../support/tools"

const logs = [
    { path: "LOG/20261122.CSV", bytes: 96 },
    { path: "CELL/20261122.CSV", bytes: 160 },
]

function line(number: number, length: number): string {
    const start = `${String(number).padStart(6, "0")},${length},`
    return start + "x".repeat(length - start.length - 2) + "\r\n"
}

/** Opens a log and recovers a former session's lines: lines of this log with rising numbers. */
async function openLog(volume: Volume, log: { path: string; bytes: number }) {
    let last = -1
    const file = await volume.openForAppend(log.path, header, text => {
        const good = text.length === log.bytes - 2 && text.startsWith(`,${log.bytes},`, 6)
        const number = parseInt(text.slice(0, 6), 10)
        if (!good || !(number > last)) return false
        last = number
        return true
    })
    return file
}

/** Two logs alternate. `acknowledged` counts the records of each whose append returned. */
async function logRecords(device: CardDevice, count: number, acknowledged: number[]) {
    const volume = await Volume.mount(device, ticks)
    const files = []
    for (const log of logs) files.push(await openLog(volume, log))
    for (let i = 0; i < count; ++i) {
        for (let k = 0; k < logs.length; ++k) {
            await files[k].append(bytes(line(i, logs[k].bytes)))
            acknowledged[k] = i + 1
        }
        if (i % 17 === 16) await volume.flushFiles()
    }
    await volume.sync()
}

const tools = hasTool("fsck.fat") && hasTool("mkfs.fat")

async function reopen(device: MemoryBlockDevice) {
    const volume = await Volume.mount(device, ticks)
    const files = []
    for (const log of logs) files.push(await openLog(volume, log))
    return { volume, files }
}

async function recoverAndCheck(store: MemoryStore, acknowledged: number[], title: string) {
    const { volume, files } = await reopen(new MemoryBlockDevice(store))
    const check = checkVolume(store)
    expect(check.clean, `${title}: ${check.text}`).toBe(true)
    for (let k = 0; k < logs.length; ++k) {
        const { path, bytes: length } = logs[k]
        const before = (files[k].byteCount() - header.length) / length
        // One whole record may be written but not acknowledged.
        expect([acknowledged[k], acknowledged[k] + 1], title).toContain(before)
        await files[k].append(bytes(line(before, length)))
        let expected = header
        for (let i = 0; i <= before; ++i) expected += line(i, length)
        expect(await readAll(volume, path), title).toBe(expected)
    }
}

describe("a power cut in a stream whose announced blocks the card erased ahead", () => {
    const kinds: TornWrite[] = ["dropped", "erased", "half"]

    /** Power fails after this many writes of `work`. */
    async function cutIn(
        store: MemoryStore,
        after: number,
        work: (device: SdCard, acknowledged: number[]) => Promise<unknown>,
    ): Promise<number[]> {
        const { chip, card } = await openMemoryCard(store)
        Object.assign(chip.faults, {
            writesUntilPowerCut: after,
            tornWrite: kinds[after % kinds.length],
            erasesAhead: true,
        })
        const acknowledged = [0, 0]
        await work(card, acknowledged).catch(() => {})
        return acknowledged
    }

    it("in a format leaves nothing like a volume, and the next format is good", async () => {
        const start = blankStore(32)
        await formatVolume(new MemoryBlockDevice(start), "BMSMINI    ")
        const whole = new MemoryBlockDevice(start.clone())
        await formatVolume(whole, "BMSMINI    ")
        for (let after = 1; after < whole.writes; after += after < 12 ? 1 : 7) {
            const store = start.clone()
            await cutIn(store, after, async device => await formatVolume(device, "BMSMINI    "))
            const { card } = await openMemoryCard(store)
            const title = `cut after write ${after}`
            await expect(Volume.mount(card, ticks), title).rejects.toMatchObject({
                code: FaultCode.VolumeUnformatted,
            })
            await formatVolume(card, "BMSMINI    ")
            await logRecords(new MemoryBlockDevice(store), 3, [0, 0])
            if (tools && after % 5 === 0) expect(checkVolume(store).clean, title).toBe(true)
        }
    })

    it.skipIf(!tools)("in a new or growing directory loses nothing that was there", async () => {
        const start = makeVolume(40, "-F32", "-s1")
        const work = async (device: CardDevice, acknowledged: number[]) => {
            const volume = await Volume.mount(device, ticks)
            // Makes LOG and CELL, and more files than LOG's first cluster has slots.
            for (let i = 0; i < 20; ++i)
                await (await volume.openForAppend(`LOG/F${i}.TXT`, header)).close()
            await logRecords(device, 2, acknowledged)
        }
        const whole = new MemoryBlockDevice(start.clone())
        await work(whole, [0, 0])
        for (let after = 0; after < whole.writes; after += 2) {
            const store = start.clone()
            const acknowledged = await cutIn(store, after, work)
            await recoverAndCheck(store, acknowledged, `cut after write ${after}`)
        }
    })
})
