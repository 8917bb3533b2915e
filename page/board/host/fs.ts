// Replaces node:fs in the browser: the part the simulator uses, over files in memory.

import { tree, type SparseFile } from "./files"
import { posix } from "./path"

const open = new Map<number, SparseFile>()
let handles = 3

function failure(code: string, path: string): Error {
    return Object.assign(new Error(`${code}: ${path}`), { code })
}

function found(path: string): SparseFile {
    const file = tree.files.get(posix.resolve(path))
    if (!file) throw failure("ENOENT", path)
    return file
}

function opened(handle: number): SparseFile {
    const file = open.get(handle)
    if (!file) throw failure("EBADF", String(handle))
    return file
}

const asBytes = (data: Uint8Array | string) =>
    typeof data === "string" ? new TextEncoder().encode(data) : data

export function existsSync(path: string): boolean {
    const whole = posix.resolve(path)
    return tree.files.has(whole) || tree.folders.has(whole)
}

export function readFileSync(path: string, encoding?: string): Uint8Array | string {
    const content = Buffer.from(found(path).content())
    return encoding === undefined ? content : content.toString(encoding as BufferEncoding)
}

export function writeFileSync(path: string, data: Uint8Array | string): void {
    const whole = posix.resolve(path)
    const file = tree.files.get(whole) ?? tree.add(whole)
    file.truncate(0)
    file.write(asBytes(data), 0)
}

export function appendFileSync(path: string, data: Uint8Array | string): void {
    const whole = posix.resolve(path)
    const file = tree.files.get(whole) ?? tree.add(whole)
    file.write(asBytes(data), file.size)
}

export function openSync(path: string, flags: string): number {
    const whole = posix.resolve(path)
    const there = tree.files.get(whole)
    if (!there && flags.startsWith("r")) throw failure("ENOENT", path)
    if (there && flags.includes("x")) throw failure("EEXIST", path)
    if (there && flags.startsWith("w")) there.truncate(0)
    open.set(++handles, there ?? tree.add(whole))
    return handles
}

export function closeSync(handle: number): void {
    open.delete(handle)
}

export function readSync(
    handle: number,
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
): number {
    return opened(handle).read(into.subarray(offset, offset + length), position)
}

export function writeSync(
    handle: number,
    from: Uint8Array,
    offset: number,
    length: number,
    position: number,
): number {
    return opened(handle).write(from.subarray(offset, offset + length), position)
}

export function ftruncateSync(handle: number, size = 0): void {
    opened(handle).truncate(size)
}

export function futimesSync(handle: number, _seen: number, modified: number): void {
    opened(handle).modifiedMs = modified * 1000
}

const describe = (file: SparseFile | undefined) => ({
    size: file?.size ?? 0,
    mtime: new Date(file?.modifiedMs ?? 0),
    isFile: () => file !== undefined,
    isDirectory: () => file === undefined,
})

export function fstatSync(handle: number): unknown {
    return describe(opened(handle))
}

export function statSync(path: string, options?: { throwIfNoEntry?: boolean }): unknown {
    if (existsSync(path)) return describe(tree.files.get(posix.resolve(path)))
    if (options?.throwIfNoEntry === false) return undefined
    throw failure("ENOENT", path)
}

export function mkdirSync(path: string): void {
    const parts = posix.resolve(path).split("/").slice(1)
    for (let i = 1; i <= parts.length; i++) tree.folders.add("/" + parts.slice(0, i).join("/"))
}

export function readdirSync(path: string, options?: { recursive?: boolean }): string[] {
    const root = posix.resolve(path)
    const start = root === "/" ? "/" : root + "/"
    const below = [...tree.files.keys(), ...tree.folders]
        .filter(one => one.startsWith(start) && one !== start)
        .map(one => one.slice(start.length))
    return options?.recursive ? below : below.filter(one => !one.includes("/"))
}

export function renameSync(from: string, to: string): void {
    found(from)
    tree.rename(posix.resolve(from), posix.resolve(to))
}

export function rmSync(path: string): void {
    tree.remove(posix.resolve(path))
}

export function rmdirSync(path: string): void {
    tree.folders.delete(posix.resolve(path))
}

export function chmodSync(): void {}
