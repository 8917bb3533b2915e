import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { compileEntry } from "../../test/support/compiler"
import { projectFolder } from "../../tools/firmware"

/**
 * Compiles sources by name; `main` is the entry.
 * @throws Error with the compiler's message
 */
export async function compileSources(sources: ReadonlyMap<string, string>): Promise<Uint8Array> {
    // Below the project, whose packages the sources import.
    const cache = join(projectFolder, ".cache")
    mkdirSync(cache, { recursive: true })
    const folder = mkdtempSync(join(cache, "optimizerfuzz-"))
    try {
        mkdirSync(join(folder, "src"))
        writeFileSync(join(folder, "devsconfig.json"), "{}")
        writeFileSync(join(folder, "package.json"), '{ "name": "fuzz", "version": "1.0.0" }')
        for (const [name, text] of sources) writeFileSync(join(folder, "src", name + ".ts"), text)
        return await compileEntry("src/main.ts", folder)
    } finally {
        rmSync(folder, { recursive: true })
    }
}
