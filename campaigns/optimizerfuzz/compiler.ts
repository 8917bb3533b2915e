import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire, Module } from "node:module"
import { join } from "node:path"
import { projectFolder } from "../../tools/firmware"

// The compiler in this process, because starting it takes longer than its work.

interface Compiled {
    success: boolean
    binary?: Uint8Array
    diagnostics: { formatted: string }[]
}

type CompileFile = (entry: string, options: { verify: false; quiet: true }) => Promise<Compiled>

const require = createRequire(import.meta.url)
const folder = join(projectFolder, ".cache", "optimizerfuzz", String(process.pid))
let compileFile: CompileFile | undefined

process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

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
 * Compiles sources by name; `main` is the entry.
 * @throws Error with the compiler's message
 */
export async function compileSources(sources: ReadonlyMap<string, string>): Promise<Uint8Array> {
    mkdirSync(join(folder, "src"), { recursive: true })
    writeFileSync(join(folder, "devsconfig.json"), "{}")
    writeFileSync(join(folder, "package.json"), '{ "name": "fuzz", "version": "1.0.0" }')
    for (const [name, text] of sources) writeFileSync(join(folder, "src", name + ".ts"), text)
    const before = process.cwd()
    process.chdir(folder)
    try {
        compileFile ??= load()
        const { success, binary, diagnostics } = await compileFile("src/main.ts", {
            verify: false,
            quiet: true,
        })
        if (success && binary) return binary
        throw new Error(diagnostics.map(one => one.formatted).join("\n"))
    } finally {
        process.chdir(before)
    }
}
