import { describe, expect, it } from "vitest"
import { SdCard } from "../../../src/card/sdcard"
import { FaultCode } from "../../../src/core/fault"
import { SdCardChip, type SdCardType } from "../../../sim/chips/sdcard"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { blankStore, ChipSpiBus, openMemoryCard } from "../../support/memorycard"
import { SleepTicks } from "../../support/sleepticks"

function filled(value: number): Buffer {
    const block = DeviceBuffer.alloc(512)
    for (let i = 0; i < 512; ++i) block[i] = (value + i) & 255
    return block as unknown as Buffer
}

function empty(): Buffer {
    return DeviceBuffer.alloc(512) as unknown as Buffer
}

describe("the SD card driver", () => {
    const cards: { type: SdCardType; kind: string; blocks: number }[] = [
        { type: "SDSC1", kind: "SDSC", blocks: 64 * 2048 },
        { type: "SDSC", kind: "SDSC", blocks: 2048 * 2048 },
        { type: "SDHC", kind: "SDHC", blocks: 8192 * 2048 },
        { type: "SDXC", kind: "SDXC", blocks: 131072 * 2048 },
    ]
    for (const { type, kind, blocks } of cards) {
        it(`reads and writes the first and the last block of a ${type} card`, async () => {
            const { card } = await openMemoryCard(new MemoryStore(blocks), { type })
            expect(card.kind).toBe(kind)
            expect(card.blockCount()).toBe(blocks)
            const into = empty()
            for (const block of [0, 1, blocks - 1]) {
                await card.writeBlock(block, filled(block))
                await card.readBlock(block, into)
                expect(into).toEqual(filled(block))
            }
            await expect(card.readBlock(blocks, into)).rejects.toMatchObject({
                code: FaultCode.CardRefused,
            })
        })
    }

    it("needs two transfers for a read and three for a write on a fast card", async () => {
        const { card, chip } = await openMemoryCard(blankStore(64))
        chip.counters.transfers = 0
        await card.readBlock(5, empty())
        expect(chip.counters.transfers).toBe(2)
        await card.writeBlock(5, filled(1))
        expect(chip.counters.transfers).toBe(5)
    })

    it("waits for a slow card, whatever its answer delays are", async () => {
        for (const responseDelayBytes of [1, 2, 7, 8]) {
            for (const readDelayBytes of [0, 1, 13, 14, 15, 60, 600, 3000]) {
                const { card } = await openMemoryCard(blankStore(64), {
                    responseDelayBytes,
                    readDelayBytes,
                    busyBytes: readDelayBytes,
                    initPolls: 20,
                })
                const into = empty()
                await card.writeBlock(7, filled(3))
                await card.readBlock(7, into)
                expect(into).toEqual(filled(3))
            }
        }
    })

    it("repeats a refused or failed transfer, counts it, and gives up after three", async () => {
        const { card, chip } = await openMemoryCard(blankStore(64))
        chip.faults.refuseWrites = 2
        await card.writeBlock(9, filled(9))
        chip.faults.failWrites = 1
        await card.writeBlock(9, filled(9))
        chip.faults.failReads = 2
        const into = empty()
        await card.readBlock(9, into)
        expect(into).toEqual(filled(9))
        expect([card.retries, card.errors]).toEqual([5, 0])
        chip.faults.unreadable.add(9)
        await expect(card.readBlock(9, into)).rejects.toMatchObject({
            code: FaultCode.CardCrc,
            evidence: 9,
        })
        await card.readBlock(10, into)
        expect([card.retries, card.errors]).toEqual([7, 1])
    })

    it("reports a missing card", async () => {
        const chip = new SdCardChip(blankStore(64))
        chip.pull()
        const opening = new SdCard(new ChipSpiBus(chip), new SleepTicks()).openAgain()
        await expect(opening).rejects.toMatchObject({ code: FaultCode.CardAbsent })
        await expect(opening).rejects.toThrow("put one in")
    })

    it("notices a pulled card, and a card that was pulled and put back", async () => {
        const { card, chip } = await openMemoryCard(blankStore(64))
        await card.probe()
        chip.pull()
        const absent = { code: FaultCode.CardAbsent }
        await expect(card.probe()).rejects.toMatchObject(absent)
        await expect(card.readBlock(0, empty())).rejects.toMatchObject(absent)
        await expect(card.writeBlock(0, filled(0))).rejects.toMatchObject(absent)
        chip.insert()
        await expect(card.probe()).rejects.toMatchObject(absent)
        const again = await new SdCard(new ChipSpiBus(chip), new SleepTicks()).openAgain()
        await again.probe()
    })

    it("gives up on a card that stays busy", async () => {
        const { card, chip } = await openMemoryCard(blankStore(64))
        chip.faults.busyForEver = true
        await expect(card.writeBlock(0, filled(0))).rejects.toMatchObject({
            code: FaultCode.CardTimeout,
        })
    })

    it("reads a write-protected card and refuses to write to it", async () => {
        const { card } = await openMemoryCard(blankStore(64), { writeProtected: true })
        await card.readBlock(0, empty())
        const writing = card.writeBlock(0, filled(0))
        await expect(writing).rejects.toMatchObject({ code: FaultCode.CardWriteProtected })
        await expect(writing).rejects.toThrow("unlock it or use another")
    })

    it("does not complete a write that a power cut interrupts", async () => {
        const store = blankStore(64)
        const { card, chip } = await openMemoryCard(store)
        chip.faults.writesUntilPowerCut = 1
        await card.writeBlock(0, filled(1))
        await expect(card.writeBlock(1, filled(2))).rejects.toBeDefined()
        chip.powerUp()
        const again = await new SdCard(new ChipSpiBus(chip), new SleepTicks()).openAgain()
        const into = empty()
        await again.readBlock(0, into)
        expect(into).toEqual(filled(1))
        await again.readBlock(1, into)
        expect(into).toEqual(empty())
    })

    it("starts the card according to the standard", async () => {
        const chip = new SdCardChip(blankStore(8192), { initPolls: 1 })
        const bus = new ChipSpiBus(chip)
        const trace: string[] = []
        const transfer = bus.transfer.bind(bus)
        bus.transfer = async out => {
            const command = out[0] === 0xff && (out[1] & 0xc0) === 0x40
            const text = (out.slice(1, 7) as unknown as DeviceBuffer).toString("hex")
            trace.push(`${bus.clockHz} ${command ? text : `${out.length} x ff`}`)
            return transfer(out)
        }
        await new SdCard(bus, new SleepTicks()).openAgain()
        expect(trace).toEqual([
            "400000 20 x ff", // at least 74 clocks with the select high
            "400000 400000000095", // CMD0
            "400000 48000001aa87", // CMD8: 2.7–3.6 V, pattern 0xaa
            "400000 770000000065", // CMD55
            "400000 694000000077", // ACMD41 with HCS: still idle
            "400000 770000000065",
            "400000 694000000077", // ready
            "400000 7a00000000fd", // CMD58: addressed in blocks
            "400000 7b0000000183", // CMD59: checksums count from here on
            "400000 4900000000af", // CMD9
            "400000 736 x ff", // the rest of the card-specific data
        ])
    })
})

