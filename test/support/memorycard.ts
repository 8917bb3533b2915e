import { AnswerBuffers } from "../../src/board/answerbuffers"
import { SdCard } from "../../src/card/sdcard"
import type { BlockDevice, CardDevice, SpiBus } from "../../src/core/seams"
import type { SpiChip } from "../../sim/chips/chip"
import { SdCardChip, type SdCardOptions } from "../../sim/chips/sdcard"
import { MemoryStore, type BlockStore } from "../../sim/chips/sdcardstore"
import { SleepTicks } from "./sleepticks"

/** The firmware's side of a bus with one emulated chip. */
export class ChipSpiBus implements SpiBus {
    clockHz = 400_000
    private readonly answers = new AnswerBuffers()

    constructor(private readonly chip: SpiChip) {}

    async setClockHz(hz: number): Promise<void> {
        this.clockHz = hz
        this.chip.configure(hz)
    }

    async select(on: boolean): Promise<void> {
        this.chip.select(on)
    }

    async transfer(out: Buffer): Promise<Buffer> {
        const answer = this.answers.of(out.length)
        answer.set(this.chip.transfer(out))
        return answer
    }
}

/** Blocks without a card, with counts of the accesses. */
export class MemoryBlockDevice implements CardDevice {
    reads = 0
    writes = 0
    /** Writes left; later ones throw. */
    writesLeft = Infinity
    onWrite: ((block: number, data: Uint8Array) => void) | undefined

    constructor(readonly store: BlockStore) {}

    blockCount(): number {
        return this.store.blockCount
    }

    async readBlock(block: number, into: Buffer): Promise<void> {
        this.reads++
        if (!(block >= 0 && block < this.store.blockCount)) throw new Error(`read of ${block}`)
        into.set(this.store.read(block), 0)
    }

    async writeBlock(block: number, from: Buffer): Promise<void> {
        if (!(block >= 0 && block < this.store.blockCount)) throw new Error(`write of ${block}`)
        if (this.writesLeft-- <= 0) throw new Error("power cut")
        this.writes++
        this.store.write(block, from)
        this.onWrite?.(block, from)
    }

    async fillBlocks(block: number, count: number, from: Buffer): Promise<void> {
        for (let i = 0; i < count; ++i) await this.writeBlock(block + i, from)
    }

    async probe(): Promise<void> {}
}

/** An emulated card in memory with the firmware's driver. */
export async function openMemoryCard(store: BlockStore, options: SdCardOptions = {}) {
    const chip = new SdCardChip(store, options)
    const ticks = new SleepTicks()
    const card = await new SdCard(new ChipSpiBus(chip), ticks).openAgain()
    return { chip, ticks, card: card as SdCard & BlockDevice }
}

export function blankStore(mebibytes: number): MemoryStore {
    return new MemoryStore(mebibytes * 2048)
}
