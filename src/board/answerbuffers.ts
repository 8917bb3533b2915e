/**
 * Buffers for what comes back on a bus, one for each length that is asked for. There are few lengths, and a new buffer
 * for each transfer would cut the heap into pieces.
 */
export class AnswerBuffers {
    private readonly buffers: Buffer[] = []

    of(length: number): Buffer {
        for (const buffer of this.buffers) if (buffer.length === length) return buffer
        const buffer = Buffer.alloc(length)
        this.buffers.push(buffer)
        return buffer
    }
}
