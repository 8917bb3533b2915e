import { existsSync, statSync } from "node:fs"
import type { SpiChip } from "./chips/chip"
import { SdCardChip, type SdCardOptions, type SdCardTiming } from "./chips/sdcard"
import { FileStore } from "./chips/sdcardstore"

/** The smallest card ever sold had 8 MB; test images may be smaller. */
const CARD_BYTES_MIN = 64 * 1024

/** Differences from the usual card. */
export type CardKind = Omit<SdCardOptions, "timing"> & Pick<SdCardTiming, "tidying">

/** The microSD socket: one card at a time, backed by an image file. */
export class CardSlot implements SpiChip {
    private card: SdCardChip | undefined
    private store: FileStore | undefined
    private readonly totals = { sectorReads: 0, sectorWrites: 0 }
    private clockHz: number | undefined

    /**
     * @param imagePath the default image of `insert`
     * @param timing timing of every card inserted; without it they know no time
     * @param kindOf the further behaviour of an image's card
     */
    constructor(
        private readonly imagePath: string,
        private readonly timing?: SdCardTiming,
        private readonly kindOf: (imagePath: string) => CardKind = () => ({}),
    ) {
        this.insert()
    }

    /** Sector counts of all cards that were in the socket. */
    get counters(): { sectorReads: number; sectorWrites: number } {
        return {
            sectorReads: this.totals.sectorReads + (this.card?.counters.sectorReads ?? 0),
            sectorWrites: this.totals.sectorWrites + (this.card?.counters.sectorWrites ?? 0),
        }
    }

    /** Throws if the image cannot be opened; the socket is then empty. */
    insert(imagePath = this.imagePath): void {
        this.pull()
        if (!existsSync(imagePath))
            throw new Error(`${imagePath}: no such card image; the socket is empty`)
        const { size } = statSync(imagePath)
        if (size < CARD_BYTES_MIN)
            throw new Error(`${imagePath} is not a card image: ${size} bytes; the socket is empty`)
        this.store = new FileStore(imagePath)
        const { tidying, ...kind } = this.kindOf(imagePath)
        const timing = this.timing && tidying ? { ...this.timing, tidying } : this.timing
        this.card = new SdCardChip(this.store, { ...kind, timing })
        if (this.clockHz !== undefined) this.card.configure(this.clockHz)
    }

    pull(): void {
        const { sectorReads, sectorWrites } = this.counters
        Object.assign(this.totals, { sectorReads, sectorWrites })
        this.card = undefined
        this.store?.close()
        this.store = undefined
    }

    /** The supply is back: the card must be initialised again. */
    powerUp(): void {
        this.card?.powerUp()
    }

    configure(hz: number): void {
        this.clockHz = hz
        this.card?.configure(hz)
    }

    select(on: boolean): void {
        this.card?.select(on)
    }

    transfer(out: Uint8Array): Uint8Array {
        return this.card?.transfer(out) ?? new Uint8Array(out.length).fill(0xff)
    }
}
