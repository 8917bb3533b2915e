import { describe, expect, it } from "vitest"
import { SdCard } from "../../../src/card/sdcard"
import { FaultCode } from "../../../src/core/fault"
import type { SpiBus } from "../../../src/core/seams"
import { formatVolume } from "../../../src/fat/format"
import { Volume } from "../../../src/fat/volume"
import { Firmware } from "../../../src/firmware"
import { Key } from "../../../src/settings/keys"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { generator } from "../../../sim/random"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { bareBoard } from "../../support/bareboard"
import { DeviceBuffer } from "../../support/devicebuffer"
import { ChipSpiBus, MemoryBlockDevice } from "../../support/memorycard"
import { SleepTicks } from "../../support/sleepticks"
import { measurement } from "../../support/measurement"
import { MemoryFlash } from "../../support/memoryflash"
import { RawSdHost } from "../../support/rawsdhost"
import { SdWireChecker } from "../../support/sdwirechecker"
import { BoardTime, TimedSpiBus } from "../../support/timedcard"
import { SdWireTrace } from "../../support/sdwiretrace"
import { empty, expectFaultless, filled, mebibyte, tampered, wired } from "../../support/wiredcard"

/** Writes and reads back at both ends of the card, then reads the status. */
async function exercise(card: SdCard): Promise<void> {
    const into = empty()
    for (const block of [0, 1, card.blockCount() - 1]) {
        await card.writeBlock(block, filled(block))
        await card.readBlock(block, into)
        expect(into).toEqual(filled(block))
    }
    await card.fillBlocks(card.blockCount() - 3, 3, filled(7))
    await card.readBlock(card.blockCount() - 1, into)
    expect(into).toEqual(filled(7))
    await card.probe()
}

const cards = [
    { type: "SDSC1", blocks: 64 * mebibyte },
    { type: "SDSC", blocks: 2048 * mebibyte },
    { type: "SDHC", blocks: 8192 * mebibyte },
    { type: "SDXC", blocks: 131072 * mebibyte },
] as const

