import { spawn, type ChildProcess } from "node:child_process"
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

interface Answer {
    status: number
    text: string
}

/**
 * A shell that runs fsck.fat on one image after the other. A process of our size takes 10 ms to
 * start another one; a shell does not.
 */
class FsckShell {
    private readonly child: ChildProcess
    private text = ""
    private answer: ((answer: Answer) => void) | undefined

    constructor(tool: string) {
        const script = `while read -r path; do "$0" -n "$path" 2>&1; printf '\\004%d\\n' $?; done`
        this.child = spawn("sh", ["-c", script, tool], { stdio: ["pipe", "pipe", "inherit"] })
        this.child.stdout!.on("data", part => this.take(String(part)))
    }

    /** One at a time. */
    check(path: string): Promise<Answer> {
        return new Promise((resolve, reject) => {
            this.answer = resolve
            this.child.once("error", reject)
            this.child.once("close", () => reject(new Error("the shell of fsck.fat has ended")))
            this.child.stdin!.write(path + "\n")
        })
    }

    end(): void {
        this.child.removeAllListeners("close").stdin!.end()
    }

    private take(part: string): void {
        this.text += part
        const end = /\x04(\d+)\n$/.exec(this.text)
        if (!end) return
        const text = this.text.slice(0, end.index)
        this.text = ""
        this.child.removeAllListeners("error").removeAllListeners("close")
        this.answer!({ status: Number(end[1]), text })
    }
}

/** Runs fsck.fat on many volumes, a few at a time. */
export class FsckPool {
    // In memory if possible: there are many short-lived images.
    private readonly folder = mkdtempSync(
        join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bms-fsck-"),
    )
    private readonly running = new Set<Promise<void>>()
    private readonly shells: FsckShell[]
    private readonly freeSlots: number[]

    constructor(parallel = 3) {
        const tool = requireTool("fsck.fat")
        this.shells = Array.from({ length: parallel }, () => new FsckShell(tool))
        this.freeSlots = this.shells.map((_, i) => i)
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
        const work = this.shells[slot].check(path).then(({ status, text }) => {
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
        for (const shell of this.shells) shell.end()
        rmSync(this.folder, { recursive: true, force: true })
    }
}
