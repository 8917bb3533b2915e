import type { Disk } from "./disk"
import {
    attributeDirectory,
    attributeLabel,
    attributeLongName,
    latin1,
    readShape,
    Table,
    readVolume,
    u16,
    u32,
    type DirectoryContent,
    type Entry,
    type ReadVolume,
    type Slot,
    type VolumeShape,
} from "./fatreader"

/** The faults of a volume. */
export interface Verdict {
    /** Faults a repair would change: `fsck.fat -n` exits with 1. */
    errors: string[]
    /** Deviations from the specification that no repair changes. */
    remarks: string[]
    /** The readable part of the volume. */
    volume: ReadVolume | undefined
}

const zeros = new Uint8Array(512)
const noName = "NO NAME    "

/** Judges the FAT16 or FAT32 volume whose boot sector is at `first`, by the specification. */
export function checkVolume(disk: Disk, first = 0): Verdict {
    const shape = readShape(disk, first)
    if (typeof shape === "string")
        return { errors: [`boot sector: ${shape}`], remarks: [], volume: undefined }
    const check = new Check(disk, shape)
    check.boot()
    check.tables()
    check.tree()
    check.space()
    return { errors: check.errors, remarks: check.remarks, volume: check.volume }
}

/** The last check that found an owner of a cluster. */
let owners = new Int32Array(0)
let checks = 0

class Check {
    readonly errors: string[] = []
    readonly remarks: string[] = []
    readonly volume: ReadVolume
    private readonly stamp: number
    /** Clusters that belong to a file. */
    private owned = 0

    constructor(
        private readonly disk: Disk,
        private readonly shape: VolumeShape,
    ) {
        this.volume = readVolume(disk, shape)
        if (owners.length < shape.clusterEnd) owners = new Int32Array(shape.clusterEnd)
        this.stamp = ++checks
    }

    boot(): void {
        const { shape, disk, errors, remarks } = this
        const boot = disk.peek(shape.first)!
        if (u16(boot, 510) !== 0xaa55) remarks.push("boot sector: no signature")
        if ((boot[shape.fat32 ? 65 : 37] & 1) !== 0) errors.push("boot sector: marked as in use")
        if (!shape.fat32) return
        if (shape.backup === 0) {
            if (shape.reserved >= 3) errors.push("boot sector: it has no backup")
        } else if (!sameBytes(boot, disk.peek(shape.first + shape.backup)))
            remarks.push("boot sector: its backup differs")
        if (shape.info === 0) {
            remarks.push("FSInfo: there is none")
            return
        }
        const info = disk.peek(shape.first + shape.info) ?? zeros
        const signed =
            u32(info, 0) === 0x41615252 &&
            u32(info, 484) === 0x61417272 &&
            u32(info, 508) === 0xaa550000
        if (!signed) errors.push("FSInfo: a signature is missing")
        const next = u32(info, 492)
        if (signed && next !== 0xffffffff && !(next >= 2 && next < shape.clusterEnd))
            remarks.push(`FSInfo: the next free cluster cannot be ${next}`)
    }

    tables(): void {
        const { shape, disk, errors, remarks, volume } = this
        const media = disk.peek(shape.first)![21]
        const full = shape.fat32 ? 0x0fffff00 : 0xff00
        if (volume.table.link(0) >>> 4 !== (full | 0xf0) >>> 4)
            errors.push("table: entry 0 is damaged")
        else if (volume.table.link(0) !== (full | media))
            remarks.push("table: entry 0 has other media")
        const clean = shape.fat32 ? 0x08000000 : 0x8000
        const sound = shape.fat32 ? 0x04000000 : 0x4000
        if ((volume.table.raw(1) & clean) === 0) errors.push("table: marked as in use")
        if ((volume.table.raw(1) & sound) === 0)
            remarks.push("table: marked as having seen an error")
        if (shape.fatCount === 2) this.copies()
        for (const cluster of volume.table.summary().astray)
            errors.push(`table: cluster ${cluster} leads to ${volume.table.link(cluster)}`)
    }

