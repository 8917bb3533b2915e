import { execFileSync, spawn, type ChildProcess } from "node:child_process"
import {
    chmodSync,
    closeSync,
    mkdirSync,
    mkdtempSync,
    openSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs"
import { createConnection } from "node:net"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import type { Launch } from "./setup"

/** Size of a small disk after a test has lifted its limit. */
const diskBytesFreed = 256 << 20

/** Outlives the test's process, however that ends: its input ends, then it cleans up. */
const guardScript = `cat >/dev/null
while read group; do kill -s KILL -- "-$group" 2>/dev/null; done <"$1/groups"
umount -l "$1/files" 2>/dev/null
rm -rf "$1" /dev/shm/"$2"-*`

/**
 * A temporary folder with a server's configuration, logs (*.log) and served files (files/), and the
 * processes started for it. remove() ends and deletes it all, as does the end of the test's
 * process.
 */
export class Site {
    readonly folder: string
    readonly files: string
    /** Letters and digits, unique per site. */
    readonly name: string
    private readonly children = new Set<ChildProcess>()
    private readonly guard: ChildProcess
    private readonly guardEnded: Promise<unknown>

    constructor(kind: string) {
        this.folder = mkdtempSync(join(tmpdir(), `bms-${kind}-`))
        this.files = join(this.folder, "files")
        this.name = "bms" + basename(this.folder).slice(-6)
        // Servers that drop root must still reach their folder.
        chmodSync(this.folder, 0o755)
        mkdirSync(this.files)
        this.write("groups", "")
        this.guard = spawn("sh", ["-c", guardScript, "guard", this.folder, this.name], {
            stdio: ["pipe", "ignore", "ignore"],
            detached: true,
        })
        this.guardEnded = new Promise(resolve => this.guard.once("exit", resolve))
    }

    path(name: string): string {
        return join(this.folder, name)
    }

    /** @returns the file's path */
    write(name: string, content: string, mode = 0o600): string {
        writeFileSync(this.path(name), content, { mode })
        return this.path(name)
    }

    /** A link to `target`, for programs that take no path with spaces. @returns its path */
    link(target: string, name: string): string {
        rmSync(this.path(name), { force: true })
        symlinkSync(target, this.path(name))
        return this.path(name)
    }

    /** Starts a program in its own process group; its output goes to output.log. */
    run(launch: Launch): ChildProcess {
        const log = openSync(this.path("output.log"), "a")
        const child = spawn(launch.command, launch.args, {
            cwd: this.folder,
            env: { ...process.env, ...launch.env },
            stdio: ["ignore", log, log],
            detached: true,
        })
        closeSync(log)
        child.once("error", error => writeFileSync(this.path("error.log"), String(error)))
        this.children.add(child)
        this.noteGroups()
        return child
    }

    /** Ends every process at once, as a power failure would. */
    async kill(): Promise<void> {
        const running = [...this.children]
        this.children.clear()
        const ended = running.map(child => {
            const exit = !hasEnded(child) && new Promise(resolve => child.once("exit", resolve))
            if (child.pid !== undefined) killGroup(child.pid)
            return exit
        })
        await Promise.all(ended)
        this.noteGroups()
    }

    /** Mounts a disk of this size under the served folder (root only), or lifts its limit. */
    setDisk(bytes: number | undefined): void {
        const mounted = readFileSync("/proc/mounts", "utf8").includes(` ${this.files} `)
        const options = `size=${bytes ?? diskBytesFreed}`
        if (mounted) execFileSync("mount", ["-o", `remount,${options}`, this.files])
        else if (bytes !== undefined)
            execFileSync("mount", ["-t", "tmpfs", "-o", options, "bms-disk", this.files])
    }

    /** All logs, for messages. */
    log(): string {
        const names = readdirSync(this.folder).filter(name => name.endsWith(".log"))
        return names
            .map(name => [name, readFileSync(this.path(name), "utf8").trimEnd()])
            .filter(([, text]) => text !== "")
            .map(([name, text]) => `--- ${name}\n${text}\n`)
            .join("")
    }

    async remove(): Promise<void> {
        await this.kill()
        this.guard.stdin!.end()
        await this.guardEnded
    }

    private noteGroups(): void {
        this.write("groups", [...this.children].map(child => `${child.pid}\n`).join(""))
    }
}

/** True also for a process that could not be started. */
export function hasEnded(child: ChildProcess): boolean {
    return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

function killGroup(group: number): void {
    try {
        process.kill(-group, "SIGKILL")
    } catch {
        // It has ended already.
    }
}

/** True if a server listens there and, with `expected`, greets with that text. */
export async function listens(port: number, expected = ""): Promise<boolean> {
    return await new Promise(resolve => {
        const socket = createConnection(port, "127.0.0.1")
        const finish = (answer: boolean): void => {
            socket.destroy()
            resolve(answer)
        }
        socket.setTimeout(2000, () => finish(false))
        socket.once("connect", () => expected === "" && finish(true))
        socket.once("data", data => finish(data.toString("latin1").startsWith(expected)))
        socket.once("error", () => finish(false))
        socket.once("end", () => finish(false))
    })
}

/** Waits until `condition` holds; false on a timeout, or when `ended` comes first. */
export async function becomes(
    condition: () => Promise<boolean>,
    timeoutMs: number,
    ended: () => boolean = () => false,
): Promise<boolean> {
    const endMs = Date.now() + timeoutMs
    while (!(await condition())) {
        if (ended() || Date.now() > endMs) return false
        await new Promise(resolve => setTimeout(resolve, 20))
    }
    return true
}
