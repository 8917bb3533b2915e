import { spawn } from "node:child_process"
import {
    closeSync,
    existsSync,
    ftruncateSync,
    mkdtempSync,
    openSync,
    rmSync,
    writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { requireTool } from "../../test/support/tools"
import type { Disk } from "./disk"

/** Writes the blocks of a volume to a sparse file, in runs. */
function saveVolume(disk: Disk, first: number, path: string): void {
    const file = openSync(path, "w")
    ftruncateSync(file, (disk.blockCount - first) * 512)
    const blocks = [...disk.changedSince(undefined)].filter(block => block >= first)
    blocks.sort((one, two) => one - two)
    for (let i = 0; i < blocks.length;) {
        let end = i + 1
        while (end < blocks.length && blocks[end] === blocks[end - 1] + 1) end++
        const run = Buffer.concat(blocks.slice(i, end).map(block => disk.peek(block)!))
        writeSync(file, run, 0, run.length, (blocks[i] - first) * 512)
        i = end
    }
    closeSync(file)
}

/** Runs fsck.fat on many volumes, a few at a time. */
export class FsckPool {
    // In memory if possible: there are many short-lived images.
    private readonly folder = mkdtempSync(
        join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bms-fsck-"),
    )
    private readonly tool = requireTool("fsck.fat")
    private readonly running = new Set<Promise<void>>()
    private readonly freeSlots: number[]

    constructor(parallel = 3) {
        this.freeSlots = Array.from({ length: parallel }, (_, i) => i)
    }

    /** Passes the answer to `done` later; waits while too many checks are running. */
    async check(
        disk: Disk,
        first: number,
        done: (clean: boolean, text: string) => void,
    ): Promise<void> {
        while (this.freeSlots.length === 0) await Promise.race(this.running)
        const slot = this.freeSlots.pop()!
        const path = join(this.folder, `${slot}.img`)
        saveVolume(disk, first, path)
        const work = this.run(path).then(({ status, text }) => {
            this.freeSlots.push(slot)
            this.running.delete(work)
            done(status === 0, text)
        })
        this.running.add(work)
    }

    /** Waits for all answers. */
    async drain(): Promise<void> {
        while (this.running.size > 0) await Promise.race(this.running)
    }

    /** The same, and removes the images. */
    async finish(): Promise<void> {
        await this.drain()
        rmSync(this.folder, { recursive: true, force: true })
    }

    private run(path: string): Promise<{ status: number | null; text: string }> {
        return new Promise((resolve, reject) => {
            const child = spawn(this.tool, ["-n", path], { stdio: ["ignore", "pipe", "pipe"] })
            let text = ""
            child.stdout.on("data", part => (text += part))
            child.stderr.on("data", part => (text += part))
            child.on("error", reject)
            child.on("close", status => resolve({ status, text }))
        })
    }
}
