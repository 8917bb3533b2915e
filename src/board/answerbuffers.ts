/**
 * Buffers for what comes back on a bus, one for each length that is asked for. There are few
 * lengths, and a new buffer for each transfer would cut the heap into pieces. Lengths that differ
 * in their last three bits do not drive each other out; a search would take the interpreter as long
 * as the transfer.
 */
export class AnswerBuffers {
    private readonly buffers: Buffer[] = []

    of(length: number): Buffer {
        const place = length & 7
        let buffer = this.buffers[place]
        if (!buffer || buffer.length !== length) {
            buffer = Buffer.alloc(length)
            this.buffers[place] = buffer
        }
        return buffer
    }
}
