import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { createCard } from "../../sim/state"
import { generator } from "../../sim/random"
import { requireTool } from "../../test/support/tools"
import type { LifeCard } from "./life"

/** Makes a formatted card with foreign files. @returns those files by path */
export function makeCard(path: string, card: LifeCard, seed: number): Map<string, Buffer> {
    createCard(path, card.mebibytes << 20)
    const { fatBits, clusterSectors } = card
    const options = ["-F", String(fatBits), "-s", String(clusterSectors), "-i", "1234abcd"]
    execFileSync(requireTool("mkfs.fat"), [...options, path], { stdio: "ignore" })
    const random = generator(seed)
    const files = new Map<string, Buffer>()
    const folder = mkdtempSync(join(tmpdir(), "history-files-"))
    try {
        for (const name of ["HOLIDAY.JPG", "A long name of a note.txt"]) {
            const bytes = Buffer.from(
                Array.from({ length: 500 + Math.floor(random() * 9000) }, () => random() * 256),
            )
            files.set(name, bytes)
            writeFileSync(join(folder, name), bytes)
        }
        const names = [...files.keys()].map(name => join(folder, name))
        execFileSync(requireTool("mcopy"), ["-i", path, ...names, "::"])
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
    return files
}

/** All files of a card by path, as mtools reads them. */
export function readCard(path: string): Map<string, Buffer> {
    const folder = mkdtempSync(join(tmpdir(), "history-card-"))
    try {
        execFileSync(requireTool("mcopy"), ["-s", "-n", "-Q", "-i", path, "::", folder], {
            stdio: ["ignore", "ignore", "pipe"],
        })
        return readFolder(folder)
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
}

export function readFolder(folder: string): Map<string, Buffer> {
    const files = new Map<string, Buffer>()
    for (const entry of readdirSync(folder, { recursive: true }) as string[]) {
        const path = join(folder, entry)
        if (statSync(path).isFile()) files.set(relative(folder, path), readFileSync(path))
    }
    return files
}
