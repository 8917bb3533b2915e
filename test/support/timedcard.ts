// The emulated card with its own timing, on a board with the ESP32's timing: each driver operation
// takes as long as it takes there.

import { SdCard } from "../../src/card/sdcard"
import type { Ticks } from "../../src/core/seams"
import type { SpiChip } from "../../sim/chips/chip"
import { SdCardChip, type SdCardOptions, type SdCardTiming } from "../../sim/chips/sdcard"
import type { BlockStore } from "../../sim/chips/sdcardstore"
import { generator } from "../../sim/random"
import { ChipSpiBus } from "./memorycard"

/** Overhead of a transfer besides its bits, until the waiting fiber continues, ms. */
const transferMs = 0.17
/** Interpreter time around a transfer: some 80 opcodes of 5 µs. */
const interpreterMs = 0.4
/** The runtime's main loop, and so each sleeper, wakes at multiples of this. */
const tickMs = 10

/** Board time in ms, with fractions; it passes in transfers and in sleeps. */
export class BoardTime implements Ticks {
    ms = 1000
    sleeps = 0

    nowMs(): number {
        return Math.floor(this.ms)
    }

    async sleep(ms: number): Promise<void> {
        this.sleeps++
        this.ms = Math.ceil((this.ms + Math.max(1, ms)) / tickMs) * tickMs
    }
}

/** An SPI bus on which transfers take board time. */
export class TimedSpiBus extends ChipSpiBus {
    transfers = 0
    bytes = 0

    constructor(
        chip: SpiChip,
        private readonly time: BoardTime,
    ) {
        super(chip)
    }

    override async transfer(out: Buffer): Promise<Buffer> {
        this.transfers++
        this.bytes += out.length
        const answer = await super.transfer(out)
        this.time.ms += transferMs + interpreterMs + (out.length * 8000) / this.clockHz
        return answer
    }
}

/** A card's timing; without chance unless a test adds some. */
export type CardTimes = Omit<Partial<SdCardTiming>, "nowMs">

export async function timedCard(store: BlockStore, times: CardTimes, options: SdCardOptions = {}) {
    const time = new BoardTime()
    const timing = { random: generator(1), ...times, nowMs: () => time.ms }
    const chip = new SdCardChip(store, { ...options, timing })
    const bus = new TimedSpiBus(chip, time)
    const card = await new SdCard(bus, time).openAgain()
    /** The cost of some work: board time in ms, transfers, their bytes, and sleeps. */
    const cost = async (work: () => Promise<unknown>) => {
        const { ms, sleeps } = time
        const { transfers, bytes } = bus
        await work()
        return {
            ms: time.ms - ms,
            transfers: bus.transfers - transfers,
            bytes: bus.bytes - bytes,
            sleeps: time.sleeps - sleeps,
        }
    }
    return { time, chip, bus, card, cost }
}
