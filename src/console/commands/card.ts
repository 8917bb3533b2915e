import { SdCard } from "../../card/sdcard"
import { padEnd, padStart, parseInteger } from "../../core/text"
import { DirectoryEntry } from "../../fat/directory"
import { CardFile } from "../../fat/file"
import { Volume } from "../../fat/volume"
import { Call } from "../call"
import { refuse } from "../words"

const owner = "console"
const chunkBytes = 512
function mebibytes(bytes: number): string {
    return Math.round(bytes / 1048576) + " MiB"
}

async function info(call: Call): Promise<void> {
    const storage = call.parts.storage
    const values = await storage.use(owner, async (volume: Volume) => {
        const free = volume.freeBytes()
        const device = storage.device as SdCard
        return [
            `${device.kind}, ${mebibytes(device.blockCount() * 512)}`,
            `${volume.kind}, clusters of ${volume.clusterBytes} bytes`,
            free === undefined ? "being counted" : mebibytes(free),
            `${device.retries} retries, ${device.errors} errors`,
        ]
    })
    await call.report("card,volume,free,health", values)
}

/** Prints a directory's entries; the card is held meanwhile, some 2 ms an entry. */
async function list(call: Call): Promise<void> {
    const path = (call.words[0] || "").toUpperCase()
    const visit = async (entry: DirectoryEntry) => {
        const size = entry.isDirectory ? "<DIR>" : "" + entry.sizeBytes
        await call.print(padEnd(entry.name, 12) + padStart(size, 12, " "))
        return true
    }
    await call.parts.storage.use(owner, async (volume: Volume) => await volume.list(path, visit))
    if (path !== "" && !call.printed) refuse(`${path} is empty or not on the card`)
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

/** Where the last `lines` lines of a file begin. The file is read backwards. */
async function findTail(call: Call, file: CardFile, lines: number, chunk: Buffer): Promise<number> {
    // The end of the last line does not count.
    let start = file.sizeBytes() - 1
    let base = start + 1
    for (; start > 0; --start) {
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

/** Prints a file, or its last lines; between two chunks the card is free for others. */
async function print(call: Call): Promise<void> {
    const [name, count] = call.words
    const path = name.toUpperCase()
    const open = async (volume: Volume) => await volume.open(path)
    const file = await call.parts.storage.use(owner, open)
    if (!file) refuse(`there is no ${path} on the card; see "card ls"`)
    call.printed = true
    const chunk = Buffer.alloc(chunkBytes)
    let offset = 0
    if (call.name === "card tail") {
        const lines = count === undefined ? 10 : parseInteger(count)
        if (!(lines > 0)) refuse("lines: 1 or more")
        offset = await findTail(call, file, lines, chunk)
    }
    let read = chunkBytes
    while (read === chunkBytes) {
        read = await readChunk(call, file, offset, chunk)
        await call.out.write(chunk.slice(0, read))
        offset += read
    }
}

/** The command `card` and what belongs to it. */
export async function card(call: Call): Promise<void> {
    const { storage } = call.parts
    switch (call.name) {
        case "card ls":
            await list(call)
            break
        case "card format":
            if (call.words[0] !== "yes")
                refuse("this erases everything on the card; repeat with: card format yes")
            await storage.format(
                async (percent: number) => await call.progress(`formatting, ${percent} %`),
            )
            await call.print("ok")
            break
        case "card eject":
            await storage.eject()
            await call.print("ok, the card can be pulled")
            break
        case "card":
            await info(call)
            break
        default:
            await print(call)
    }
}
