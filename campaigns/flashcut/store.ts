/**
 * The runtime's key/value store as bytes, defined here independently from its source (jacdac-c,
 * jd_fstor.c) and its output: a reader that judges the result of a power cut, and a writer that
 * stops where a cut would.
 */

export const pageBytes = 4096
export const entryBytes = 24
const headBytes = 24
const magic = [0x52545346, 0x6becea0a]
const erased = 0xff

/** One entry of the store: a write of a key. */
export interface StoreEntry {
    key: string
    /** From the start of the store. */
    offset: number
    bytes: number
    /** Offset of the entry itself. */
    at: number
}

/** One of the two alternating halves. */
export interface Half {
    generation: number
    from: number
    entries: StoreEntry[]
    /** Offset of the next entry, and of the first value. */
    next: number
    dataFrom: number
    /** Why the runtime rejects this half; "" if it accepts it. */
    complaint: string
}

/** Pages of one half: a sixteenth of the flash. */
export function halfPages(image: Uint8Array): number {
    return Math.max(1, image.length / pageBytes / 16)
}

/** A whole flash image of that size; missing bytes are erased. */
export function wholeImage(image: Uint8Array, bytes = 128 * 1024): Uint8Array {
    const whole = new Uint8Array(bytes).fill(erased)
    whole.set(image.subarray(0, bytes))
    return whole
}

/** The half that begins at `from`; undefined if it has no header. */
function readHalf(image: Uint8Array, from: number): Half | undefined {
    const view = new DataView(image.buffer, image.byteOffset, image.length)
    const word = (at: number) => view.getUint32(at, true)
    const pages = halfPages(image)
    const headerFits =
        word(from) === magic[0] &&
        word(from + 4) === magic[1] &&
        word(from + 12) === pageBytes &&
        view.getUint16(from + 16, true) === image.length / pageBytes &&
        view.getUint16(from + 18, true) === pages
    if (!headerFits) return undefined
    const entries: StoreEntry[] = []
    let at = from + headBytes
    let dataFrom = from + pages * pageBytes
    let complaint = ""
    for (; word(at + 16) !== 0xffffffff; at += entryBytes) {
        const [offset, bytes] = [word(at + 16), word(at + 20)]
        const name = Buffer.from(image.subarray(at, at + 16)).toString("latin1")
        entries.push({ key: name.split("\0")[0], offset, bytes, at })
        dataFrom = Math.min(dataFrom, offset)
        if (at + entryBytes > dataFrom) complaint = "last-ent"
        if (complaint !== "") break
    }
    if (complaint === "" && image.subarray(at, dataFrom).some(byte => byte !== erased))
        complaint = "non ff"
    return { generation: word(from + 8), from, entries, next: at, dataFrom, complaint }
}

/** Both halves, first the one the runtime uses. It ignores the other even if that one is bad. */
export function readHalves(image: Uint8Array): Half[] {
    const second = halfPages(image) * pageBytes
    const halves = [readHalf(image, 0), readHalf(image, second)].filter(half => half !== undefined)
    return halves.sort((a, b) => b.generation - a.generation || b.from - a.from)
}

/**
 * The values the runtime would read, by key without the settings service's ":"; none if it would
 * format.
 */
export function readValues(image: Uint8Array): Map<string, Buffer> {
    const values = new Map<string, Buffer>()
    const [half] = readHalves(image)
    if (half === undefined || half.complaint !== "") return values
    for (const { key, offset, bytes } of half.entries) {
        if (!key.startsWith(":")) continue
        // The firmware's mark of a removed key.
        if (bytes === 0 || (bytes === 1 && image[offset] === 0)) values.delete(key.slice(1))
        else values.set(key.slice(1), Buffer.from(image.subarray(offset, offset + bytes)))
    }
    return values
}

/** Size of one write: the entry, and the value rounded up to 8. */
export function writeBytes(valueBytes: number): number {
    return entryBytes + Math.max(8, Math.ceil(valueBytes / 8) * 8)
}

/** An entry's bytes. */
function formatEntry(key: string, offset: number, bytes: number): Uint8Array {
    const entry = Buffer.alloc(entryBytes)
    entry.write(key, "latin1")
    entry.writeUInt32LE(offset, 16)
    entry.writeUInt32LE(bytes, 20)
    return entry
}

/**
 * An interrupted write: this many bytes of the value (written first, from its start), then of the
 * entry.
 * @throws Error if the half has no room for it
 */
export function writeTorn(
    image: Uint8Array,
    key: string,
    value: Uint8Array,
    valueDone: number,
    entryDone: number,
): Uint8Array {
    const [half] = readHalves(image)
    const from = half.dataFrom - (writeBytes(value.length) - entryBytes)
    if (half.next + 2 * entryBytes > from) throw new Error("this half is full")
    const torn = Uint8Array.from(image)
    torn.set(value.subarray(0, valueDone), from)
    const entry = formatEntry(":" + key, from, value.length)
    torn.set(entry.subarray(0, entryDone), half.next)
    return torn
}

/** A complete write, as by the runtime while there is room. */
export function write(image: Uint8Array, key: string, value: Uint8Array): Uint8Array {
    return writeTorn(image, key, value, value.length, entryBytes)
}

/** Where a garbage collection stops. */
export interface CollectionStop {
    /** Erased pages of the other half, and erased bytes of the next page. */
    pages: number
    bytes: number
    /** Copied entries, and written bytes of the new header. */
    entries: number
    header: number
}

/**
 * An interrupted garbage collection: erases the other half, copies each key's last value, then
 * writes the header.
 */
export function collectTorn(image: Uint8Array, stop: CollectionStop): Uint8Array {
    const [half] = readHalves(image)
    const halfBytes = halfPages(image) * pageBytes
    const other = half.from === 0 ? halfBytes : 0
    const torn = Uint8Array.from(image)
    torn.fill(erased, other, other + stop.pages * pageBytes + stop.bytes)
    let at = other + headBytes
    let dataFrom = other + halfBytes
    const last = half.entries.filter(
        (one, index) => !half.entries.slice(index + 1).some(later => later.key === one.key),
    )
    for (const { key, offset, bytes } of last.slice(0, stop.entries)) {
        let to = offset
        if (!key.startsWith("*")) {
            dataFrom -= writeBytes(bytes) - entryBytes
            torn.set(image.subarray(offset, offset + bytes), dataFrom)
            to = dataFrom
        }
        torn.set(formatEntry(key, to, bytes), at)
        at += entryBytes
    }
    torn.set(formatHeader(image, half.generation + 1).subarray(0, stop.header), other)
    return torn
}

/** A complete garbage collection. */
export function collect(image: Uint8Array): Uint8Array {
    const pages = halfPages(image)
    return collectTorn(image, { pages, bytes: 0, entries: Infinity, header: headBytes })
}

/**
 * The runtime's recovery from an unreadable half: it erases the first one, which starts with
 * generation 1.
 */
export function formatTorn(image: Uint8Array, pages: number, header: number): Uint8Array {
    const torn = Uint8Array.from(image)
    torn.fill(erased, 0, pages * pageBytes)
    torn.set(formatHeader(image, 1).subarray(0, header))
    return torn
}

function formatHeader(image: Uint8Array, generation: number): Uint8Array {
    const header = Buffer.alloc(headBytes)
    header.writeUInt32LE(magic[0], 0)
    header.writeUInt32LE(magic[1], 4)
    header.writeUInt32LE(generation, 8)
    header.writeUInt32LE(pageBytes, 12)
    header.writeUInt16LE(image.length / pageBytes, 16)
    header.writeUInt16LE(halfPages(image), 18)
    return header
}
