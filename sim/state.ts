import {
    appendFileSync,
    closeSync,
    existsSync,
    ftruncateSync,
    mkdirSync,
    openSync,
    readFileSync,
    renameSync,
    writeFileSync,
} from "node:fs"
import { join } from "node:path"

/** A blank card as it comes out of the packet; the file is sparse. */
const CARD_BYTES = 512 * 1024 * 1024

/** The folder that keeps a simulated board between runs. */
export class StateFolder {
    readonly cardPath: string
    readonly ftpPath: string
    /** True when the folder held no board before. */
    readonly fresh: boolean
    private readonly flashPath: string
    private readonly clockPath: string
    private readonly transcriptPath: string

    constructor(readonly path: string) {
        this.cardPath = join(path, "card.img")
        this.ftpPath = join(path, "ftp")
        this.flashPath = join(path, "flash.bin")
        this.clockPath = join(path, "rtc.json")
        this.transcriptPath = join(path, "console.log")
        this.fresh = !existsSync(this.flashPath)
        mkdirSync(this.ftpPath, { recursive: true })
        if (!existsSync(this.cardPath)) createCard(this.cardPath)
    }

    loadFlash(): Uint8Array {
        return existsSync(this.flashPath) ? readFileSync(this.flashPath) : new Uint8Array(0)
    }

    /** The whole flash at once or not at all, as the chip does it a page at a time. */
    saveFlash(data: Uint8Array): void {
        writeWhole(this.flashPath, data)
    }

    /** Unix ms that the board's clock chip showed when it last ran; undefined for a new board. */
    loadClock(): number | undefined {
        if (!existsSync(this.clockPath)) return undefined
        const { unixMs } = JSON.parse(readFileSync(this.clockPath, "utf8")) as { unixMs?: unknown }
        return typeof unixMs === "number" ? unixMs : undefined
    }

    saveClock(unixMs: number): void {
        writeWhole(this.clockPath, JSON.stringify({ unixMs: Math.round(unixMs) }) + "\n")
    }

    /** Adds to console.log. */
    record(text: string): void {
        appendFileSync(this.transcriptPath, text)
    }
}

/** Makes a blank card image, all zeros. */
export function createCard(path: string, bytes = CARD_BYTES): void {
    const file = openSync(path, "wx")
    ftruncateSync(file, bytes)
    closeSync(file)
}

function writeWhole(path: string, data: Uint8Array | string): void {
    writeFileSync(path + ".new", data)
    renameSync(path + ".new", path)
}
