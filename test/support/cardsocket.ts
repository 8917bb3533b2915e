import type { SpiChip } from "../../sim/chips/chip"
import type { SdCardChip } from "../../sim/chips/sdcard"

/** The board's card socket: its card can be changed at any byte on the wire. */
export class CardSocket implements SpiChip {
    card: SdCardChip | undefined
    transfers = 0
    /** Called before each transfer; a returned number pulls the card after that many bytes. */
    onTransfer: ((transfer: number, out: Uint8Array) => number | undefined) | undefined
    private selected = false
    private clockHz = 400_000

    insert(card: SdCardChip): void {
        this.card = card
        card.configure(this.clockHz)
        card.insert()
        card.select(this.selected)
    }

    pull(): void {
        this.card?.pull()
        this.card = undefined
    }

    configure(hz: number): void {
        this.clockHz = hz
        this.card?.configure(hz)
    }

    select(on: boolean): void {
        this.selected = on
        this.card?.select(on)
    }

    transfer(out: Uint8Array): Uint8Array {
        this.transfers++
        const bytes = this.onTransfer?.(this.transfers, out)
        if (bytes === undefined) return this.exchange(out)
        const start = this.exchange(out.slice(0, bytes))
        this.pull()
        return Uint8Array.from([...start, ...this.exchange(out.slice(bytes))])
    }

    private exchange(out: Uint8Array): Uint8Array {
        return this.card?.transfer(out) ?? new Uint8Array(out.length).fill(0xff)
    }
}