describe("the driver follows the SD standard", () => {
    for (const { type, blocks } of cards) {
        it(`in the start-up, reads, writes and status of a fast ${type} card`, async () => {
            const { wire, open, commands } = wired({ type, initPolls: 1 }, blocks)
            const card = await open()
            const bytes = type.startsWith("SDSC")
            expect(commands()).toEqual([
                "CMD0",
                "CMD8",
                ...["CMD55", "ACMD41", "CMD55", "ACMD41"],
                "CMD58",
                ...(bytes ? ["CMD16"] : []),
                "CMD59",
                "CMD9",
            ])
            const conditions = wire.commands.filter(one => one.index === 41)
            for (const one of conditions)
                expect(one.argument).toBe(type === "SDSC1" ? 0 : 0x40000000)
            expect(wire.rules.capacityBlocks).toBe(blocks)
            wire.commands.length = 0
            await exercise(card)
            const write = ["CMD24", "CMD13"]
            const stream = ["CMD55", "ACMD23", "CMD25", "CMD13", "CMD17"]
            expect(commands()).toEqual([
                ...[...write, "CMD17"],
                // The block after the last one read: a stream, because more may follow.
                ...[...write, "CMD18", "CMD12"],
                ...[...write, "CMD17"],
                ...stream,
                "CMD13",
            ])
            const unit = bytes ? 512 : 1
            expect(wire.commands[7].argument).toBe((blocks - 1) * unit)
            expectFaultless(wire)
        })
    }

    for (const type of ["SDSC1", "SDHC"] as const)
        it(`at every delay of a slow ${type} card`, async () => {
            for (const responseDelayBytes of [1, 8])
                for (let bytes = 1; bytes < 80; ++bytes) {
                    const delays = { responseDelayBytes, readDelayBytes: bytes }
                    const rest = { busyBytes: bytes - 1, initPolls: bytes % 4 }
                    const { wire, open } = wired({ type, ...delays, ...rest })
                    await exercise(await open())
                    expectFaultless(wire)
                }
        })

    it("with cards that take as long as the standard allows", async () => {
        // 100 ms for a read (4.6.2.1), 1 s for the start (4.2.3), 500 ms for a write of SDXC
        // (4.6.2.2).
        const time = new BoardTime()
        const timing = {
            nowMs: () => time.ms,
            random: generator(1),
            read: { ms: [100, 100] as const },
            write: { ms: [500, 500] as const },
            streamBlock: { ms: [500, 500] as const },
            tidying: { ms: [0, 0] as const },
        }
        const bus = (chip: SdCardChip) => new TimedSpiBus(chip, time)
        const { wire, open } = wired({ timing, initPolls: 90 }, undefined, bus, time)
        const card = await open()
        expect(time.ms).toBeGreaterThan(1900)
        let beforeMs = time.ms
        const took = () => time.ms - beforeMs
        await card.readBlock(0, empty())
        expect(took()).toBeGreaterThanOrEqual(100)
        expect(took()).toBeLessThan(100 + 15)
        beforeMs = time.ms
        await card.writeBlock(0, filled(1))
        expect(took()).toBeGreaterThanOrEqual(500)
        expect(took()).toBeLessThan(500 + 15)
        beforeMs = time.ms
        await card.fillBlocks(0, 3, filled(1))
        // Three blocks, and the end of the stream.
        expect(took()).toBeGreaterThanOrEqual(4 * 500)
        expect(took()).toBeLessThan(4 * (500 + 15))
        expectFaultless(wire)
    })

    it("when reads and writes fail, wherever in a transfer this shows", async () => {
        for (let bytes = 690; bytes < 830; ++bytes) {
            const { chip, wire, open } = wired({ readDelayBytes: bytes, busyBytes: bytes })
            const card = await open()
            chip.faults.failReads = 2
            await card.readBlock(30, empty())
            chip.faults.refuseWrites = 1
            await card.writeBlock(2, filled(2))
            chip.faults.failWrites = 1
            await card.writeBlock(3, filled(3))
            chip.faults.unreadable.add(4)
            await expect(card.readBlock(4, empty())).rejects.toMatchObject({ evidence: 4 })
            chip.faults.refuseWrites = 1
            await card.fillBlocks(5, 3, filled(5))
            chip.faults.failWrites = 1
            await card.fillBlocks(8, 3, filled(8))
            await card.probe()
            expectFaultless(wire)
            expect([card.retries, card.errors]).toEqual([8, 1])
        }
    })

    it("with a card that is pulled and put back", async () => {
        const { chip, wire, open } = wired()
        const absent = { code: FaultCode.CardAbsent }
        chip.pull()
        await expect(open()).rejects.toMatchObject(absent)
        chip.insert()
        const card = await open()
        await exercise(card)
        chip.pull()
        await expect(card.readBlock(0, empty())).rejects.toMatchObject(absent)
        await expect(card.writeBlock(0, filled(0))).rejects.toMatchObject(absent)
        await expect(card.probe()).rejects.toMatchObject(absent)
        chip.insert()
        wire.powerCycled()
        await exercise(await open())
        wire.finish()
        expect(wire.hostFaults).toEqual([])
        // An absent card gives no answer within NCR.
        for (const fault of wire.cardFaults) expect(fault).toMatch(/^7\.5\.4: .*no answer/)
    })

    it("with a card that accepts a read command and stays silent", async () => {
        const { chip, wire, open } = wired()
        const card = await open()
        chip.faults.silentReads = 1
        await card.readBlock(0, empty())
        expect(card.retries).toBe(1)
        chip.faults.silentReads = 3
        await expect(card.readBlock(0, empty())).rejects.toMatchObject({
            code: FaultCode.CardTimeout,
        })
        await card.readBlock(0, empty())
        expectFaultless(wire)
    })

    const wrongCards = [
        {
            title: "that echoes another pattern to CMD8",
            bus: tampered(8, { 5: 0x55 }),
            says: "does not run at 3.3 V",
        },
        {
            title: "that refuses the voltage",
            bus: tampered(8, { 4: 0x00 }),
            says: "does not run at 3.3 V",
        },
        {
            title: "without ACMD41",
            bus: tampered(41, { 1: 0x05 }),
            says: "this is not an SD card",
        },
        {
            title: "that never gets ready",
            options: { initPolls: 1_000_000 },
            says: "never gets ready",
        },
    ]
    for (const { title, bus, options, says } of wrongCards)
        it(`and leaves a card alone ${title}`, async () => {
            const { wire, open } = wired(options, undefined, bus)
            await expect(open()).rejects.toThrow(says)
            wire.finish()
            expect(wire.hostFaults).toEqual([])
        })

    it("under a file system that is made, filled and synced", async () => {
        const { ticks, wire, open } = wired({ readDelayBytes: 18, busyBytes: 9 })
        const card = await open()
        await formatVolume(card, "BMSMINI    ")
        const volume = await Volume.mount(card, ticks)
        const file = await volume.openForAppend("LOG/A.CSV", "time\r\n")
        for (let i = 0; i < 100; ++i)
            await file.append(DeviceBuffer.from(`${i},`.padEnd(94, "0") + "\r\n") as never)
        await volume.sync()
        expectFaultless(wire)
        expect(wire.commands.length).toBeGreaterThan(250)
    })
})

describe("several blocks in one command follow the SD standard", () => {
    for (const type of ["SDSC", "SDHC"] as const)
        it(`on the emulated ${type} card: CMD18 with CMD12, CMD25 with the stop token`, async () => {
            const { wire, chip } = wired({ type, readDelayBytes: 3, busyBytes: 20 })
            const host = new RawSdHost(wire)
            await host.start()
            const unit = type === "SDSC" ? 512 : 1
            await host.send(25, 5 * unit)
            await host.block(0xfc, [...filled(1)])
            await host.block(0xfc, [...filled(2)])
            await host.bytes([0xff, 0xfd, ...new Array<number>(40).fill(0xff)])
            await host.send(13)
            await host.send(18, 5 * unit, { after: 3 * 520 })
            await host.send(12, 0, { after: 20 })
            await host.send(13)
            await wire.select(false)
            expectFaultless(wire)
            expect(chip.counters.sectorWrites).toBe(2)
        })
})

