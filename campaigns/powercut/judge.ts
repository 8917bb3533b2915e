import { Disk } from "./disk"
import { checkVolume, type Verdict } from "./fatchecker"
import {
    attributeDirectory,
    attributeLabel,
    firstBlock,
    readFile,
    readVolume,
    type Entry,
    type ReadVolume,
    type Slot,
    type VolumeShape,
} from "./fatreader"
import type { Model, TextFile, WholeFile } from "./model"

/** Foreign files, in their initial state. */
export interface Foreign {
    disk: Disk
    entries: Map<string, Entry>
    /** The owner of each of their blocks. */
    blocks: Map<number, string>
}

export interface Judgement {
    violations: string[]
    /** Records that had to be there, and those that a torn or lost sector may have lost. */
    acknowledged: number
    lost: number
    verdict: Verdict
}

/** Acceptable remarks of the checker. */
const allowedRemarks = ["FSInfo: the free count is unknown", "FSInfo: there is none"]

/** All files on the disk except those of the model. */
export function foreignFiles(disk: Disk, shape: VolumeShape, model: Model): Foreign {
    const entries = new Map<string, Entry>()
    const blocks = new Map<number, string>()
    for (const entry of readVolume(disk, shape).entries) {
        if (model.texts.has(entry.path) || model.wholes.has(entry.path)) continue
        entries.set(keyOf(entry), entry)
        if ((entry.attributes & attributeDirectory) !== 0) continue
        for (const cluster of entry.chain)
            for (let i = 0; i < shape.clusterBlocks; ++i)
                blocks.set(firstBlock(shape, cluster) + i, entry.path)
    }
    return { disk, entries, blocks }
}

/**
 * Compares a disk with the model.
 * @param synced false while directory entries may lag behind the records; they are then not checked
 */
export function judge(
    disk: Disk,
    first: number,
    model: Model,
    foreign: Foreign,
    synced: boolean,
): Judgement {
    const verdict = checkVolume(disk, first)
    const violations = verdict.errors.map(error => `the volume is not clean: ${error}`)
    for (const remark of verdict.remarks)
        if (!allowedRemarks.includes(remark)) violations.push(`the volume: ${remark}`)
    const judgement = { violations, acknowledged: 0, lost: 0, verdict }
    if (verdict.volume === undefined) return judgement
    const found = new Map<string, Entry>()
    for (const entry of verdict.volume.entries) found.set(keyOf(entry), entry)
    if (!model.formatted) judgeForeign(disk, foreign, found, violations)
    for (const file of model.texts.values())
        judgeText(disk, verdict.volume, file, found, judgement, synced)
    for (const file of model.wholes.values())
        judgeWhole(disk, verdict.volume, file, found, violations)
    for (const [path, entry] of found) judgeStranger(path, entry, model, foreign, violations)
    return judgement
}

/** Labels may have the name of a file. */
function keyOf(entry: Entry): string {
    return (entry.attributes & attributeLabel) !== 0 ? `label ${entry.path}` : entry.path
}

function judgeForeign(
    disk: Disk,
    foreign: Foreign,
    found: Map<string, Entry>,
    violations: string[],
): void {
    for (const [path, before] of foreign.entries) {
        const now = found.get(path)
        if (now === undefined) {
            violations.push(`${path} is gone`)
            continue
        }
        if (!sameSlots(now, before)) violations.push(`${path}: its entry has changed`)
        const isDirectory = (before.attributes & attributeDirectory) !== 0
        // Directories of the logs grow.
        const same =
            (isDirectory || now.chain.length === before.chain.length) &&
            before.chain.every((cluster, i) => now.chain[i] === cluster)
        if (!same) violations.push(`${path}: its chain has changed`)
    }
    for (const block of disk.changedSince(foreign.disk)) {
        const path = foreign.blocks.get(block)
        if (path === undefined) continue
        if (Buffer.compare(disk.read(block), foreign.disk.read(block)) !== 0)
            violations.push(`${path}: its content has changed`)
    }
}

function sameSlots(now: Entry, before: Entry): boolean {
    const one = [...now.longName, now.slot]
    const two = [...before.longName, before.slot]
    const same = (a: Slot, b: Slot) =>
        a.block === b.block && a.at === b.at && Buffer.compare(a.bytes, b.bytes) === 0
    return one.length === two.length && one.every((slot, i) => same(slot, two[i]))
}

/** Judges a file that nothing created. */
function judgeStranger(
    path: string,
    entry: Entry,
    model: Model,
    foreign: Foreign,
    violations: string[],
): void {
    if (model.texts.has(path) || model.wholes.has(path)) return
    if (!model.formatted && foreign.entries.has(path)) return
    const isDirectory = (entry.attributes & attributeDirectory) !== 0
    if (isDirectory && [...model.texts.keys()].some(one => one.startsWith(path + "/"))) return
    if (model.formatted && (entry.attributes & attributeLabel) !== 0) return
    violations.push(`${path}: unexpected file`)
}

