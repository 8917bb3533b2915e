import { describe, expect, it } from "vitest"
import type { SdCard } from "../../../src/card/sdcard"
import { FaultCode } from "../../../src/core/fault"
import { generator } from "../../../sim/random"
import type { SdCardChip, SdCardOptions } from "../../../sim/chips/sdcard"
import { ChipSpiBus } from "../../support/memorycard"
import { BoardTime, TimedSpiBus } from "../../support/timedcard"
import { empty, expectFaultless, filled, mebibyte, wired } from "../../support/wiredcard"

// Consecutive blocks, as when reading files: one CMD18 for all of them, and CMD12 before any other
// command.

const blocks = 64 * mebibyte

/** A card with different blocks from 100 on and at its end. */
async function prepared(options: SdCardOptions = {}, time?: BoardTime) {
    const bus = time && ((chip: SdCardChip) => new TimedSpiBus(chip, time))
    const made = wired({ initPolls: 1, ...options }, blocks, bus, time)
    const card: SdCard = await made.open()
    const store = new Map<number, Buffer>()
    for (const first of [100, blocks - 8])
        for (let block = first; block < first + 8; ++block) {
            store.set(block, filled(block * 7))
            await card.writeBlock(block, filled(block * 7))
        }
    made.wire.commands.length = 0
    const into = empty()
    const read = async (block: number, unchecked = true) => {
        await card.readBlock(block, into, unchecked)
        expect(into, String(block)).toEqual(store.get(block))
    }
    return { ...made, card, read }
}

describe("blocks read one after the other", () => {
    it("come in one stream, until another command is due", async () => {
        const { wire, card, read, commands } = await prepared()
        for (const block of [100, 101, 102]) await read(block)
        expect(commands()).toEqual(["CMD18"])
        // A further one, then backwards; then a status, and a write.
        await read(105)
        await read(106)
        await read(104)
        await card.probe()
        await read(100)
        await card.writeBlock(200, filled(1))
        const stream = ["CMD18", "CMD12"]
        expect(commands()).toEqual([
            ...[...stream, ...stream, ...stream, "CMD13"],
            ...[...stream, "CMD24", "CMD13"],
        ])
        expect([card.retries, card.errors]).toEqual([0, 0])
        expectFaultless(wire)
    })

    it("begin with a single read where their checksums count: it may be the only one", async () => {
        const { wire, card, read, commands } = await prepared()
        for (const block of [100, 101, 102, 104, 102]) await read(block, false)
        await card.probe()
        expect(commands()).toEqual(["CMD17", "CMD18", "CMD12", "CMD17", "CMD17", "CMD13"])
        expect([card.retries, card.errors]).toEqual([0, 0])
        expectFaultless(wire)
    })

    it("come at every delay of a slow card", async () => {
        for (const type of ["SDSC", "SDHC"] as const)
            for (let bytes = 1; bytes < 760; bytes += bytes < 24 ? 1 : 61) {
                const { wire, card, read } = await prepared({ type, readDelayBytes: bytes })
                for (let block = 100; block < 108; ++block) await read(block)
                for (let block = 100; block < 108; ++block) await read(block, false)
                await card.probe()
                expect(card.retries).toBe(0)
                expectFaultless(wire)
            }
    })

    it("come from a slow card that is even slower now and then", async () => {
        const time = new BoardTime()
        const timing = {
            nowMs: () => time.ms,
            random: generator(3),
            streamRead: { ms: [0.02, 0.1] as const, tail: { share: 0.3, ms: [5, 90] as const } },
        }
        const { wire, card, read } = await prepared({ timing }, time)
        for (let turn = 0; turn < 10; ++turn)
            for (let block = 100; block < 108; ++block) await read(block)
        await card.probe()
        expect(card.retries).toBe(0)
        expectFaultless(wire)
    })

    it("come up to the card's end, but not beyond", async () => {
        const { wire, card, read, commands } = await prepared()
        for (let block = blocks - 8; block < blocks; ++block) await read(block)
        await card.probe()
        expect(commands()).toEqual(["CMD18", "CMD12", "CMD17", "CMD13"])
        expectFaultless(wire)
    })

    it("come even if one of them cannot be read, or never comes", async () => {
        const { chip, wire, card, read } = await prepared()
        chip.faults.unreadable.add(102)
        await read(100)
        await read(101)
        await expect(read(102)).rejects.toMatchObject({ code: FaultCode.CardCrc, evidence: 102 })
        for (const block of [103, 104]) await read(block)
        chip.faults.silentReads = 1
        for (const block of [105, 106]) await read(block)
        await card.probe()
        expectFaultless(wire)
        expect(card.errors).toBe(1)
    })

    it("do not disturb the next start if a reset has left their stream open", async () => {
        const { open, read, card } = await prepared()
        await read(100)
        await read(101)
        const again = await open()
        const into = empty()
        await again.readBlock(102, into)
        expect(into).toEqual(filled(102 * 7))
        expect([again.retries, card.retries]).toEqual([0, 0])
    })
})

describe("checksums of read blocks", () => {
    it("reveal a wrong bit, which halves the clock", async () => {
        const { chip, card, read } = await prepared()
        chip.faults.corruptReads = 1
        await read(100, false)
        expect([card.retries, card.errors, card.clockHz]).toEqual([1, 0, 10_000_000])
        chip.faults.corruptReads = 3
        await expect(read(100, false)).rejects.toMatchObject({ code: FaultCode.CardCrc })
        expect([card.errors, card.clockHz]).toEqual([1, 5_000_000])
    })

    it("are checked in every block once the wire has spoiled two", async () => {
        const { chip, card, read } = await prepared()
        chip.faults.corruptReads = 2
        await read(100, false)
        expect(card.clockHz).toBe(5_000_000)
        for (const block of [101, 103, 105]) {
            chip.faults.corruptReads = 1
            await read(block)
        }
        expect([card.retries, card.errors]).toEqual([5, 0])
    })

    it.each([1, 200, 511])("reveal a card pulled after %i bytes of a block", async bytes => {
        const data = Buffer.from(filled(700).subarray(0, 16))
        let pulled = false
        const bus = (chip: SdCardChip) => {
            const inner = new ChipSpiBus(chip)
            const transfer = inner.transfer.bind(inner)
            inner.transfer = async out => {
                const back = await transfer(out)
                const from = pulled ? 0 : Buffer.from(back).indexOf(data) + bytes
                if (!pulled && from < bytes) return back
                pulled = true
                back.fillAt(from, back.length - from, 0xff)
                return back
            }
            return inner
        }
        const { open } = wired({ initPolls: 1 }, blocks, bus)
        const card = await open()
        await card.writeBlock(100, filled(700))
        const reading = card.readBlock(100, empty(), true)
        await expect(reading).rejects.toMatchObject({ code: FaultCode.CardAbsent })
    })
})
