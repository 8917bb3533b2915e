/**
 * A byte-wise wire as its receiver sees it. Usually both sides agree where a byte begins; each
 * stray clock edge moves the receiver on by one bit, and from then on its input and output are
 * shifted.
 */
export class BitSlip {
    private slipped = 0
    /** Bits already taken of the receiver's current byte. */
    private taken = 0
    /** The byte the receiver is sending. */
    private giving = 0

    /** @param next the receiver's next byte out; `take` gets each byte received, right after it */
    constructor(
        private readonly next: () => number,
        private readonly take: (byte: number) => void,
    ) {}

    /** Both sides agree again. */
    align(): void {
        this.slipped = 0
    }

    /**
     * One clock edge the sender did not mean, with its line high; the bit on the other line is
     * lost.
     */
    stray(): void {
        if (this.slipped === 0) {
            this.taken = 0
            this.giving = this.next()
        }
        this.taken = (this.taken << 1) | 1
        if (++this.slipped < 8) return
        this.slipped = 0
        this.take(this.taken)
    }

    /** Eight sender clocks. */
    exchange(byte: number): number {
        const { slipped } = this
        if (slipped === 0) {
            const back = this.next()
            this.take(byte)
            return back
        }
        const high = this.giving << slipped
        this.take(((this.taken << (8 - slipped)) | (byte >> slipped)) & 0xff)
        this.taken = byte & ((1 << slipped) - 1)
        this.giving = this.next()
        return (high | (this.giving >> (8 - slipped))) & 0xff
    }
}
