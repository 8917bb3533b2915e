import { parseDay } from "../days/reader"
import { t } from "../texts"
import { go, model, openFiles, say } from "./app"

/** Contents read from the board's files: the next time only their tails are fetched. */
const known = new Map<string, Uint8Array>()

/** A file's path in the list, including the folder if the browser gives it. */
function pathOf(file: File): string {
    return (file.webkitRelativePath || file.name).replace(/\\/g, "/")
}

/** Day files of this computer; the last one is shown. */
export async function openLocalFiles(files: File[]): Promise<void> {
    let last: string | undefined
    const next = new Map(openFiles.value)
    for (const file of files) {
        const day = parseDay(new Uint8Array(await file.arrayBuffer()))
        const path = pathOf(file)
        if (!day) {
            say(t.card.noDay(file.name))
            continue
        }
        next.set(path, { path, bytes: file.size, day, local: true })
        last = path
    }
    openFiles.value = next
    if (last !== undefined) go("card", last)
}

/** Fetches the unknown part of a file of the card. Throws an Error. */
export async function fetchFile(
    path: string,
    bytes: number,
    onProgress: (done: number) => void,
): Promise<Uint8Array> {
    const remote = model.remote
    if (!remote) throw new Error(t.phase.idle)
    const key = `${model.status.value.get("serial") ?? ""} ${path}`
    const stream = remote.stream(done => onProgress(done as number))
    try {
        const content = await remote.call(
            "read",
            path,
            bytes,
            known.get(key) ?? new Uint8Array(0),
            stream,
        )
        known.set(key, content)
        return content
    } finally {
        remote.dropStream(stream)
    }
}

/** Opens a day of the card. Throws an Error. */
export async function openCardFile(
    path: string,
    bytes: number,
    onProgress: (done: number) => void,
): Promise<void> {
    const content = await fetchFile(path, bytes, onProgress)
    const day = parseDay(content)
    if (!day) return say(t.card.noDay(path))
    const next = new Map(openFiles.value)
    next.set(path, { path, bytes: content.length, day, local: false })
    openFiles.value = next
    go("card", path)
}
