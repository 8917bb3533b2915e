import { CardFile } from "./file"
import { blockBytes } from "./ondisk"
import { chainEnd, chainEndMin } from "./table"
import { Volume } from "./volume"
import { textOf } from "../core/text"

/** A line that has not ended after so many characters is no record. */
const lineCharsMax = 256
/**
 * So much of a line is looked at in one go: a whole sector of text is more than the heap may have
 * in one piece.
 */
const pieceBytes = 128
/** Lines after which others have their turn: to judge one takes some 8 ms. */
const linesAtOnce = 16
/** A torn sector and the line that leads into it are no longer than this. */
const tornBytesMax = 1024

/**
 * Makes a file fit for appending after whatever ended the last session: takes in whole lines behind
 * the recorded size, cuts off a torn one, and finishes or undoes a change of the chain.
 * @param accepts says whether a line (without CR LF) continues the file; without it each does
 */
export async function recoverTail(
    volume: Volume,
    file: CardFile,
    accepts: ((line: string) => boolean) | undefined,
): Promise<void> {
    const table = volume.table
    const stored = file.byteCount()
    await file.seekEnd()
    const recorded = file.byteCount()
    const last = file.lastCluster
    const following = await table.entry(last)
    const extra = table.isCluster(following) ? following : 0
    // Its sector of the table may be another, which an earlier recovery was torn in.
    if (extra !== 0) await table.settle(extra)
    // A chain that bites its tail goes on with one of the file's own clusters.
    for (let at = 0; extra !== 0 && at < recorded; at += volume.clusterBytes)
        if ((await file.blockOf(at)) === table.firstBlock(extra)) await table.next(0, true)
    const own = file.clusters * volume.clusterBytes
    const start = await lastLineStart(volume, file)
    let end = await findEnd(volume, file, start, extra, accepts)
    // Only a file from elsewhere can be torn so far back; its text stays.
    if (recorded - end > tornBytesMax) end = recorded
    // The sector with the header was torn while the file had no other.
    if (file.clusters === 1 && extra === 0 && (await isHeadTorn(volume, file))) end = 0
    if (extra !== 0) {
        if (end > own) {
            // The cluster's data came before its link, so what is found in it proves that it is
            // ours.
            await table.markCluster(last, extra)
            await table.markCluster(extra, chainEnd)
            file.lastCluster = extra
            file.clusters++
        } else await dropExtra(volume, last, extra)
    } else if (following < chainEndMin) {
        // A power cut came between the directory entry and the table.
        await table.markCluster(last, chainEnd)
    }
    if (end !== stored) await file.resize(end)
    if (end !== 0 && end <= own - volume.clusterBytes) {
        await file.seekEnd()
        await table.truncate(file.lastCluster)
    }
}

async function isHeadTorn(volume: Volume, file: CardFile): Promise<boolean> {
    await volume.sector.load(await file.blockOf(0))
    return volume.sector.bytes.getAt(0, "u32") === 0xffffffff
}

/** Takes a cluster without records of ours off the chain. */
async function dropExtra(volume: Volume, last: number, extra: number): Promise<void> {
    const { table, redoLog } = volume
    const ours = (await table.entry(extra)) >= chainEndMin
    if (ours && redoLog.block !== 0) {
        await table.truncate(last)
        return
    }
    // Link and end in one sector were written together: the cluster is ours. In two sectors it may
    // have been free, and be another file's by now: then only the link goes.
    await table.writeInfo(false)
    if (ours && table.blockOf(last) === table.blockOf(extra)) await table.release(extra)
    await table.markCluster(last, chainEnd)
}

/** Where the last recorded line begins; the recorded size when it is too long to be one of ours. */
async function lastLineStart(volume: Volume, file: CardFile): Promise<number> {
    const sector = volume.sector
    const bytes = sector.bytes
    let position = file.byteCount() - 1
    for (let sectors = 0; sectors < 3; ++sectors) {
        if (position <= 0) return 0
        await sector.load(await file.blockOf(position - 1))
        let at = (position - 1) & 511
        while (at >= 0 && bytes[at] !== 10) {
            at--
            position--
        }
        if (at >= 0) return position
    }
    return file.byteCount()
}

/**
 * The end of the last line that is whole and accepted, from `start` to the end of the chain. The
 * last recorded line is shown to `accepts`, for it to compare with, but stays whatever it says.
 */
async function findEnd(
    volume: Volume,
    file: CardFile,
    start: number,
    extra: number,
    accepts: ((line: string) => boolean) | undefined,
): Promise<number> {
    const { sector, table } = volume
    const own = file.clusters * volume.clusterBytes
    let limit = own
    if (extra !== 0) limit += volume.clusterBytes
    let end = start
    // One that is free could be somebody else's behind a rest.
    const free = extra !== 0 && (await table.entry(extra)) === 0
    let lines = 0
    let line = ""
    let position = start
    while (position < limit && line.length < lineCharsMax) {
        if (position < own) await sector.load(await file.blockOf(position))
        else await sector.load(table.firstBlock(extra) + ((position - own) >> 9))
        const at = position & 511
        const feed = sector.bytes.indexOf(10, at)
        const stop = Math.min(at + pieceBytes, feed < 0 ? blockBytes : feed)
        if (sector.bytes.indexOf(0, at, stop) >= 0) return end
        line += textOf(sector.bytes.slice(at, stop))
        position += stop - at
        if (stop !== feed) continue
        position++
        const length = line.length - 1
        const whole = line[length] === "\r"
        const accepted = whole && (!accepts || accepts(line.slice(0, length)))
        if (!accepted && position !== file.byteCount()) return end
        end = position
        line = ""
        if (++lines % linesAtOnce === 0 && !free) await table.rest()
    }
    return end
}
