import { createHash } from "node:crypto"
import {
    copyFileSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    statSync,
    writeFileSync,
} from "node:fs"
import { join, resolve } from "node:path"
import { build, type InlineConfig, type Plugin } from "vite"
import { runtimeGlobals, runtimeParts } from "../sim/wasm/runtimesource"
import { firmware, projectFolder, readManifest } from "../tools/firmware"

const root = join(projectFolder, "page")

/** Folder of the finished page. */
export const builtFolder = join(projectFolder, "built/page")

/**
 * The DeviceScript runtime's code as a module, because a strict Content-Security-Policy forbids
 * code from text.
 */
function runtime(text: string): Plugin {
    const name = "virtual:runtime"
    // It detects Node by these names; in a module they would be the worker's, or undefined.
    const code = `export default function (${runtimeGlobals.join()}) {\nvar process, window, document;\n${text}\n}`
    return {
        name: "bms-runtime",
        enforce: "pre",
        resolveId: id => (id === name ? "\0" + name : undefined),
        load: id => (id === "\0" + name ? code : undefined),
    }
}

/** Replacements of Node's modules for the simulator. */
const stands: [RegExp, string][] = [
    [/^node:fs$/, "page/board/host/fs.ts"],
    [/^node:path$/, "page/board/host/path.ts"],
    [/^node:events$/, "page/board/host/events.ts"],
    [/^node:perf_hooks$/, "page/board/host/perfhooks.ts"],
    [/^node:(net|module)$/, "page/board/host/absent.ts"],
    [/^\.\/runtimesource$/, "page/board/host/runtimesource.ts"],
]

function config(outDir: string, runtimeText: string): InlineConfig {
    return {
        root,
        configFile: false,
        base: "./",
        publicDir: "public",
        logLevel: "warn",
        resolve: {
            alias: stands.map(([find, file]) => ({ find, replacement: join(projectFolder, file) })),
        },
        plugins: [runtime(runtimeText)],
        oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
        worker: { format: "es", plugins: () => [runtime(runtimeText)] },
        build: {
            outDir,
            emptyOutDir: true,
            target: "es2022",
            modulePreload: { polyfill: false },
            assetsInlineLimit: 0,
            chunkSizeWarningLimit: 2000,
        },
    }
}

function filesBelow(folder: string): string[] {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter(name => statSync(join(folder, name)).isFile())
        .map(name => join(folder, name))
        .sort()
}

/** Changes with anything the page is made of. */
function stampOf(programs: readonly string[]): string {
    const hash = createHash("sha256")
    const sources = ["page", "console", "sim"].flatMap(name =>
        filesBelow(join(projectFolder, name)),
    )
    for (const file of [...sources, join(projectFolder, "package-lock.json"), ...programs])
        hash.update(file).update(readFileSync(file))
    return hash.digest("hex").slice(0, 16)
}

/** Lists the files the service worker keeps for visits without a network. */
function writeServiceWorker(folder: string, stamp: string): void {
    const names = filesBelow(folder).map(file =>
        file.slice(folder.length + 1).replaceAll("\\", "/"),
    )
    const path = join(folder, "offline.js")
    const head = `const stamp = ${JSON.stringify(stamp)}\nconst names = ${JSON.stringify(names.filter(one => one !== "offline.js"))}\n`
    writeFileSync(path, head + readFileSync(path, "utf8"))
}

/** Builds the page in a folder unless it is up to date. @returns the folder */
export async function buildPage(
    folder = builtFolder,
    onBuild: () => void = () => undefined,
): Promise<string> {
    const { entries } = readManifest()
    const board = await firmware(entries.board, { onCompile: onBuild })
    const simulator = await firmware(entries.simulator, { onCompile: onBuild })
    const stamp = stampOf([board.imagePath, simulator.imagePath])
    const outDir = resolve(folder)
    const stampFile = join(outDir, "stamp.txt")
    if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return outDir
    onBuild()
    const { text, wasm } = runtimeParts()
    await build(config(outDir, text))
    mkdirSync(outDir, { recursive: true })
    writeFileSync(join(outDir, "runtime.wasm"), wasm)
    copyFileSync(board.imagePath, join(outDir, "board.devs"))
    copyFileSync(simulator.imagePath, join(outDir, "simulator.devs"))
    writeServiceWorker(outDir, stamp)
    writeFileSync(stampFile, stamp)
    return outDir
}
