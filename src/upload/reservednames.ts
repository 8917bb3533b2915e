import { crc16 } from "../core/checksum"
import { Flash } from "../core/seams"

// Names that were taken on the server, but whose file has not arrived: the card that they belong to
// may be out, and the server does not know them yet, so they would look free to another card's
// file. They are in flash, since the board may restart in between, which costs one write per name.
// None of them is held in memory.

/** Flash key: eight marks of names, u32 each, and the place of the last one. */
const flashKey = "names"
const places = 8
const lastAt = places * 4

/**
 * Mark of the last name; 0 once its file has arrived or if it was not used: its place is then
 * reused.
 */
let last = 1

/** The marks for the other functions; none if the flash does not answer. */
export async function loadMarks(flash: Flash): Promise<Buffer> {
    let stored: Buffer
    try {
        stored = await flash.read(flashKey)
    } catch {
        // Callers that must store something report that.
    }
    const whole = stored !== undefined && stored.length === lastAt + 1 && stored[lastAt] < places
    return whole ? stored : Buffer.alloc(lastAt + 1)
}

/** @param salt distinguishes equal names: the file's key and the server's number */
export function isReserved(marks: Buffer, name: string, salt: number): boolean {
    const mark = markOf(name, salt)
    const free = last === 0 ? marks[lastAt] : places
    for (let place = 0; place < places; ++place)
        if (place !== free && marks.getAt(place * 4, "u32") === mark) return true
    return false
}

/**
 * In flash on return, if the flash answers; otherwise the file goes ahead anyway. Replaces the
 * oldest name.
 */
export async function reserve(
    flash: Flash,
    marks: Buffer,
    name: string,
    salt: number,
): Promise<void> {
    if (last !== 0) marks[lastAt] = (marks[lastAt] + 1) % places
    last = markOf(name, salt)
    marks.setAt(marks[lastAt] * 4, "u32", last)
    try {
        await flash.write(flashKey, marks)
    } catch {
        // As above.
    }
}

/** The server has part of the file, or the name was not used. */
export function settle(name: string, salt: number): void {
    if (last === markOf(name, salt)) last = 0
}

/** Never 0: names of one day differ in their checksum, others in the salt as well. */
function markOf(name: string, salt: number): number {
    const bytes = Buffer.from(name)
    return (salt & 0xffff) * 65536 + (crc16(0, bytes, 0, bytes.length) | 1)
}
