import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createRequire, Module } from "node:module"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { optimize } from "../../optimizer/pipeline"
import { projectFolder } from "../../tools/firmware"

// The compiler in this process, because starting it takes longer than its work.

interface Compiled {
    success: boolean
    binary?: Uint8Array
    diagnostics: { formatted: string }[]
}

interface CompileOptions {
    verify: false
    quiet: true
    outDir: string
}

type CompileFile = (entry: string, options: CompileOptions) => Promise<Compiled>

const require = createRequire(import.meta.url)
let compileFile: CompileFile | undefined

/**
 * The CLI's bundle exports only its start; an added line exports the compiler. It spends half of
 * its time on the declarations of DeviceScript's own libraries, unless told to skip them.
 */
function load(): CompileFile {
    const path = require
        .resolve("@devicescript/cli/package.json")
        .replace("package.json", "built/devicescript-cli.cjs")
    const bundle = new Module(path) as Module & { _compile(code: string, path: string): void }
    bundle.filename = path
    const text = readFileSync(path, "utf8").replace("// skipLibCheck: true,", "skipLibCheck: true,")
    bundle._compile(text + "\nmodule.exports.compileFile = compileFile\n", path)
    return (bundle.exports as { compileFile: CompileFile }).compileFile
}

/**
 * The image of an entry, neither optimized nor verified.
 * @param project the folder with devsconfig.json
 * @throws Error with the compiler's message
 */
export async function compileEntry(entry: string, project = projectFolder): Promise<Uint8Array> {
    const before = process.cwd()
    // Each compilation has its own, so several can run at once.
    const output = mkdtempSync(join(tmpdir(), "bms-compiler-"))
    process.chdir(project)
    try {
        compileFile ??= load()
        const { success, binary, diagnostics } = await compileFile(entry, {
            verify: false,
            quiet: true,
            // Joined to the current folder.
            outDir: relative(".", output),
        })
        if (success && binary) return binary
        throw new Error(diagnostics.map(one => one.formatted).join("\n"))
    } finally {
        process.chdir(before)
        rmSync(output, { recursive: true })
    }
}

const images = new Map<string, Promise<Uint8Array>>()

/** The optimized image of a program in test/ or bench/, compiled once per process. */
export function programImage(entry: string): Promise<Uint8Array> {
    const image =
        images.get(entry) ?? compileEntry(entry).then(compiled => optimize(compiled).image)
    images.set(entry, image)
    return image
}
