import { describe, expect, it } from "vitest"
import { SdCard } from "../../../src/card/sdcard"
import { FaultCode } from "../../../src/core/fault"
import { formatVolume } from "../../../src/fat/format"
import { Volume } from "../../../src/fat/volume"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { generator } from "../../../sim/random"
import { blankStore, ChipSpiBus, openMemoryCard } from "../../support/memorycard"
import { SleepTicks } from "../../support/sleepticks"
import { timedCard } from "../../support/timedcard"
import { empty, expectFaultless, filled, tampered, wired } from "../../support/wiredcard"

// The driver on slow cards, and its cost on the ESP32's clock.

const fixed = (ms: number) => ({ ms: [ms, ms] as const })
const calm = fixed(0)

describe("the driver on a slow card", () => {
    it("writes a block in a few transfers, and never sleeps for the usual busy time", async () => {
        const { card, cost } = await timedCard(blankStore(64), {
            write: { ms: [0.85, 1] },
            tidying: calm,
        })
        for (let i = 0; i < 50; ++i) {
            const { ms, transfers, sleeps } = await cost(() => card.writeBlock(i, filled(i)))
            expect(sleeps).toBe(0)
            expect(transfers).toBeLessThanOrEqual(5)
            expect(ms).toBeLessThan(4)
        }
    })

    it("reads a block in a few transfers, and never sleeps for the usual delay", async () => {
        const { card, cost } = await timedCard(blankStore(64), { read: { ms: [0.5, 1.5] } })
        for (let i = 0; i < 50; ++i) {
            const { ms, transfers, sleeps } = await cost(() => card.readBlock(i, empty()))
            expect(sleeps).toBe(0)
            expect(transfers).toBeLessThanOrEqual(5)
            expect(ms).toBeLessThan(4)
        }
    })

    it("sleeps from tick to tick while a card tidies up for 250 ms, without spinning", async () => {
        const { card, cost } = await timedCard(blankStore(64), { tidying: fixed(250) })
        const write = await cost(() => card.writeBlock(5, filled(5)))
        expect(write.ms).toBeGreaterThan(250)
        expect(write.ms).toBeLessThan(270)
        expect(write.sleeps).toBeGreaterThanOrEqual(24)
        expect(write.transfers).toBeLessThan(40)
        const slow = await timedCard(blankStore(64), { read: fixed(100) })
        // With this no rest is due.
        slow.time.ms += 1000
        const read = await slow.cost(() => slow.card.readBlock(5, empty()))
        expect(read.ms).toBeLessThan(115)
        expect(read.transfers).toBeLessThan(24)
    })

    it("gives up on a card busy for more than three seconds, and says what to do", async () => {
        for (const work of [
            (card: SdCard) => card.writeBlock(5, filled(5)),
            (card: SdCard) => card.fillBlocks(5, 9, filled(5)),
        ]) {
            const { card } = await timedCard(blankStore(64), { tidying: fixed(3200) })
            const writing = work(card)
            await expect(writing).rejects.toMatchObject({ code: FaultCode.CardTimeout })
            await expect(writing).rejects.toThrow("stays busy: pull it and put it back")
        }
    })

    it("finds a token and an error token at any place in a poll", async () => {
        for (let step = 0; step < 60; ++step) {
            const read = fixed(0.9 + step * 0.0004)
            const { card, chip } = await timedCard(blankStore(64), { read })
            await card.writeBlock(5, filled(step))
            const into = empty()
            await card.readBlock(5, into)
            expect(into).toEqual(filled(step))
            chip.faults.failReads = 3
            await expect(card.readBlock(5, into)).rejects.toMatchObject({
                code: FaultCode.CardCrc,
            })
        }
    })
})

