const lineFeed = 10
const refusalWords = Buffer.from("error: ")
/** The first remark comes behind so many bytes. */
const remarkBytes = 65_536
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
    /** Told when the board says how far it is, in its words. */
    onRemark: (text: string) => void = () => undefined
    /** The last line, if it is one of a refusal; the file may have such lines too. */
    private refusal: Buffer | undefined
    /** Where the last line begins: what is behind it may have the board's refusal in it. */
    lineStart: number
    private line: Buffer = Buffer.alloc(0)
    private atLineStart = true

    /**
     * @param offset where the first byte is in the file
     * @param onBytes takes the file's bytes, in order
     * @param offsetKnown false when only the board knows the offset (`card tail`)
     */
    constructor(
        public offset: number,
        private readonly onBytes: (bytes: Buffer) => void,
        private offsetKnown = true,
    ) {
        this.lineStart = offset
    }

    /** Why the board broke off; undefined while it has not. */
    get refused(): string | undefined {
        return this.refusal?.toString().trimEnd().slice(refusalWords.length)
    }

    push(bytes: Uint8Array): void {
        this.line = Buffer.concat([this.line, bytes])
        for (let end = this.line.indexOf(lineFeed); end >= 0; end = this.line.indexOf(lineFeed)) {
            const whole = this.line.subarray(0, end + 1)
            this.line = this.line.subarray(end + 1)
            this.takeLine(whole)
        }
        // What is no remark of the board need not wait for its line's end.
        const held =
            this.atLineStart && [refusalWords, remark].some(words => mayBegin(this.line, words))
        if (!held) this.pass(this.line)
    }

    /** The line has ended: what waits is the file's. @param done false when the board has refused it */
    end(done: boolean): void {
        if (done) this.giveBack()
        if (this.line.length > 0) this.pass(this.line)
    }

    private takeLine(line: Buffer): void {
        // Something came behind it.
        this.giveBack()
        if (this.atLineStart && this.isRemark(line))
            this.onRemark(line.toString("latin1").trimEnd())
        else if (this.atLineStart && mayBegin(line, refusalWords)) this.refusal = line
        else this.emit(line)
        this.atLineStart = true
    }

    /** A line of the file that looks like a remark has hardly ever the very offset at which it stands. */
    private isRemark(line: Buffer): boolean {
        const [, at] = /^# (\d+) of \d+ bytes\n$/.exec(line.toString("latin1")) ?? []
        if (at === undefined) return false
        if (!this.offsetKnown && this.offset >= remarkBytes) {
            this.offset = Number(at)
            this.offsetKnown = true
        }
        return Number(at) === this.offset
    }

    /** It was a line of the file. */
    private giveBack(): void {
        const line = this.refusal
        this.refusal = undefined
        if (line) this.emit(line)
    }

    private pass(bytes: Buffer): void {
        if (bytes.length === 0) return
        this.giveBack()
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
