import { CardFile } from "./file"
import { blockBytes } from "./ondisk"
import { chainEnd, chainEndMin } from "./table"
import { Volume } from "./volume"
import { textOf } from "../core/text"

/** A longer line is no record. */
const lineCharsMax = 256
/** Bytes of a line read at once: the heap may have no block for a whole sector of text. */
const pieceBytes = 128
/** Lines between two rests: judging one takes some 8 ms. */
const linesAtOnce = 16
/** A torn sector and the line that leads into it are no longer than this. */
const tornBytesMax = 1024

/**
 * Prepares a file for appending after however the last session ended: takes in whole lines behind
 * the recorded size, cuts off a torn one, and completes or undoes a change of the chain.
 * @param accepts tells whether a line (without CR LF) continues the file; if undefined, all do
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
    // Its table sector may differ, and have been torn by an earlier recovery.
    if (extra !== 0) await table.settle(extra)
    // A cyclic chain continues with one of the file's own clusters.
    for (let at = 0; extra !== 0 && at < recorded; at += volume.clusterBytes)
        if ((await file.blockOf(at)) === table.firstBlock(extra)) await table.next(0, true)
    const own = file.clusters * volume.clusterBytes
    const start = await lastLineStart(volume, file)
    let end = await findEnd(volume, file, start, extra, accepts)
    // Only a foreign file can be torn this far back; its text stays.
    if (recorded - end > tornBytesMax) end = recorded
    // The header's sector was torn while it was the file's only one.
    if (file.clusters === 1 && extra === 0 && (await isHeadTorn(volume, file))) end = 0
    if (extra !== 0) {
        if (end > own) {
            // The cluster's data was written before its link, so our lines in it prove that it is
            // ours.
            await table.markCluster(last, extra)
            await table.markCluster(extra, chainEnd)
            file.lastCluster = extra
            file.clusters++
        } else await dropExtra(volume, last, extra)
    } else if (following < chainEndMin) {
        // The power was cut between the directory entry and the table.
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

/** Unlinks a cluster without our records from the chain. */
async function dropExtra(volume: Volume, last: number, extra: number): Promise<void> {
    const { table, redoLog } = volume
    const ours = (await table.entry(extra)) >= chainEndMin
    if (ours && redoLog.block !== 0) {
        await table.truncate(last)
        return
    }
    // A link and an end in one sector were written together: the cluster is ours. In two sectors it
    // may have been free, and belong to another file by now: then only the link goes.
    await table.writeInfo(false)
    if (ours && table.blockOf(last) === table.blockOf(extra)) await table.release(extra)
    await table.markCluster(last, chainEnd)
}

/** Where the last recorded line begins; the recorded size if the line is too long to be ours. */
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
 * The end of the last whole and accepted line, from `start` to the end of the chain. `accepts` sees
 * the last recorded line, for comparison, but it stays regardless.
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
    // A free one could be allocated to another file during a rest.
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
