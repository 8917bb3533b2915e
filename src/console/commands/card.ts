import { padEnd, padStart, parseInteger } from "../../core/text"
import { Call } from "../call"
import { CardEntry, CardFileView } from "../parts"
import { quote, refuse } from "../words"

const owner = "console"
const chunkBytes = 512
/** So many names of a directory are read at a time; in between, others may use the card. */
const pageEntries = 32
const tailLinesMax = 100

function mebibytes(bytes: number): string {
    return Math.round(bytes / 1048576) + " MiB"
}

export async function card(call: Call): Promise<void> {
    const text = await call.parts.storage.use(owner, async volume => {
        const freeBytes = await volume.freeBytes()
        return `${volume.kind}, ${mebibytes(volume.totalBytes())}, ${mebibytes(freeBytes)} free`
    })
    await call.field("volume", text)
}

/** The lines of a directory's entries from number `skip` on, one page. */
async function listPage(call: Call, path: string, skip: number): Promise<string> {
    let text = ""
    let index = 0
    const visit = async (entry: CardEntry) => {
        if (index++ < skip) return true
        const size = entry.isDirectory ? "<DIR>" : "" + entry.sizeBytes
        text += padEnd(entry.name, 14) + padStart(size, 10, " ") + "\n"
        return index < skip + pageEntries
    }
    await call.parts.storage.use(owner, async volume => {
        await volume.list(path, visit)
    })
    return text
}

export async function cardLs(call: Call): Promise<void> {
    const path = call.words.length === 0 ? "" : call.words[0].toUpperCase()
    let skip = 0
    while (true) {
        const page = await listPage(call, path, skip)
        if (page.length === 0) return
        await call.out.text(page)
        skip += pageEntries
    }
}

async function openFile(call: Call): Promise<CardFileView> {
    const path = call.words[0].toUpperCase()
    const file = await call.parts.storage.use(owner, async volume => await volume.open(path))
    if (!file) refuse(`${quote(path)} is not on the card; "card ls" lists its files`)
    return file
}

/** Prints the file from this offset on; between two chunks the card is free for others. */
async function print(call: Call, file: CardFileView, offset: number): Promise<void> {
    const chunk = Buffer.alloc(chunkBytes)
    let read = chunkBytes
    while (read === chunkBytes) {
        read = await readChunk(call, file, offset, chunk)
        await call.out.bytes(chunk, read)
        offset += read
    }
}

async function readChunk(
    call: Call,
    file: CardFileView,
    offset: number,
    chunk: Buffer,
): Promise<number> {
    const read = async () => await file.read(offset, chunk, chunkBytes)
    return await call.parts.storage.use(owner, read)
}

export async function cardCat(call: Call): Promise<void> {
    await print(call, await openFile(call), 0)
}

export async function cardTail(call: Call): Promise<void> {
    let left = call.words.length > 1 ? parseInteger(call.words[1]) : 10
    if (!(left >= 1 && left <= tailLinesMax)) refuse(`lines: 1 to ${tailLinesMax}`)
    const file = await openFile(call)
    const chunk = Buffer.alloc(chunkBytes)
    const size = file.sizeBytes()
    // Blocks are read from the last one backwards, until enough line ends were met.
    let from = size === 0 ? 0 : size - 1 - ((size - 1) % chunkBytes)
    let start = 0
    while (from >= 0 && start === 0) {
        await readChunk(call, file, from, chunk)
        let at = Math.min(chunkBytes, size - 1 - from)
        while (--at >= 0 && start === 0)
            if (chunk[at] === 10 && --left === 0) start = from + at + 1
        from -= chunkBytes
    }
    await print(call, file, start)
}

export async function cardFormat(call: Call): Promise<void> {
    if (call.words[0] !== "yes")
        refuse("this erases everything on the card; repeat with: card format yes")
    const progress = async (percent: number) => {
        await call.line(`formatting, ${percent} %`)
        await call.out.flush()
    }
    await call.parts.storage.format(progress)
    await call.line("ok")
}

export async function cardEject(call: Call): Promise<void> {
    await call.parts.storage.eject()
    await call.line("ok, the card can be pulled")
}