/** The layout of a FAT32 volume, from its boot sector. */
function layout(store: MemoryStore) {
    const boot = new DataView(Uint8Array.from(store.read(0)).buffer)
    const reserved = boot.getUint16(14, true)
    const tableBlocks = boot.getUint32(36, true)
    return { reserved, tableBlocks, clusterBlocks: boot.getUint8(13) }
}

/** Names the content of a block of a volume formatted by us. */
function blockNames(store: MemoryStore): (block: number) => string {
    const { reserved, tableBlocks, clusterBlocks } = layout(store)
    return block => {
        if (block < 2) return ["boot sector", "FSInfo"][block]
        if (block < reserved) return block < reserved - 7 ? `reserved sector ${block}` : "redo log"
        const table = Math.floor((block - reserved) / tableBlocks)
        if (table < 2) return `table ${table + 1}`
        return `cluster ${2 + Math.floor((block - reserved - 2 * tableBlocks) / clusterBlocks)}`
    }
}

/** The names of clusters, by the directory entries in the first sector of `cluster`. */
function clusterNames(store: MemoryStore, cluster: number): Record<string, string> {
    const { reserved, tableBlocks, clusterBlocks } = layout(store)
    const block = reserved + 2 * tableBlocks + (cluster - 2) * clusterBlocks
    const entries = Buffer.from(store.read(block))
    const names: Record<string, string> = { [cluster]: "root directory" }
    for (let at = 0; entries[at] !== 0; at += 32) {
        const name = entries.toString("latin1", at, at + 8).trim()
        const extension = entries.toString("latin1", at + 8, at + 11).trim()
        const first = entries.readUInt16LE(at + 26)
        if (first > 2 && name[0] !== ".") names[first] = extension ? `${name}.${extension}` : name
    }
    return names
}

const measured = measurement([3_300, 3_301, 3_302, 3_303], { currentMa: -1_500 })

/** The built firmware with nothing running, and the content of its records. */
function firmwareOn(spi: SpiBus, ticks: SleepTicks): Firmware {
    const none = {} as never
    const rest = {
        i2c: none,
        tcp: none,
        wifi: none,
        serveConsole: () => {},
        reboot: async () => {},
    }
    const firmware = new Firmware(bareBoard({ ticks, spi, flash: new MemoryFlash(), ...rest }))
    const { clock, settings, battery, alarms } = firmware
    clock.trusted = () => true
    clock.offsetMinutes = () => 60
    settings.number = key => (key === Key.SdPeriod ? 60 : 0)
    settings.text = () => "ACME-7"
    alarms.flags = () => 0
    battery.last = measured
    return firmware
}

/** From power-on to the second record on a new card, by the firmware's own parts. */
async function tracedStart(): Promise<string> {
    const store = new MemoryStore(4096 * mebibyte)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    const chip = new SdCardChip(store, { initPolls: 1 })
    const ticks = new SleepTicks()
    const wire = new SdWireChecker(new ChipSpiBus(chip), () => ticks.nowMs())
    const trace = new SdWireTrace(wire, blockNames(store))
    trace.remark(
        "An SD card from power-on to the second record, as it goes over the wire.",
        "",
        "SDHC card of 4 GiB, formatted and empty: FAT32, clusters of 4096 bytes. Each line is one SPI transfer:",
        "number, clock, chip select, bytes > sent to the card < received at the same clocks | what it means.",
        "ff*15 is 15 bytes of ff. {512 bytes, CRC 1234: …} is a data block, its checksum and how it begins.",
        "Numbers in parentheses are sections of the SD Physical Layer Simplified Specification 6.00.",
    )
    const { storage, logger, clock } = firmwareOn(wire, ticks)
    let seconds = Date.UTC(2026, 10, 22, 12, 0, 0) / 1000
    clock.nowSeconds = () => seconds
    trace.heading("The card is started and mounted (wake … readCsd, then the volume)")
    await storage.use("test", async () => {})
    trace.heading("First record: LOG is made, and in it today's file with its header line")
    await logger.logRecord()
    await logger.flush()
    trace.heading("Second record: one sector")
    seconds += 60
    await logger.logRecord()
    await logger.flush()
    trace.heading("Every 2 s: is the card still there?")
    await storage.poll()
    expectFaultless(wire)
    const root = clusterNames(store, 2)
    const logs = Object.keys(root).find(cluster => root[cluster] === "LOG")!
    const names: Record<string, string> = { ...clusterNames(store, Number(logs)), ...root }
    return trace
        .text()
        .replace(/cluster (\d+)/g, (text, cluster) => `${text} (${names[cluster] ?? "free"})`)
}

// After an intended change: npx vitest run test/unit/card/sdwire.test.ts -u, then review the diff.
it("a start on the wire matches test/fixtures/sd-startup.trace", async () => {
    await expect(await tracedStart()).toMatchFileSnapshot("../../fixtures/sd-startup.trace")
})
