import { existsSync, statSync } from "node:fs"
import type { SpiChip } from "./chips/chip"
import { SdCardChip, type SdCardTiming } from "./chips/sdcard"
import { FileStore } from "./chips/sdcardstore"

/** The smallest card that was ever sold had 8 MB; images for tests may be smaller than that. */
const CARD_BYTES_MIN = 64 * 1024

/** The microSD socket: one card at a time, backed by an image file. */
export class CardSlot implements SpiChip {
    private card: SdCardChip | undefined
    private store: FileStore | undefined
    private readonly totals = { sectorReads: 0, sectorWrites: 0 }
    private clockHz: number | undefined

    /**
     * @param imagePath the image that `insert` uses when it is given none
     * @param timing what every card in it takes; without it they know no time
     */
    constructor(
        private readonly imagePath: string,
        private readonly timing?: SdCardTiming,
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

    /** Throws when the image cannot be opened; the socket is empty then. */
    insert(imagePath = this.imagePath): void {
        this.pull()
        if (!existsSync(imagePath))
            throw new Error(`${imagePath}: no such card image; the socket is empty`)
        const { size } = statSync(imagePath)
        if (size < CARD_BYTES_MIN)
            throw new Error(`${imagePath} is no card image: ${size} bytes; the socket is empty`)
        this.store = new FileStore(imagePath)
        this.card = new SdCardChip(this.store, { timing: this.timing })
        if (this.clockHz !== undefined) this.card.configure(this.clockHz)
    }

    pull(): void {
        const { sectorReads, sectorWrites } = this.counters
        Object.assign(this.totals, { sectorReads, sectorWrites })
        this.card = undefined
        this.store?.close()
        this.store = undefined
    }

    /** The supply comes back: the card has to be initialised anew. */
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
