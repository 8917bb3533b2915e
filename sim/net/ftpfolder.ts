import {
    closeSync,
    existsSync,
    fstatSync,
    ftruncateSync,
    futimesSync,
    mkdirSync,
    openSync,
    readdirSync,
    readFileSync,
    readSync,
    rmdirSync,
    rmSync,
    statSync,
    writeSync,
} from "node:fs"
import { join, posix } from "node:path"

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** One file open for a transfer. */
export class OpenFile {
    private constructor(
        private readonly handle: number,
        public position: number,
    ) {}

    /** Truncates or creates the file, unless a transfer resumes inside it. */
    static forWriting(path: string, position: number): OpenFile {
        const handle = openSync(path, existsSync(path) ? "r+" : "w+")
        if (position === 0) ftruncateSync(handle)
        return new OpenFile(handle, position)
    }

    static forReading(path: string, position: number): OpenFile {
        return new OpenFile(openSync(path, "r"), position)
    }

    write(data: Uint8Array): void {
        this.position += writeSync(this.handle, data, 0, data.length, this.position)
    }

    /** Empty at the file's end. */
    read(bytesMax: number): Uint8Array {
        const data = new Uint8Array(bytesMax)
        const bytes = readSync(this.handle, data, 0, bytesMax, this.position)
        this.position += bytes
        return data.subarray(0, bytes)
    }

    close(): void {
        closeSync(this.handle)
    }

    /** Closes the file with this modification time of the simulation. @returns its bytes */
    closeAt(unixMs: number): number {
        // By handle: another log-in may have deleted it meanwhile.
        futimesSync(this.handle, unixMs / 1000, unixMs / 1000)
        const { size } = fstatSync(this.handle)
        closeSync(this.handle)
        return size
    }
}

/** A folder on disk as one session sees it: paths start at its root and cannot leave it. */
export class FtpFolder {
    /** The base of names without a leading slash. */
    current = "/"

    constructor(private readonly root: string) {}

    /** The name as an absolute path of the server. */
    absolute(name: string): string {
        return posix.resolve(this.current, name)
    }

    onDisk(name: string): string {
        return join(this.root, this.absolute(name))
    }

    /** Bytes of a file; undefined if there is no such file. */
    size(name: string): number | undefined {
        const stat = statSync(this.onDisk(name), { throwIfNoEntry: false })
        return stat?.isFile() ? stat.size : undefined
    }

    isFolder(name: string): boolean {
        return statSync(this.onDisk(name), { throwIfNoEntry: false })?.isDirectory() ?? false
    }

    exists(name: string): boolean {
        return existsSync(this.onDisk(name))
    }

    /** Whether a file of that name can be written. */
    takes(name: string): boolean {
        return !this.isFolder(name) && this.isFolder(posix.dirname(this.absolute(name)))
    }

    remove(name: string): boolean {
        if (this.size(name) === undefined) return false
        rmSync(this.onDisk(name))
        return true
    }

    /** Removes the file and returns its content. */
    takeAway(name: string): Buffer {
        const content = readFileSync(this.onDisk(name))
        rmSync(this.onDisk(name))
        return content
    }

    /** Bytes of all the server's files. */
    usedBytes(): number {
        const names = readdirSync(this.root, { recursive: true, encoding: "utf8" })
        const stats = names.map(name => statSync(join(this.root, name)))
        return stats.reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
    }

    makeFolder(name: string): boolean {
        if (this.exists(name) || !this.takes(name)) return false
        mkdirSync(this.onDisk(name))
        return true
    }

    removeFolder(name: string): boolean {
        if (!this.isFolder(name) || this.absolute(name) === "/") return false
        if (readdirSync(this.onDisk(name)).length > 0) return false
        rmdirSync(this.onDisk(name))
        return true
    }

    /** Names in a folder, or the file itself; undefined if there is neither. */
    names(name: string): string[] | undefined {
        if (this.size(name) !== undefined) return [posix.basename(this.absolute(name))]
        return this.isFolder(name) ? readdirSync(this.onDisk(name)).sort() : undefined
    }

    /** The lines of LIST in the form of `ls -l`, which clients expect (RFC 959 leaves it open). */
    lines(name: string): string[] | undefined {
        const folder = this.isFolder(name) ? name : posix.dirname(this.absolute(name))
        return this.names(name)?.map(entry => {
            const stat = statSync(join(this.onDisk(folder), entry))
            const kind = stat.isDirectory() ? "drwxr-xr-x" : "-rw-r--r--"
            const size = String(stat.isDirectory() ? 0 : stat.size).padStart(12)
            const at = stat.mtime
            const day = `${MONTHS[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)}`
            return `${kind} 1 ftp ftp ${size} ${day}  ${at.getUTCFullYear()} ${entry}`
        })
    }
}