    tree(): void {
        const { volume, shape, errors } = this
        if (shape.rootCluster !== 0) {
            this.own("/", volume.rootChain)
            if (volume.rootEnds !== "end") errors.push(`/: its chain: ${volume.rootEnds}`)
        }
        this.directory("/", volume.root)
        for (const entry of volume.entries) this.entry(entry)
        this.parents(volume.root, undefined, undefined)
        this.label()
    }

    space(): void {
        const { volume, shape, errors, remarks } = this
        const { used, bad } = volume.table.summary()
        const lost = used - bad - this.owned
        if (lost !== 0) errors.push(`${lost} clusters in use belong to no file`)
        // A repair frees lost clusters.
        const free = shape.clusterEnd - 2 - used + lost
        if (shape.info === 0) return
        const stated = u32(this.disk.peek(shape.first + shape.info) ?? zeros, 488)
        if (stated === 0xffffffff) remarks.push("FSInfo: the free count is unknown")
        else if (stated !== free) errors.push(`FSInfo: ${stated} free clusters, there are ${free}`)
    }

    private copies(): void {
        const { shape, disk, errors } = this
        // After the last cluster's entry the copies may differ.
        const differing = this.volume.table.differsFrom(new Table(disk, shape, 1))
        if (differing >= 0) errors.push(`table: the copies differ, cluster ${differing}`)
    }

    private own(path: string, chain: number[]): void {
        for (const cluster of chain) {
            if (owners[cluster] === this.stamp) {
                this.errors.push(`${path}: cluster ${cluster} also belongs to another file`)
                return
            }
            owners[cluster] = this.stamp
            this.owned++
        }
    }

    private entry(entry: Entry): void {
        const { errors, remarks, shape } = this
        const { path, chain, size } = entry
        const say = (text: string) => errors.push(`${path}: ${text}`)
        const isDirectory = (entry.attributes & attributeDirectory) !== 0
        if (entry.start !== 0 && entry.ends !== "end") say(`its chain: ${entry.ends}`)
        this.own(path, chain)
        if (isDirectory) {
            if (size !== 0) say("a directory with a size")
            if (entry.start === 0) say("a directory without a cluster")
            if (entry.directory !== undefined) this.directory(path, entry.directory)
            return
        }
        const bytes = shape.clusterBlocks * 512
        if (size > chain.length * bytes) say(`${size} bytes in ${chain.length} clusters`)
        else if (chain.length > 0 && size <= (chain.length - 1) * bytes)
            say(`only ${size} bytes in ${chain.length} clusters`)
        if ((entry.attributes & 0xc0) !== 0) remarks.push(`${path}: reserved attribute bits`)
    }

    private directory(path: string, content: DirectoryContent): void {
        const { errors, remarks } = this
        const names = new Set<string>()
        for (const entry of content.entries) {
            if ((entry.attributes & attributeLabel) !== 0) {
                if (path !== "/") remarks.push(`${path}: a volume label in it`)
                continue
            }
            const name = latin1(entry.slot.bytes.subarray(0, 11))
            if (names.has(name)) errors.push(`${path}: two entries named "${name}"`)
            names.add(name)
            if (badName(entry)) errors.push(`${path}: "${name}" is not a valid name`)
        }
        if (content.behindEnd) remarks.push(`${path}: entries after its end`)
        checkLongNames(path, content.slots, errors, remarks)
    }

    /** "." and "..", and directories that lead back up. */
    private parents(
        content: DirectoryContent,
        here: Entry | undefined,
        above: Entry | undefined,
    ): void {
        const { errors, shape } = this
        const start = (entry: Entry | undefined) => (entry === undefined ? 0 : entry.start)
        for (const entry of content.entries) {
            if ((entry.attributes & attributeDirectory) === 0) continue
            const up = [here === undefined ? shape.rootCluster : start(here), start(above)]
            if (entry.start !== 0 && up.includes(entry.start))
                errors.push(`${entry.path}: leads back up`)
            if (entry.directory === undefined) continue
            const [dot, dotDot] = entry.directory.dots
            this.dot(entry.path, dot, ".          ", entry.start)
            this.dot(entry.path, dotDot, "..         ", start(here))
            this.parents(entry.directory, entry, here)
        }
    }

