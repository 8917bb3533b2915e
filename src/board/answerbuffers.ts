/**
 * Buffers for bus answers, one per requested length. Few lengths occur, and a new buffer per
 * transfer would fragment the heap. Lengths that differ in their last three bits do not evict each
 * other; a search would take the interpreter as long as the transfer.
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
