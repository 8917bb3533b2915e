import { SdCard } from "../../card/sdcard"
import { fieldAt, padEnd, padStart, parseInteger, printable } from "../../core/text"
import { Directory, encodeName, parseEntry } from "../../fat/directory"
import { Attribute, Slot } from "../../fat/ondisk"
import { CardFile } from "../../fat/file"
import { Volume } from "../../fat/volume"
import { Call } from "../call"
import { refuse } from "../words"

const owner = "console"
const chunkBytes = 128
/** Directory entries read at a time; others can use the card while they are printed. */
const entriesMax = 16
/** `tail` searches back at most this far per line. */
const lineBytesMax = 1024
/** `cat` and `tail` print their progress every so many bytes. */
const progressBytes = 65536

function mebibytes(bytes: number): string {
    return Math.round(bytes / 1048576) + " MiB"
}

/** A typed path, safe to show in a refusal, without a leading slash. */
function cardPath(typed: string): string {
    const path = printable(typed.toUpperCase(), 40)
    return path[0] === "/" ? path.slice(1) : path
}

export async function card(call: Call): Promise<void> {
    const storage = call.parts.storage
    const values = await storage.use(owner, async (volume: Volume) => {
        const free = volume.freeBytes()
        const device = volume.device as SdCard
        return [
            `${device.kind}, ${mebibytes(device.blockCount() * 512)}`,
            `${volume.kind}, clusters of ${volume.clusterBytes} bytes`,
            free === undefined ? "being counted" : mebibytes(free),
            `${device.clockHz / 1000000} MHz, ${device.retries} retries, ${device.errors} errors since mount ${storage.generation()}`,
            storage.lastError || undefined,
        ]
    })
    await call.reportFields("card,volume,free,health,trouble", values)
}

export async function cardList(call: Call): Promise<void> {
    const storage = call.parts.storage
    // "LOG/" is LOG.
    const path = fieldAt(cardPath(call.words[0] || ""), 0, "/")
    let lines: string[]
    let slot: Directory
    let mount = 0
    const read = async (volume: Volume) => {
        const bytes = volume.sector.bytes
        if (!slot) {
            // The entries of open files lag behind.
            await volume.flushFiles()
            mount = storage.generation()
            slot = new Directory(volume, volume.table.rootCluster)
            if (path !== "") {
                const found = await slot.find(encodeName(path))
                const entry = parseEntry(bytes, slot.at)
                if (!found || !entry.isDirectory) refuse(`there is no directory ${path}`)
                slot = new Directory(volume, entry.firstCluster)
            }
        }
        if (mount !== storage.generation()) refuse("the SD card was changed")
        lines = []
        while (lines.length < entriesMax && (await slot.next())) {
            const first = bytes[slot.at]
            if (first === Slot.End) break
            if (
                first === Slot.Deleted ||
                first === 0x2e ||
                (bytes[slot.at + 11] & Attribute.Label) !== 0
            )
                continue
            const entry = parseEntry(bytes, slot.at)
            const size = entry.isDirectory ? "<DIR>" : "" + entry.sizeBytes
            lines.push(padEnd(entry.name, 12) + padStart(size, 12, " "))
        }
    }
    for (;;) {
        await storage.use(owner, read)
        for (const line of lines) await call.print(line)
        if (lines.length < entriesMax) break
    }
    if (!call.printed) await call.print("empty")
}

async function readChunk(
    call: Call,
    file: CardFile,
    offset: number,
    chunk: Buffer,
): Promise<number> {
    const read = async () => await file.read(offset, chunk, chunkBytes)
    return await call.parts.storage.use(owner, read)
}

/** Where the last `lines` lines of a file begin. Reads the file backwards. */
async function findTail(call: Call, file: CardFile, lines: number, chunk: Buffer): Promise<number> {
    // The end of the last line does not count.
    let start = file.byteCount() - 1
    const first = Math.max(0, start - lines * lineBytesMax)
    let base = start + 1
    for (; start > first; --start) {
        if (start <= base) {
            base = start - (start % chunkBytes || chunkBytes)
            await readChunk(call, file, base, chunk)
        }
        if (chunk[start - 1 - base] === 10) {
            lines -= 1
            if (lines === 0) break
        }
    }
    return Math.max(0, start)
}

/** Opens the file named by the command, for printing. */
async function openFile(call: Call): Promise<CardFile> {
    const path = cardPath(call.words[0])
    let file: CardFile
    await call.parts.storage.use(owner, async (volume: Volume) => {
        file = await volume.open(path)
    })
    if (!file) refuse(`there is no ${path} on the card; see "card ls"`)
    // An empty file prints nothing.
    call.printed = true
    return file
}

/** Prints a file from the offset on; others can use the card between two chunks. */
async function printFrom(call: Call, file: CardFile, offset: number, chunk: Buffer): Promise<void> {
    const size = file.byteCount()
    let progress = offset + progressBytes
    while (offset < size) {
        let length = await readChunk(call, file, offset, chunk)
        if (chunk.indexOf(0, 0, length) >= 0) refuse(`${cardPath(call.words[0])} is not text`)
        // Up to the last line end (searched backwards), so that other output starts a new line.
        const end = chunk.indexOf(10, 0, -length) + 1
        if (end > 0) length = end
        await call.out.writeOut(chunk, length)
        offset += length
        if (end > 0 && offset >= progress) {
            await call.print(`# ${offset} of ${size} bytes`)
            progress = offset + progressBytes
        }
    }
}

export async function cardCat(call: Call): Promise<void> {
    const file = await openFile(call)
    const size = file.byteCount()
    const offset = call.words.length > 1 ? parseInteger(call.words[1]) : 0
    if (!(offset >= 0 && offset <= size)) refuse(`offset: 0 to ${size}`)
    await printFrom(call, file, offset, Buffer.alloc(chunkBytes))
}

export async function cardTail(call: Call): Promise<void> {
    const file = await openFile(call)
    const lines = call.words.length > 1 ? parseInteger(call.words[1]) : 10
    if (!(lines > 0)) refuse("lines: 1 or more")
    const chunk = Buffer.alloc(chunkBytes)
    await printFrom(call, file, await findTail(call, file, lines, chunk), chunk)
}

export async function cardFormat(call: Call): Promise<void> {
    if (call.words[0] !== "yes")
        refuse("this erases everything on the card; repeat with: card format yes")
    await call.parts.storage.format(
        async (percent: number) => await call.progress(`formatting, ${percent} %`),
    )
    await call.print("ok")
}

export async function cardEject(call: Call): Promise<void> {
    await call.parts.storage.eject()
    await call.print("ok, the card can be pulled: the status light stays on")
}
