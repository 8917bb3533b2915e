/** Tokens before the blocks a host writes (section 7.3.3.2). */
const startBlock = 0xfe
const startStreamBlock = 0xfc
const stopStream = 0xfd

/** Receives the data blocks of a write command: one, or a stream, which ends with its own token. */
export class SdCardReception {
    private state: "closed" | "token" | "data" | "refused" = "closed"
    private stream = false
    private readonly block = new Uint8Array(514)
    private length = 0

    /** Blocks are awaited. */
    get open(): boolean {
        return this.state !== "closed"
    }

    /** A command can also come between two blocks of a stream. */
    get betweenBlocks(): boolean {
        return this.stream && (this.state === "token" || this.state === "refused")
    }

    get streaming(): boolean {
        return this.stream
    }

    /** The chip select went high: a stream continues when it is low again. */
    cutOff(): void {
        if (!this.stream) this.end()
    }

    begin(stream: boolean): void {
        this.stream = stream
        this.state = "token"
    }

    end(): void {
        this.state = "closed"
        this.stream = false
    }

    /** The block was refused: a stream takes no more until CMD12 (section 7.3.3.1). */
    refuse(): void {
        if (this.stream) this.state = "refused"
    }

    /**
     * One byte from the host. @returns a whole block with its CRC, or that the stream was stopped
     */
    take(byte: number): Uint8Array | "stopped" | undefined {
        if (this.state === "data") {
            this.block[this.length++] = byte
            if (this.length < 514) return undefined
            this.state = this.stream ? "token" : "closed"
            return this.block
        }
        if (this.state !== "token") return undefined
        if (byte === (this.stream ? startStreamBlock : startBlock)) {
            this.state = "data"
            this.length = 0
        } else if (this.stream && byte === stopStream) {
            this.end()
            return "stopped"
        }
        return undefined
    }
}