describe("a stream of equal blocks", () => {
    it("is on the card, and nothing else", async () => {
        const store = blankStore(64)
        const { card, chip } = await openMemoryCard(store)
        for (const [block, count] of [
            [5, 1],
            [10, 2],
            [20, 300],
        ])
            await card.fillBlocks(block, count, filled(block))
        expect(chip.counters.sectorWrites).toBe(303)
        const written = [...store.written()].sort((a, b) => a - b)
        expect(written.length).toBe(303)
        expect([written[0], written[1], written[2], written[3], written.at(-1)]).toEqual([
            5, 10, 11, 20, 319,
        ])
        for (const block of written) {
            const first = block < 10 ? 5 : block < 20 ? 10 : 20
            expect([...store.read(block)]).toEqual([...filled(first)])
        }
    })

    it("must fit on the card as a whole", async () => {
        const { card, chip } = await openMemoryCard(blankStore(8))
        await expect(card.fillBlocks(8 * 2048 - 3, 4, empty())).rejects.toMatchObject({
            code: FaultCode.CardRefused,
        })
        expect(chip.counters.sectorWrites).toBe(0)
        await card.fillBlocks(8 * 2048 - 3, 3, empty())
        expect(chip.counters.sectorWrites).toBe(3)
    })

    it("is repeated when one of its blocks is refused or fails, up to three tries", async () => {
        const { card, chip } = await openMemoryCard(blankStore(64))
        chip.faults.refuseWrites = 1
        await card.fillBlocks(5, 9, filled(1))
        chip.faults.failWrites = 1
        await card.fillBlocks(5, 9, filled(2))
        expect([card.retries, card.errors]).toEqual([2, 0])
        chip.faults.unwritable.add(9)
        const writing = card.fillBlocks(5, 9, filled(3))
        await expect(writing).rejects.toMatchObject({ code: FaultCode.CardRefused, evidence: 5 })
        await expect(writing).rejects.toThrow("save the card's files and use another")
        expect(card.errors).toBe(1)
        const into = empty()
        await card.readBlock(13, into)
        expect(into).toEqual(filled(3))
    })

    it("is stopped according to the standard when a block in the middle is refused", async () => {
        for (const at of [0, 1, 5]) {
            const { chip, wire, open } = wired()
            const card = await open()
            let blocks = 0
            chip.onWrite = () => {
                if (blocks++ === at) chip.faults.refuseWrites = 1
            }
            await card.fillBlocks(100, 9, filled(1))
            expectFaultless(wire)
            expect(card.retries).toBe(1)
            const names = wire.commands.map(one => one.name.split(" ")[0])
            expect(names.slice(names.indexOf("CMD55", 8))).toEqual([
                ...["CMD55", "ACMD23", "CMD25", "CMD12", "CMD13"],
                ...["CMD55", "ACMD23", "CMD25", "CMD13"],
            ])
        }
    })

    it("works on a card without ACMD23", async () => {
        const { wire, open, chip } = wired({}, undefined, tampered(23, { 1: 0x04 }))
        const card = await open()
        await card.fillBlocks(100, 9, filled(1))
        expect(wire.hostFaults).toEqual([])
        expect([chip.counters.sectorWrites, card.retries]).toEqual([9, 0])
    })

    it("ends when the card is pulled, and says so", async () => {
        const { card, chip } = await openMemoryCard(blankStore(64))
        let blocks = 0
        chip.onWrite = () => {
            if (++blocks === 4) chip.pull()
        }
        const writing = card.fillBlocks(5, 9, filled(1))
        await expect(writing).rejects.toMatchObject({ code: FaultCode.CardAbsent })
        await expect(writing).rejects.toThrow("put one in")
    })

    it("is refused for a write-protected card without any transfer", async () => {
        const { card, chip } = await openMemoryCard(blankStore(64), { writeProtected: true })
        chip.counters.transfers = 0
        await expect(card.fillBlocks(5, 9, filled(1))).rejects.toMatchObject({
            code: FaultCode.CardWriteProtected,
        })
        expect(chip.counters.transfers).toBe(0)
    })
})

