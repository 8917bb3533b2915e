import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import {
    copyFileSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import { basename, join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type Encoded } from "../optimizer/ir/image"
import { optimize, type OptimizerOptions } from "../optimizer/pipeline"
import { verifyImage } from "./verify"

const run = promisify(execFile)
const require = createRequire(import.meta.url)

/** The project's folder, independent of the current folder. */
export const projectFolder = fileURLToPath(new URL("..", import.meta.url))

/** devicescript.json: the entries to build and their size budgets. */
export interface BuildManifest {
    board: string
    entries: { board: string; simulator: string }
    budgets: { codeBytes: number; codeBytesWall: number; imageBytes: number }
}

/** A compiled entry of the firmware. */
export interface Program {
    entry: string
    imagePath: string
    imageBytes: number
    /** End of the code in the image, which must stay below the wall. */
    codeBytes: number
    /** The same before optimization. */
    compiledBytes: number
    /** Bytes of functions by folder; DeviceScript's packages are under `@devicescript`. */
    folderBytes: Map<string, number>
}

interface DebugInfo {
    functions: { name: string; location: [number, number] }[]
    sources: { path: string; length: number }[]
}

/** The optimizer's result for the compiler's functions, written next to the image. */
type Sizes = Pick<Encoded, "functions" | "codeEnd"> & { compiledEnd: number }

const FUNCTION_DESCRIPTOR_BYTES = 16
/** The placeholder of the fingerprint in src/board/runtime.ts. */
const FINGERPRINT_PLACE = Buffer.from("b5e7c0d1f29a4386", "hex")
const FUNCTIONS_DATA_SECTION = 0x28

export function readManifest(): BuildManifest {
    return JSON.parse(readFileSync(join(projectFolder, "devicescript.json"), "utf8"))
}

export interface FirmwareOptions {
    /** Build even if it is newer than its sources. */
    force?: boolean
    /** Called before compiling, which takes half a minute. */
    onCompile?: () => void
    /** Gets the end of the code after each step of the optimizer. */
    report?: OptimizerOptions["report"]
}

/** The program of an entry, compiled only if a source is newer than the last build. */
export async function firmware(entry: string, options: FirmwareOptions = {}): Promise<Program> {
    const stem = join(projectFolder, "built", basename(entry, ".ts"))
    if (options.force || !isFresh(stem + ".devs", entry)) {
        options.onCompile?.()
        await exclusively(async () => {
            if (options.force || !isFresh(stem + ".devs", entry))
                await compile(entry, stem, options.report)
        })
    }
    return describe(entry, stem)
}

function isFresh(image: string, entry: string): boolean {
    if (!existsSync(image)) return false
    const builtAt = statSync(image).mtimeMs
    const inputs = [
        "src",
        "services",
        "boards",
        "tools",
        "optimizer",
        "devsconfig.json",
        "package.json",
    ]
    return newest([...inputs, entry].map(one => join(projectFolder, one))) < builtAt
}

function newest(paths: string[]): number {
    let latest = 0
    for (const path of paths) {
        const stat = statSync(path)
        const below = stat.isDirectory() ? readdirSync(path).map(name => join(path, name)) : []
        latest = Math.max(latest, stat.mtimeMs, newest(below))
    }
    return latest
}

// The compiler has a single output folder: two builds at once would mix up their files.
async function exclusively(work: () => Promise<void>): Promise<void> {
    const lock = join(projectFolder, "built", "lock")
    mkdirSync(join(projectFolder, "built"), { recursive: true })
    const patienceEnd = Date.now() + 120_000
    for (;;) {
        try {
            mkdirSync(lock)
            break
        } catch {
            if (Date.now() > patienceEnd) rmSync(lock, { recursive: true, force: true })
            await sleep(200)
        }
    }
    try {
        await work()
    } finally {
        rmSync(lock, { recursive: true, force: true })
    }
}

/**
 * The compiler's image, which may be over the wall, and its debug information. Only one build may
 * run at a time.
 */
async function compiled(entry: string): Promise<{ image: Uint8Array; debugPath: string }> {
    const cli = resolve(require.resolve("@devicescript/cli/package.json"), "../devicescript")
    try {
        await run(process.execPath, [cli, "build", "--no-verify", entry], { cwd: projectFolder })
    } catch (failure) {
        const { stdout = "", stderr = "" } = failure as { stdout?: string; stderr?: string }
        throw new Error(`${entry} does not compile:\n${stdout}${stderr}`)
    }
    const output = join(projectFolder, ".devicescript", "bin")
    return {
        image: readFileSync(join(output, "bytecode.devs")),
        debugPath: join(output, "bytecode-dbg.json"),
    }
}

async function compile(
    entry: string,
    stem: string,
    report: OptimizerOptions["report"],
): Promise<void> {
    const { image, debugPath } = await compiled(entry)
    const optimized = optimize(image, report ? { report } : {})
    const { functions, codeEnd } = optimized
    const { codeBytesWall } = readManifest().budgets
    const sizes: Sizes = { functions, codeEnd, compiledEnd: codeEndOf(image) }
    if (codeEnd >= codeBytesWall)
        throw new Error(overTheWall(entry, sizes, codeBytesWall, debugPath))
    if (!stampFingerprint(optimized.image) && Object.values(readManifest().entries).includes(entry))
        throw new Error(`${entry} has no placeholder for its fingerprint: see src/board/runtime.ts`)
    await verifyImage(optimized.image)
    copyFileSync(debugPath, stem + "-dbg.json")
    writeFileSync(stem + "-sizes.json", JSON.stringify(sizes))
    writeFileSync(stem + ".devs", optimized.image)
}

/**
 * Writes the image's own hash over the placeholder in src/board/runtime.ts, so that a board can
 * detect a new program. The same sources in the same version are the same program.
 * @returns false for a program without the placeholder: a bench's, a test's
 * @throws Error if it has several
 */
export function stampFingerprint(image: Uint8Array): boolean {
    const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength)
    const at = bytes.indexOf(FINGERPRINT_PLACE)
    if (at < 0) return false
    if (bytes.indexOf(FINGERPRINT_PLACE, at + 1) >= 0)
        throw new Error("the program has more than one place for its fingerprint")
    createHash("sha256").update(image).digest().copy(bytes, at, 0, FINGERPRINT_PLACE.length)
    return true
}

