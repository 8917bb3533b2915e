const lineFeed = 10
const refusalWords = "error: "
/** The first remark comes after this many bytes. */
const remarkBytes = 65_536
const remark = "# "
const remarkLineBytesMax = 64

/** True if the line begins with the words, or still may. */
function mayBegin(line: Uint8Array, words: string): boolean {
    return words.startsWith(latin1(line.subarray(0, words.length)))
}

/** One character per byte. */
function latin1(bytes: Uint8Array): string {
    return String.fromCharCode(...bytes)
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
    if (one.length === 0) return other
    const both = new Uint8Array(one.length + other.length)
    both.set(one)
    both.set(other, one.length)
    return both
}

/**
 * Extracts a file's bytes from the output of `card cat`, which has the board's progress remarks
 * between lines and may end with a refusal.
 */
export class FileStream {
    /** Called with each progress remark of the board. */
    onRemark: (text: string) => void = () => undefined
    /** The last line, if it looks like a refusal; the file may have such lines too. */
    private refusal: Uint8Array | undefined
    /** Start of the last line, which may be the board's refusal. */
    lineStart: number
    private line: Uint8Array = new Uint8Array(0)
    private atLineStart = true

    /**
     * @param offset of the first byte in the file
     * @param onBytes gets the file's bytes, in order
     * @param offsetKnown false if only the board knows the offset (`card tail`)
     */
    constructor(
        public offset: number,
        private readonly onBytes: (bytes: Uint8Array) => void,
        private offsetKnown = true,
    ) {
        this.lineStart = offset
    }

    /** The board's reason for a refusal; undefined if there was none. */
    get refused(): string | undefined {
        return (
            this.refusal &&
            new TextDecoder().decode(this.refusal).trimEnd().slice(refusalWords.length)
        )
    }

    push(bytes: Uint8Array): void {
        this.line = joined(this.line, bytes)
        for (let end = this.line.indexOf(lineFeed); end >= 0; end = this.line.indexOf(lineFeed)) {
            const whole = this.line.subarray(0, end + 1)
            this.line = this.line.subarray(end + 1)
            this.takeLine(whole)
        }
        // Data that is no remark of the board need not wait for its line's end.
        const held =
            this.atLineStart && [refusalWords, remark].some(words => mayBegin(this.line, words))
        if (!held) this.pass(this.line)
    }

    /**
     * The output has ended: the held bytes belong to the file. @param done false if the board
     * refused
     */
    end(done: boolean): void {
        if (done) this.giveBack()
        if (this.line.length > 0) this.pass(this.line)
    }

    private takeLine(line: Uint8Array): void {
        // It was not the last line, so it belongs to the file.
        this.giveBack()
        if (this.atLineStart && this.isRemark(line)) this.onRemark(latin1(line).trimEnd())
        else if (this.atLineStart && mayBegin(line, refusalWords)) this.refusal = line
        else this.emit(line)
        this.atLineStart = true
    }

    /** A line of the file that looks like a remark hardly ever has its own exact offset. */
    private isRemark(line: Uint8Array): boolean {
        if (line.length > remarkLineBytesMax) return false
        const [, at] = /^# (\d+) of \d+ bytes\n$/.exec(latin1(line)) ?? []
        if (at === undefined) return false
        if (!this.offsetKnown && this.offset >= remarkBytes) {
            this.offset = Number(at)
            this.offsetKnown = true
        }
        return Number(at) === this.offset
    }

    /** The held line belongs to the file. */
    private giveBack(): void {
        const line = this.refusal
        this.refusal = undefined
        if (line) this.emit(line)
    }

    private pass(bytes: Uint8Array): void {
        if (bytes.length === 0) return
        this.giveBack()
        this.emit(bytes)
        this.line = new Uint8Array(0)
        this.atLineStart = false
    }

    private emit(bytes: Uint8Array): void {
        if (this.atLineStart) this.lineStart = this.offset
        this.offset += bytes.length
        this.onBytes(bytes)
    }
}
