import { execFileSync, spawnSync } from "node:child_process"
import {
    closeSync,
    existsSync,
    fstatSync,
    ftruncateSync,
    mkdtempSync,
    openSync,
    readFileSync,
    readSync,
    rmSync,
    writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MemoryStore } from "../../sim/chips/sdcardstore"
import { requireTool } from "./tools"

const zeros = Buffer.alloc(512)

/** A place for many short-lived images: in memory if possible. */
const briefly = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()

/** Runs `work` with its own folder, removed afterwards. */
export function withFolder<T>(work: (folder: string) => T): T {
    const folder = mkdtempSync(join(briefly, "bms-card-"))
    try {
        return work(folder)
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
}

/** Writes the blocks of a store to a sparse file. */
export function saveImage(store: MemoryStore, path: string): void {
    const file = openSync(path, "w")
    ftruncateSync(file, store.blockCount * 512)
    const blocks = [...store.written()].filter(block => !zeros.equals(store.read(block)))
    blocks.sort((one, two) => one - two)
    for (let from = 0, end = 0; from < blocks.length; from = end) {
        while (end < blocks.length && blocks[end] - blocks[from] === end - from) end++
        const run = Buffer.concat(blocks.slice(from, end).map(block => store.read(block)))
        writeSync(file, run, 0, run.length, blocks[from] * 512)
    }
    closeSync(file)
}

/** Reads a volume into a store; a fresh one has nothing beyond its first 16 MiB. */
function loadImage(path: string, blocks = 32768): MemoryStore {
    const file = openSync(path, "r")
    const store = new MemoryStore(Math.floor(fstatSync(file).size / 512))
    const start = Buffer.alloc(Math.min(store.blockCount, blocks) * 512)
    readSync(file, start, 0, start.length, 0)
    closeSync(file)
    for (let at = 0; at < start.length; at += 512) {
        const data = start.subarray(at, at + 512)
        if (!data.equals(zeros)) store.write(at / 512, data)
    }
    return store
}

/** The verdict of fsck.fat on a volume, which it does not change. */
export function checkVolume(store: MemoryStore): { clean: boolean; text: string } {
    return withFolder(folder => {
        const path = join(folder, "card.img")
        saveImage(store, path)
        const run = spawnSync(requireTool("fsck.fat"), ["-n", "-v", path], { encoding: "utf8" })
        return { clean: run.status === 0, text: run.stdout + run.stderr }
    })
}

/** A volume made by mkfs.fat. */
export function makeVolume(mebibytes: number, ...options: string[]): MemoryStore {
    return prepareVolume(mebibytes, options, () => {})
}

/** A volume made by mkfs.fat, with files from other programs near its beginning. */
export function prepareVolume(
    mebibytes: number,
    options: string[],
    fill: (image: string, folder: string) => void,
): MemoryStore {
    return withFolder(folder => {
        const path = join(folder, "card.img")
        saveImage(new MemoryStore(mebibytes * 2048), path)
        execFileSync(requireTool("mkfs.fat"), [...options, path], { stdio: "pipe" })
        fill(path, folder)
        return loadImage(path)
    })
}

/** A volume after other programs have changed it. */
export function editVolume(
    store: MemoryStore,
    edit: (image: string, folder: string) => void,
): MemoryStore {
    return withFolder(folder => {
        const path = join(folder, "card.img")
        saveImage(store, path)
        edit(path, folder)
        return loadImage(path, store.blockCount)
    })
}

/** Runs an mtools program on a volume; `options` follow "-i IMAGE". */
export function runMtools(store: MemoryStore, tool: string, ...options: string[]): string {
    return withFolder(folder => {
        const path = join(folder, "card.img")
        saveImage(store, path)
        const run = spawnSync(requireTool(tool), ["-i", path, ...options], { encoding: "utf8" })
        if (run.status !== 0) throw new Error(`${tool}: ${run.stderr}`)
        return run.stdout
    })
}

/** A file's bytes as read by mcopy. */
export function copyOut(store: MemoryStore, path: string): string {
    return copyAllOut(store, [path])[0]
}

/** The same for several files. */
export function copyAllOut(store: MemoryStore, paths: readonly string[]): string[] {
    return withFolder(folder => {
        const image = join(folder, "card.img")
        const out = join(folder, "out")
        saveImage(store, image)
        return paths.map(path => {
            const args = ["-n", "-i", image, "::" + path, out]
            execFileSync(requireTool("mcopy"), args, { stdio: "pipe" })
            return readFileSync(out, "latin1")
        })
    })
}

/** Copies the volume's blocks to the card, from `firstBlock` on. */
export function placeVolume(card: MemoryStore, volume: MemoryStore, firstBlock: number): void {
    for (const block of volume.written()) card.write(block + firstBlock, volume.read(block))
}

/**
 * A card whose master boot record has one partition, the volume, from `firstBlock` on.
 * @param blockCount of the card
 */
export function behindMbr(
    volume: MemoryStore,
    firstBlock: number,
    type: number,
    blockCount = volume.blockCount + firstBlock,
): MemoryStore {
    const card = new MemoryStore(blockCount)
    const mbr = new Uint8Array(512)
    const view = new DataView(mbr.buffer)
    mbr[446 + 4] = type
    view.setUint32(446 + 8, firstBlock, true)
    view.setUint32(446 + 12, volume.blockCount, true)
    view.setUint16(510, 0xaa55, true)
    card.write(0, mbr)
    placeVolume(card, volume, firstBlock)
    return card
}
