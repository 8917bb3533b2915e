import { expect } from "vitest"
import { SdCard } from "../../src/card/sdcard"
import type { SpiBus, Ticks } from "../../src/core/seams"
import { SdCardChip, type SdCardOptions } from "../../sim/chips/sdcard"
import { MemoryStore } from "../../sim/chips/sdcardstore"
import { DeviceBuffer } from "./devicebuffer"
import { ChipSpiBus } from "./memorycard"
import { SleepTicks } from "./sleepticks"
import { SdWireChecker } from "./sdwirechecker"

export const mebibyte = 2048

export function filled(value: number): Buffer {
    const block = DeviceBuffer.alloc(512)
    for (let i = 0; i < 512; ++i) block[i] = (value + i) & 255
    return block as unknown as Buffer
}

export function empty(): Buffer {
    return DeviceBuffer.alloc(512) as unknown as Buffer
}

/** A card behind the checker; `bus` lets a test sit between the two. */
export function wired(
    options: SdCardOptions = {},
    blocks = 64 * mebibyte,
    bus: (chip: SdCardChip) => SpiBus = chip => new ChipSpiBus(chip),
    ticks: Ticks = new SleepTicks(),
) {
    const chip = new SdCardChip(new MemoryStore(blocks), options)
    const wire = new SdWireChecker(bus(chip), () => ticks.nowMs())
    const open = () => new SdCard(wire, ticks).openAgain()
    /** The names of all commands, in order. */
    const commands = () => wire.commands.map(one => one.name.split(" ")[0])
    return { chip, ticks, wire, open, commands }
}

/** Expects that neither side broke the standard, and that the clock may stop now. */
export function expectFaultless(wire: SdWireChecker): void {
    wire.finish()
    expect(wire.hostFaults).toEqual([])
    expect(wire.cardFaults).toEqual([])
}

/** Changes bytes of a card's answer; the keys count from the command's last byte. */
export function tampered(index: number, changes: Record<number, number>) {
    return (chip: SdCardChip): SpiBus => {
        const bus = new ChipSpiBus(chip)
        const transfer = bus.transfer.bind(bus)
        bus.transfer = async out => {
            const back = await transfer(out)
            if (out[0] === 0xff && out[1] === (0x40 | index))
                for (const [at, byte] of Object.entries(changes)) back[7 + Number(at)] = byte
            return back
        }
        return bus
    }
}
