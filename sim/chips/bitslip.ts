/**
 * A byte-wise wire as its receiver sees it. Usually both sides agree where a byte begins; each
 * stray clock edge moves the receiver on by one bit, and what it takes and gives is shifted from
 * then on.
 */
export class BitSlip {
    private slipped = 0
    /** The bits, already taken, of the receiver's byte that is under way. */
    private taken = 0
    /** What the receiver is giving in that byte. */
    private giving = 0

    /**
     * @param next the receiver's next byte out; `take` gets each byte that came in, right after it
     */
    constructor(
        private readonly next: () => number,
        private readonly take: (byte: number) => void,
    ) {}

    /** Both agree again. */
    align(): void {
        this.slipped = 0
    }

    /**
     * One clock edge that the sender did not mean, with its line high; what is on the other line is
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

    /** Eight clocks of the sender. */
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
