/** Bytes in order, added and taken in pieces of any size. */
export class ByteQueue {
    private pieces: Uint8Array[] = []
    bytes = 0

    push(data: Uint8Array): void {
        if (data.length === 0) return
        this.pieces.push(data)
        this.bytes += data.length
    }

    /** The oldest bytes, at most `bytesMax`, copied. */
    take(bytesMax: number): Uint8Array {
        const taken = new Uint8Array(Math.min(bytesMax, this.bytes))
        let at = 0
        while (at < taken.length) {
            const piece = this.pieces[0]
            const part = piece.subarray(0, taken.length - at)
            taken.set(part, at)
            at += part.length
            if (part.length === piece.length) this.pieces.shift()
            else this.pieces[0] = piece.subarray(part.length)
        }
        this.bytes -= at
        return taken
    }

    clear(): void {
        this.pieces = []
        this.bytes = 0
    }
}
