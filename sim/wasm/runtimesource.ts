import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

const MODULE_START = '"runtime/devicescript-vm/built/devicescript-vm.js"(exports, module2) {'
const MODULE_END = "\n});\n"
const WASM_START = "data:application/octet-stream;base64,"

/** The globals passed to the runtime's code, in this order. */
export const runtimeGlobals = [
    "exports",
    "module2",
    "require",
    "__filename",
    "__dirname",
    "Date",
    "setTimeout",
    "clearTimeout",
    "setInterval",
    "clearInterval",
    "console",
]

/** The runtime as it was published. */
export interface RuntimeSource {
    /** The code around its WebAssembly, as a function of `runtimeGlobals`. */
    body: (...globals: unknown[]) => void
    wasm: Uint8Array
}

/**
 * The runtime inside the DeviceScript CLI's bundle: its code as text without the WebAssembly, and
 * the WebAssembly.
 */
export function runtimeParts(): { text: string; wasm: Buffer } {
    const path = require.resolve("@devicescript/cli/built/devicescript-cli.cjs")
    const bundle = readFileSync(path, "utf8")
    const start = bundle.indexOf(MODULE_START)
    const end = bundle.indexOf(MODULE_END, start)
    const text = bundle.slice(start + MODULE_START.length, bundle.lastIndexOf("}", end))
    const wasmAt = text.lastIndexOf(WASM_START) + WASM_START.length
    if (start < 0 || end < 0 || wasmAt < WASM_START.length)
        throw new Error(
            `${path} does not contain the DeviceScript VM as version 2.16.4 does: run "npm ci" to get the locked version`,
        )
    const wasmEnd = text.indexOf('"', wasmAt)
    return {
        text: text.slice(0, wasmAt) + text.slice(wasmEnd),
        wasm: Buffer.from(text.slice(wasmAt, wasmEnd), "base64"),
    }
}

/** In a browser another module of this name replaces this one. */
export function runtimeSource(): RuntimeSource {
    const { text, wasm } = runtimeParts()
    return { body: new Function(...runtimeGlobals, text) as RuntimeSource["body"], wasm }
}