describe("a card after a reset of the board", () => {
    it("opens at once in the middle of a stream, wherever that stopped", async () => {
        for (const bytes of [0, 1, 2, 300, 514, 516, 517, 520]) {
            const { chip } = await openMemoryCard(blankStore(64))
            const clocks = (count: number) => new Uint8Array(count).fill(0xff)
            chip.select(true)
            chip.transfer(Uint8Array.of(0xff, 0x59, 0, 0, 0x12, 0, 0x87))
            chip.transfer(clocks(16))
            const block = Uint8Array.of(0xff, 0xfc, ...new Uint8Array(512), ...clocks(20))
            chip.transfer(block.subarray(0, bytes))
            chip.select(false)
            const again = await new SdCard(new ChipSpiBus(chip), new SleepTicks()).openAgain()
            const into = empty()
            await again.writeBlock(20, filled(4))
            await again.readBlock(20, into)
            expect(into).toEqual(filled(4))
        }
    })

    it("is never selected while the bus is reconfigured", async () => {
        const { wire, open } = wired({ type: "SDHC" })
        await open()
        expect(wire.hostFaults).toEqual([])
        await wire.select(true)
        await wire.setClockHz(20_000_000)
        expect(wire.hostFaults).toEqual([expect.stringMatching(/^7\.2: the bus is made anew/)])
        // Otherwise a command is shifted by a bit, and not understood.
        const chip = new SdCardChip(new MemoryStore(64 * 2048))
        const bus = new ChipSpiBus(chip)
        const setClockHz = bus.setClockHz.bind(bus)
        bus.setClockHz = async hz => {
            // A chip select that stays active.
            if (hz > 400_000) chip.select(true)
            await setClockHz(hz)
        }
        const card = await new SdCard(bus, new SleepTicks()).openAgain()
        await expect(card.readBlock(0, empty())).rejects.toMatchObject({
            code: FaultCode.CardAbsent,
        })
    })
})

describe("card format on the ESP32's clock", () => {
    it("takes at most 15 s for a card of 32 GB, one transfer per block", async () => {
        const store = new MemoryStore(30500 * 2048)
        const { card, cost, time } = await timedCard(store, { random: generator(32) })
        const percents: number[] = []
        let longestMs = 0
        let lastMs = time.ms
        const { ms, transfers, bytes } = await cost(() =>
            formatVolume(card, "BMSMINI    ", async percent => {
                percents.push(percent)
                longestMs = Math.max(longestMs, time.ms - lastMs)
                lastMs = time.ms
            }),
        )
        expect(card.kind).toBe("SDHC")
        const volume = await Volume.mount(card, time)
        expect(volume.clusterBytes).toBe(32768)
        const blocks = [...store.written()].length
        expect(blocks).toBeGreaterThan(15_000)
        expect(transfers / blocks).toBeLessThan(1.15)
        expect(bytes / blocks).toBeLessThan(760)
        expect(ms).toBeLessThan(15_000)
        // There must be progress all the time.
        expect(percents.slice(0, 3)).toEqual([0, 10, 20])
        expect(longestMs).toBeLessThan(3000)
        expect(card.retries).toBe(0)
    })

    it("reports its progress every few seconds on a card of 512 GB", async () => {
        const counts: number[] = []
        const device = {
            blockCount: () => 1_000_000_000,
            readBlock: async () => {},
            writeBlock: async () => {},
            fillBlocks: async (_block: number, count: number) => void counts.push(count),
        }
        const percents: number[] = []
        await formatVolume(device, "BMSMINI    ", async percent => void percents.push(percent))
        expect(Math.max(...counts)).toBe(8192)
        expect(counts.length).toBeGreaterThan(20)
        expect([...percents]).toEqual([...percents].sort((a, b) => a - b))
        expect([percents[0], percents.at(-1)]).toEqual([0, 100])
    })
})
