// Replaces sim/wasm/runtimesource.ts in the browser: the build has already split the runtime.

import { asset } from "../assets"
import type { RuntimeSource } from "../../../sim/wasm/runtimesource"

let source: RuntimeSource | undefined

/** Must be called before the board is switched on. */
export async function loadRuntime(): Promise<void> {
    if (source) return
    const [code, wasm] = await Promise.all([import("virtual:runtime"), asset("runtime.wasm")])
    source = { body: code.default, wasm }
}

export function runtimeSource(): RuntimeSource {
    return source!
}