function overTheWall(entry: string, sizes: Sizes, wall: number, debugPath: string): string {
    const debug: DebugInfo = JSON.parse(readFileSync(debugPath, "utf8"))
    const rows = [...bytesByFolder(debug, sizes)].sort((a, b) => b[1] - a[1])
    return [
        `${entry} is over the wall: its code ends at ${sizes.codeEnd} (compiled ${sizes.compiledEnd}), ` +
            `the runtime takes no more than ${wall - 1}: remove ${sizes.codeEnd - wall + 1} bytes from`,
        ...rows.map(([folder, bytes]) => `  ${String(bytes).padStart(6)}  ${folder}`),
    ].join("\n")
}

function codeEndOf(image: Uint8Array): number {
    const numbers = new DataView(image.buffer, image.byteOffset, image.byteLength)
    return (
        numbers.getUint32(FUNCTIONS_DATA_SECTION, true) +
        numbers.getUint32(FUNCTIONS_DATA_SECTION + 4, true)
    )
}

function describe(entry: string, stem: string): Program {
    const image = readFileSync(stem + ".devs")
    const debug: DebugInfo = JSON.parse(readFileSync(stem + "-dbg.json", "utf8"))
    const sizes: Sizes = JSON.parse(readFileSync(stem + "-sizes.json", "utf8"))
    return {
        entry,
        imagePath: stem + ".devs",
        imageBytes: image.length,
        codeBytes: sizes.codeEnd,
        compiledBytes: sizes.compiledEnd,
        folderBytes: bytesByFolder(debug, sizes),
    }
}

// A function's location is an offset into all sources laid end to end.
function bytesByFolder(debug: DebugInfo, sizes: Sizes): Map<string, number> {
    const folders = new Map<string, number>()
    for (const { from, codeBytes } of sizes.functions) {
        let offset = debug.functions[from].location[0]
        const source = debug.sources.find(s => {
            if (offset < s.length) return true
            offset -= s.length
            return false
        })
        const folder = folderOf(source?.path ?? "")
        folders.set(folder, (folders.get(folder) ?? 0) + codeBytes + FUNCTION_DESCRIPTOR_BYTES)
    }
    return folders
}

function folderOf(path: string): string {
    if (!path.startsWith("src/")) return "@devicescript"
    const parts = path.split("/")
    return parts.length > 2 ? `src/${parts[1]}` : path
}