function judgeText(
    disk: Disk,
    volume: ReadVolume,
    file: TextFile,
    found: Map<string, Entry>,
    judgement: Judgement,
    synced: boolean,
): void {
    const { violations } = judgement
    const entry = found.get(file.path)
    const due = file.records.filter(record => record.acknowledged).length
    if (file.presence === "there") judgement.acknowledged += due
    if (entry === undefined) {
        if (file.presence !== "there") return
        judgement.lost += due
        violations.push(`${file.path} is gone with ${due} records`)
        return
    }
    if (file.presence === "gone") {
        violations.push(`${file.path}: it was deleted but is there`)
        return
    }
    if (entry.attributes !== 0x20 || entry.longName.length !== 0)
        violations.push(`${file.path}: attributes 0x${entry.attributes.toString(16)}`)
    if (!synced) return
    const content = readFile(disk, volume.shape, entry)
    const { missing, fault } = matchText(file, content)
    judgement.lost += missing
    if (fault !== "") violations.push(`${file.path}: ${fault}`)
}

/** Checks a text: every required record is there, in order, once, and nothing else is. */
export function matchText(file: TextFile, content: string): { missing: number; fault: string } {
    const reading = new Reading(file, content)
    const fault = reading.match()
    return { missing: reading.missing, fault }
}

class Reading {
    missing = 0
    private at = 0

    constructor(
        private readonly file: TextFile,
        private readonly content: string,
    ) {}

    match(): string {
        const { file, content } = this
        const { header, records } = file
        const former = () => file.formerHeaders.some(one => this.take(one))
        if (header !== "" && !this.take(header) && !former()) {
            if (content === "" && !records.some(record => record.acknowledged)) return ""
            if (!file.headerExcused) return "its first line is missing"
        }
        for (let i = 0; i < records.length; ++i) {
            const record = records[i]
            if (this.take(record.text) || !record.acknowledged) continue
            if (!record.excused) {
                if (this.skipNonsense(record.text) && this.take(record.text)) continue
                return this.missed(i)
            }
            if (!content.includes(record.text, this.at)) this.missing++
        }
        if (this.at === content.length || this.skipNonsense(undefined)) return ""
        const rest = JSON.stringify(content.slice(this.at, this.at + 60))
        return `after its last record: ${rest} at ${this.at}`
    }

    private take(text: string): boolean {
        const end = this.at + text.length
        // Comparing whole strings is much faster than startsWith.
        if (this.content.slice(this.at, end) !== text) return false
        this.at = end
        return true
    }

    /**
     * Skips nonsense up to where `next` starts a line, or to the end. Nonsense is allowed in lost
     * sectors, and in place of the torn rest of a record that leads into one.
     */
    private skipNonsense(next: string | undefined): boolean {
        const { content, at, file } = this
        const to = next === undefined ? content.length : content.indexOf(next, at)
        if (to < at || (next !== undefined && content[to - 1] !== "\n")) return false
        for (let i = at; i < to; ++i) {
            const leadsIn = this.leadsIntoLost(i)
            if (!file.lostSectors.includes(i >> 9) && !leadsIn) return false
        }
        this.at = to
        return true
    }

    private leadsIntoLost(position: number): boolean {
        return this.file.records.some(
            record =>
                record.excused &&
                position >= record.offset &&
                position < record.offset + record.text.length,
        )
    }

    private missed(index: number): string {
        const { file, content, at } = this
        const { text } = file.records[index]
        const due = file.records.slice(index).filter(record => record.acknowledged)
        this.missing += due.filter(record => !content.includes(record.text, at)).length
        const later = content.indexOf(text, at)
        let how = "is missing"
        if (content.lastIndexOf(text, at) >= 0) how = "is too early"
        if (later >= 0) how = "comes later"
        if (later > 0 && content[later - 1] !== "\n") how = "is inside another line"
        return (
            `record ${index} of ${file.records.length} ${how}, at ${at} of ${content.length}: ` +
            `${JSON.stringify(text)}, found ${JSON.stringify(content.slice(at, at + 120))}`
        )
    }
}

function judgeWhole(
    disk: Disk,
    volume: ReadVolume,
    file: WholeFile,
    found: Map<string, Entry>,
    violations: string[],
): void {
    const entry = found.get(file.path)
    if (entry === undefined) {
        if (!file.changing && file.now !== undefined) violations.push(`${file.path} is gone`)
        return
    }
    const content = readFile(disk, volume.shape, entry)
    if (content === file.now || (file.changing && content === file.before)) return
    const wrong = firstDifference(content, file)
    if (wrong < 0 && (file.changing || content.length === file.now?.length)) return
    violations.push(
        `${file.path}: ${content.length} bytes, ${file.changing ? "neither old nor new" : "not as written"}, from ${wrong}`,
    )
}

/**
 * Where a content differs from the start of the new one, except in lost sectors; -1 for nowhere.
 */
function firstDifference(content: string, file: WholeFile): number {
    const now = file.now ?? ""
    for (let i = 0; i < content.length; ++i)
        if (content[i] !== now[i] && !file.lostSectors.includes(i >> 9)) return i
    return -1
}
