import { mkdirSync, statSync } from "node:fs"
import { basename, join } from "node:path"
import { CardFiles, CardRefusal } from "./cardfiles"
import { copyToDisk } from "./partfile"
import { Progress } from "./progress"
import type { Screen } from "./screen"

/** A file of the card, and its target. */
interface Copy {
    path: string
    bytes: number
    target: string
}

function isFolder(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/**
 * Copies a file or a directory of the card to this computer. @returns false if the board refused
 * part of it
 */
export async function getFiles(
    files: CardFiles,
    name: string,
    to: string | undefined,
    screen: Screen,
): Promise<boolean> {
    try {
        return await copyAll(files, await copiesOf(files, name, to), screen)
    } catch (failure) {
        if (!(failure instanceof CardRefusal)) throw failure
        screen.remark(`${name}: ${failure.message}`)
        return false
    }
}

async function copiesOf(files: CardFiles, name: string, to?: string): Promise<Copy[]> {
    const path = name.toUpperCase().replace(/^\/|\/$/g, "")
    const found = await files.find(path)
    if (!found) throw new CardRefusal('it is not on the card; see "card ls"')
    if (found.bytes !== undefined) {
        const target = to === undefined ? found.name : isFolder(to) ? join(to, found.name) : to
        return [{ path, bytes: found.bytes, target }]
    }
    return await directory(files, path, to ?? basename(path || "card"))
}

/** The files of a directory; for the root also those in its directories. */
async function directory(files: CardFiles, path: string, target: string): Promise<Copy[]> {
    const copies: Copy[] = []
    mkdirSync(target, { recursive: true })
    for (const { name, bytes } of await files.list(path)) {
        const below = path === "" ? name : `${path}/${name}`
        if (bytes !== undefined) copies.push({ path: below, bytes, target: join(target, name) })
        else if (path === "") copies.push(...(await directory(files, name, join(target, name))))
    }
    return copies
}

async function copyAll(
    files: CardFiles,
    copies: readonly Copy[],
    screen: Screen,
): Promise<boolean> {
    let refused = 0
    for (const { path, bytes, target } of copies) {
        const progress = new Progress(path)
        try {
            const there = await copyToDisk(files, path, bytes, target, done =>
                progress.show(Math.min(done, 1)),
            )
            progress.end()
            const size = statSync(target).size.toLocaleString("en")
            const went = there > 0 ? `, ${there.toLocaleString("en")} of them already there` : ""
            screen.remark(`${path} -> ${target}: ${size} bytes${went}`)
        } catch (failure) {
            progress.end()
            if (!(failure instanceof CardRefusal)) throw failure
            refused++
            screen.remark(`${path}: ${failure.message}`)
        }
    }
    return refused === 0
}
