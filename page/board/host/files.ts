// Files in memory, in pages. Pages never written cost nothing; a card image consists mostly of
// those.

/** The unit in which files are kept and stored. */
export const pageBytes = 16 * 1024

/** A file's content. */
export class SparseFile {
    size = 0
    modifiedMs = 0
    readonly pages = new Map<number, Uint8Array>()

    /** @param onChange gets the number of a changed page; -1: the size only */
    constructor(private readonly onChange: (page: number) => void) {}

    read(into: Uint8Array, position: number): number {
        const bytes = Math.max(0, Math.min(into.length, this.size - position))
        for (let done = 0; done < bytes;) {
            const at = position + done
            const within = at % pageBytes
            const piece = Math.min(pageBytes - within, bytes - done)
            const page = this.pages.get(Math.floor(at / pageBytes))
            if (page) into.set(page.subarray(within, within + piece), done)
            else into.fill(0, done, done + piece)
            done += piece
        }
        return bytes
    }

    write(from: Uint8Array, position: number): number {
        for (let done = 0; done < from.length;) {
            const at = position + done
            const within = at % pageBytes
            const piece = Math.min(pageBytes - within, from.length - done)
            const number = Math.floor(at / pageBytes)
            let page = this.pages.get(number)
            if (!page) this.pages.set(number, (page = new Uint8Array(pageBytes)))
            page.set(from.subarray(done, done + piece), within)
            this.onChange(number)
            done += piece
        }
        this.size = Math.max(this.size, position + from.length)
        this.onChange(-1)
        return from.length
    }

    truncate(size: number): void {
        const kept = Math.ceil(size / pageBytes)
        for (const number of [...this.pages.keys()])
            if (number >= kept) {
                this.pages.delete(number)
                this.onChange(number)
            }
        const last = this.pages.get(kept - 1)
        if (last && size % pageBytes !== 0 && size < this.size) {
            last.fill(0, size % pageBytes)
            this.onChange(kept - 1)
        }
        this.size = size
        this.onChange(-1)
    }

    content(): Uint8Array {
        const bytes = new Uint8Array(this.size)
        this.read(bytes, 0)
        return bytes
    }
}

/** Unsaved changes: each file's pages. */
export type Changes = Map<string, Set<number>>

/** Folders and files by their absolute paths. */
class FileTree {
    readonly files = new Map<string, SparseFile>()
    readonly folders = new Set<string>(["/"])
    /** Removed file names count as changed, too. */
    changes: Changes = new Map()

    add(path: string): SparseFile {
        const file: SparseFile = new SparseFile(page => {
            for (const [name, one] of this.files) if (one === file) this.changed(name, page)
        })
        this.files.set(path, file)
        this.changed(path, -1)
        return file
    }

    remove(path: string): void {
        this.files.delete(path)
        this.changed(path, -1)
    }

    rename(from: string, to: string): void {
        const file = this.files.get(from)!
        this.remove(to)
        this.remove(from)
        this.files.set(to, file)
        this.changed(to, -1)
        for (const page of file.pages.keys()) this.changed(to, page)
    }

    takeChanges(): Changes {
        const changes = this.changes
        this.changes = new Map()
        return changes
    }

    private changed(path: string, page: number): void {
        const pages = this.changes.get(path)
        if (pages) pages.add(page)
        else this.changes.set(path, new Set([page]))
    }
}

/** This worker's only tree, which the simulator's modules use as the disk. */
export const tree = new FileTree()