    private dot(path: string, slot: Slot, name: string, start: number): void {
        const { bytes } = slot
        const high = this.shape.fat32 ? u16(bytes, 20) : 0
        const good =
            latin1(bytes.subarray(0, 11)) === name &&
            (bytes[11] & attributeDirectory) !== 0 &&
            ((high << 16) | u16(bytes, 26)) >>> 0 === start
        if (!good) this.errors.push(`${path}: its entry "${name.trimEnd()}" is wrong`)
        if ((bytes[12] & 32) !== 0) this.errors.push(`${path}: "${name.trimEnd()}" has no 8.3 name`)
    }

    /** The boot sector's label equals the root directory's. */
    private label(): void {
        const { shape, volume, errors } = this
        const inBoot = shape.label
        const entry = volume.root.entries.find(one => (one.attributes & attributeLabel) !== 0)
        if (entry === undefined) {
            if (inBoot !== noName) errors.push(`label: "${inBoot}" only in the boot sector`)
            return
        }
        const label = latin1(entry.slot.bytes.subarray(0, 11)).replace(/^\x05/, "\xe5")
        if (badLabel(label)) errors.push(`label: "${label}" is not valid`)
        if (label !== inBoot) errors.push(`label: "${label}", in the boot sector "${inBoot}"`)
    }
}

function sameBytes(one: Uint8Array, two: Uint8Array | undefined): boolean {
    const other = two ?? zeros
    return one === other || Buffer.compare(one, other) === 0
}

/** Characters forbidden in labels [6.1]. */
function badLabel(label: string): boolean {
    return label.startsWith(" ") || /[\x00-\x1f"*+,./:;<=>?[\\\]|]/.test(label)
}

/** Characters forbidden in short names; a leading 0x05 means 0xe5 [6.1]. */
function badName(entry: Entry): boolean {
    const { bytes } = entry.slot
    if ((bytes[12] & 32) !== 0) return entry.longName.length === 0
    if (bytes[0] === 0x20) return true
    for (let i = 0; i < 11; ++i) {
        const code = bytes[i]
        if ((code < 0x20 && !(i === 0 && code === 5)) || code === 0x7f) return true
        if ('*?<>|"\\/:.'.includes(String.fromCharCode(code))) return true
    }
    return false
}

/** The checksum of a short name in the slots of its long one [7.2]. */
export function nameChecksum(name: Uint8Array): number {
    let sum = 0
    for (let i = 0; i < 11; ++i) sum = ((((sum & 1) << 7) | (sum >> 1)) + name[i]) & 0xff
    return sum
}

/**
 * The slots of long names [7]: parts without a following short entry are errors, others remarks.
 */
function checkLongNames(
    path: string,
    slots: (Slot | undefined)[],
    errors: string[],
    remarks: string[],
): void {
    // The number of the expected next part: 0 for the short entry, -1 outside of long names.
    let expected = -1
    let checksum = 0
    const orphaned = () => {
        if (expected !== -1) errors.push(`${path}: a part of a long name that belongs to no entry`)
        expected = -1
    }
    for (const slot of slots) {
        if (slot === undefined) {
            orphaned()
            continue
        }
        const { bytes } = slot
        if (bytes[11] !== attributeLongName) {
            if (expected > 0) remarks.push(`${path}: an unfinished long name`)
            else if (expected === 0 && nameChecksum(bytes) !== checksum)
                remarks.push(`${path}: a long name of another entry`)
            expected = -1
            continue
        }
        if (expected === 0) orphaned()
        const number = bytes[0] & 0x1f
        if ((bytes[0] & 0x40) !== 0 && number !== 0) {
            if (expected !== -1) remarks.push(`${path}: a long name inside another`)
            expected = number
            checksum = bytes[13]
        } else if (number !== expected || expected === -1) {
            remarks.push(`${path}: a part of a long name out of order`)
            expected = -1
            continue
        }
        if (bytes[13] !== checksum) remarks.push(`${path}: the checksum of a long name`)
        if (bytes[12] !== 0 || u16(bytes, 26) !== 0)
            errors.push(`${path}: the reserved fields of a long name`)
        expected--
    }
    orphaned()
}
