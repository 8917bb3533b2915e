import { pageBytes, type SparseFile, tree } from "./files"

const flushMs = 1_000

interface Meta {
    size: number
    modifiedMs: number
}

function done<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error("the browser's storage fails"))
    })
}

function opened(): Promise<IDBDatabase> {
    const request = indexedDB.open("bms-mini", 1)
    request.onupgradeneeded = () => {
        request.result.createObjectStore("files")
        request.result.createObjectStore("pages")
    }
    return done(request)
}

/** Keeps the files of the board in the tab between visits. */
export class BrowserStore {
    private timer: ReturnType<typeof setInterval> | undefined
    private saving: Promise<void> = Promise.resolve()

    private constructor(private readonly database: IDBDatabase | undefined) {}

    /** In a private window, or while another tab has the board, nothing is kept. */
    static async open(): Promise<BrowserStore> {
        const alone = await new Promise<boolean>(resolve => {
            if (!navigator.locks) return resolve(true)
            // Held until the worker ends.
            void navigator.locks.request("bms-mini", { ifAvailable: true }, lock => {
                resolve(lock !== null)
                return lock ? new Promise(() => undefined) : undefined
            })
        })
        if (!alone) return new BrowserStore(undefined)
        try {
            const store = new BrowserStore(await opened())
            await store.load()
            store.timer = setInterval(() => void store.save(), flushMs)
            return store
        } catch {
            return new BrowserStore(undefined)
        }
    }

    get keeps(): boolean {
        return this.database !== undefined
    }

    /** Saves all changes since the last call. */
    save(): Promise<void> {
        this.saving = this.saving.then(() => this.write()).catch(() => undefined)
        return this.saving
    }

    /** Forgets the board. */
    async clear(): Promise<void> {
        clearInterval(this.timer)
        await this.saving
        if (!this.database) return
        const change = this.database.transaction(["files", "pages"], "readwrite")
        await Promise.all([
            done(change.objectStore("files").clear()),
            done(change.objectStore("pages").clear()),
        ])
    }

    private async load(): Promise<void> {
        const look = this.database!.transaction(["files", "pages"])
        const files = look.objectStore("files")
        const pages = look.objectStore("pages")
        const [names, metas, keys, contents] = await Promise.all([
            done(files.getAllKeys()),
            done(files.getAll()) as Promise<Meta[]>,
            done(pages.getAllKeys()),
            done(pages.getAll()) as Promise<Uint8Array[]>,
        ])
        const made = new Map<string, SparseFile>()
        names.forEach((name, i) => {
            const file = tree.add(String(name))
            file.size = metas[i].size
            file.modifiedMs = metas[i].modifiedMs
            made.set(String(name), file)
            for (let at = 1; (at = String(name).indexOf("/", at)) > 0; at++)
                tree.folders.add(String(name).slice(0, at))
        })
        keys.forEach((key, i) => {
            const [name, page] = key as [string, number]
            if (contents[i].length === pageBytes) made.get(name)?.pages.set(page, contents[i])
        })
        tree.takeChanges()
    }

    private async write(): Promise<void> {
        const changes = tree.takeChanges()
        if (changes.size === 0 || !this.database) return
        const change = this.database.transaction(["files", "pages"], "readwrite")
        const files = change.objectStore("files")
        const pages = change.objectStore("pages")
        for (const [path, numbers] of changes) {
            const file = tree.files.get(path)
            if (!file) {
                files.delete(path)
                pages.delete(IDBKeyRange.bound([path], [path, Infinity]))
                continue
            }
            files.put({ size: file.size, modifiedMs: file.modifiedMs }, path)
            for (const number of numbers) {
                const page = file.pages.get(number)
                if (number < 0) continue
                if (page) pages.put(page.slice(), [path, number])
                else pages.delete([path, number])
            }
        }
        await new Promise<void>((resolve, reject) => {
            change.oncomplete = () => resolve()
            change.onabort = () => reject(change.error ?? new Error("not kept"))
        })
    }
}
