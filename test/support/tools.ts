import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"

/** A program's path, also in root's folders; undefined when it is not installed. */
export function findTool(name: string): string | undefined {
    const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"]
    return folders.map(folder => join(folder, name)).find(path => existsSync(path))
}

/**
 * True when the program is installed. Tests that need it skip without it, and say so; in CI
 * (CI=true) a missing program is an error.
 */
export function hasTool(name: string): boolean {
    if (findTool(name) !== undefined) return true
    if (process.env.CI === "true") throw new Error(`${name} is not installed, and CI needs it`)
    console.warn(`skipped: ${name} is not installed`)
    return false
}

/** The program's path. Throws when it is missing. */
export function requireTool(name: string): string {
    const path = findTool(name)
    if (path === undefined) throw new Error(`${name} is not installed`)
    return path
}
