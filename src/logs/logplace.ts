import { FaultCode } from "../core/fault"
import { textOf } from "../core/text"
import { LogFile, LogVolume } from "./logcard"
import { TailCheck } from "./record"

/** The longest header: 16 cells and 4 thermistors are 203 bytes. */
const headerBytesMax = 208

/** One log's place on the card. */
export class LogPlace {
    /** The file in use, of the present mount; undefined until opened. */
    file: LogFile = undefined
    path = ""
    /** Day of its records, unless an earlier start left it: then `columns` is -1. */
    day = ""
    /** See header(). */
    columns = 0
    /** The file's last record and its time, if known. */
    lastLine = ""
    lastSeconds = 0
    written = 0
    /**
     * Among the day's files: the last one tried, the first usable one, and consecutive failures.
     */
    number = 0
    numberMin = 0
    failures = 0

    /**
     * Notes a failed write. The trouble may be with one file or its sectors: after the second
     * consecutive failure the day continues in its next file, and after a third, in that one, for a
     * while in the previous file again.
     * @returns true if nothing can be written
     */
    failed(code: FaultCode): boolean {
        if (code <= FaultCode.CardTimeout || code === FaultCode.CardWriteProtected) return false
        if (code === FaultCode.VolumeSearching) return false
        this.failures += 1
        if (this.failures < 2) return false
        // No file has these columns: the open one will be completed and closed.
        this.columns = -1
        this.numberMin = this.number + 1
        if (this.failures === 2) return false
        this.numberMin = this.number - 1
        this.failures = -30
        return true
    }
}

/**
 * The first line of a file without its line end, "" if there is no file or its beginning is torn.
 */
export async function readHeader(volume: LogVolume, path: string): Promise<string> {
    const file = await volume.open(path)
    if (file === undefined) return ""
    const start = Buffer.alloc(headerBytesMax)
    const count = await file.read(0, start, headerBytesMax)
    await file.close()
    if (start.getAt(0, "u32") === 0xffffffff) return ""
    const end = start.indexOf(13, 0, count)
    return textOf(start.slice(0, end < 0 ? count : end))
}

/** Updates the file's entry on the card and closes it. */
export async function leave(place: LogPlace): Promise<void> {
    const file = place.file
    place.file = undefined
    if (file) await file.close()
}

/** Continues in another file; the last record found behind its recorded size sets `lastSeconds`. */
export async function enter(
    volume: LogVolume,
    place: LogPlace,
    path: string,
    firstLine: string,
): Promise<void> {
    if (path !== place.path) await leave(place)
    if (place.file) return
    const check = new TailCheck(path.slice(path.indexOf("/") + 1), firstLine)
    const accepts = (line: string) => check.accepts(line)
    try {
        place.file = await volume.openForAppend(path, firstLine + "\r\n", accepts)
        place.path = path
    } finally {
        // Lines seen on the card count even if the file could not be repaired yet. A further file
        // of a day may be empty: then the last record is the previous file's.
        if (check.lastSeconds !== 0) {
            place.lastSeconds = check.lastSeconds
            place.lastLine = check.lastLine + "\r\n"
        }
    }
}