describe("the emulated SD card", () => {
    /** A started card; `exchange` sends bytes and some clocks, and returns the card's answer. */
    async function started() {
        const store = blankStore(64)
        const { chip } = await openMemoryCard(store, { type: "SDHC" })
        chip.select(true)
        const exchange = (bytes: number[], clocks: number) =>
            chip.transfer(Uint8Array.from([...bytes, ...new Array<number>(clocks).fill(0xff)]))
        // CMD59 with 0 turns checksums off.
        expect(exchange([0x7b, 0, 0, 0, 0, 0x91], 3)[7]).toBe(0)
        return { chip, store, exchange }
    }

    it("sends block after block until CMD12", async () => {
        const { store, exchange, chip } = await started()
        for (let block = 0; block < 3; ++block)
            store.write(5 + block, new Uint8Array(512).fill(0x11 * (block + 1)))
        const answer = exchange([0x52, 0, 0, 0, 5, 0xff], 3 * 520)
        for (let block = 0; block < 3; ++block) {
            const at = 8 + block * 517
            expect([answer[at + 2], answer[at + 3], answer[at + 514]]).toEqual([
                0xfe,
                0x11 * (block + 1),
                0x11 * (block + 1),
            ])
        }
        const stopped = exchange([0x4c, 0, 0, 0, 0, 0xff], 10)
        expect([...stopped.subarray(7, 11)]).toEqual([0xff, 0x00, 0x00, 0xff])
        chip.counters.sectorReads = 0
        exchange([], 2000)
        expect(chip.counters.sectorReads).toBe(0)
    })

    it("takes block after block until the stop token", async () => {
        const { store, exchange, chip } = await started()
        exchange([0x59, 0, 0, 0, 9, 0xff], 4)
        for (let block = 0; block < 2; ++block) {
            const data = new Array<number>(512).fill(0x40 + block)
            const answer = exchange([0xfc, ...data, 0xff, 0xff], 6)
            expect(answer[515] & 0x1f).toBe(0x05)
            expect([...answer.subarray(516, 519)]).toEqual([0, 0, 0])
        }
        const stopped = exchange([0xfd], 6)
        expect([...stopped]).toContain(0x00)
        expect(stopped[6]).toBe(0xff)
        expect(store.read(9)[0]).toBe(0x40)
        expect(store.read(10)[511]).toBe(0x41)
        expect(exchange([0x4d, 0, 0, 0, 0, 0xff], 4)[7]).toBe(0)
        expect(chip.counters.sectorWrites).toBe(2)
    })

    it("does not wake up without 74 clocks with the select high", () => {
        const chip = new SdCardChip(blankStore(64))
        const reset = Uint8Array.from([0x40, 0, 0, 0, 0, 0x95, 0xff, 0xff, 0xff])
        chip.transfer(new Uint8Array(9).fill(0xff))
        chip.select(true)
        expect([...chip.transfer(reset)]).not.toContain(0x01)
        chip.select(false)
        chip.transfer(new Uint8Array(1).fill(0xff))
        chip.select(true)
        expect([...chip.transfer(reset)]).toContain(0x01)
    })

    it("checks checksums once they are turned on", async () => {
        const { exchange } = await started()
        // CMD59 with 1, then CMD13 with a wrong and with the right checksum.
        exchange([0x7b, 0, 0, 0, 1, 0xff], 3)
        expect(exchange([0x4d, 0, 0, 0, 0, 0xff], 4)[7]).toBe(0x08)
        expect(exchange([0x4d, 0, 0, 0, 0, 0x0d], 4)[7]).toBe(0x00)
    })
})
