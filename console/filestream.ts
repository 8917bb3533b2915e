const lineFeed = 10
const refusal = Buffer.from("error: ")
const remark = Buffer.from("# ")

/** Begins like that, or has begun to: the line's end tells. */
function mayBegin(line: Buffer, words: Buffer): boolean {
    const length = Math.min(line.length, words.length)
    return line.subarray(0, length).equals(words.subarray(0, length))
}

/**
 * Takes a file's bytes out of what `card cat` prints: between its lines the board says how far it is, and at the end
 * perhaps why it broke off.
 */
export class FileStream {
    /** The file's size when the board opened it, as far as it has said so. */
    size: number | undefined
    /** Why the board broke off; undefined while it has not. */
    refused: string | undefined
    /** Where the last line begins: what is behind it may have the board's refusal in it. */
    lineStart: number
    private line: Buffer = Buffer.alloc(0)
    private atLineStart = true

    /**
     * @param offset what was asked for: the bytes in front of it are not counted anew
     * @param onBytes takes the file's bytes, in order
     */
    constructor(
        public offset: number,
        private readonly onBytes: (bytes: Buffer) => void,
    ) {
        this.lineStart = offset
    }

    push(bytes: Uint8Array): void {
        this.line = Buffer.concat([this.line, bytes])
        for (let end = this.line.indexOf(lineFeed); end >= 0; end = this.line.indexOf(lineFeed)) {
            const whole = this.line.subarray(0, end + 1)
            this.line = this.line.subarray(end + 1)
            this.takeLine(whole)
        }
        // What is no remark of the board need not wait for its line's end.
        const held = this.atLineStart && [refusal, remark].some(words => mayBegin(this.line, words))
        if (!held) this.pass(this.line)
    }

    /** The line has ended: what waits is the file's. @param done false when the board has refused it */
    end(done: boolean): void {
        if (this.refused !== undefined && done) this.giveBack()
        if (this.line.length > 0) this.pass(this.line)
    }

    private takeLine(line: Buffer): void {
        // A line of the file that looks like a refusal: something came behind it.
        if (this.refused !== undefined) this.giveBack()
        const text = line.toString("latin1").trimEnd()
        const [, at, size] = /^# (\d+) of (\d+) bytes$/.exec(this.atLineStart ? text : "") ?? []
        if (at !== undefined && Number(at) === this.offset) this.size = Number(size)
        else if (this.atLineStart && mayBegin(line, refusal))
            this.refused = text.slice(refusal.length)
        else this.emit(line)
        this.atLineStart = true
    }

    private giveBack(): void {
        this.emit(Buffer.from(`error: ${this.refused}\n`, "latin1"))
        this.refused = undefined
    }

    private pass(bytes: Buffer): void {
        if (bytes.length === 0) return
        if (this.refused !== undefined) this.giveBack()
        this.emit(bytes)
        this.line = Buffer.alloc(0)
        this.atLineStart = false
    }

    private emit(bytes: Buffer): void {
        if (this.atLineStart) this.lineStart = this.offset
        this.offset += bytes.length
        this.onBytes(bytes)
    }
}
