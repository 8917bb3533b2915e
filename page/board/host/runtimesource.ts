// Stands for sim/wasm/runtimesource.ts in the browser: the build has taken the runtime apart
// already.

import { asset } from "../assets"
import type { RuntimeSource } from "../../../sim/wasm/runtimesource"

let source: RuntimeSource | undefined

/** To be called before the board is switched on. */
export async function loadRuntime(): Promise<void> {
    if (source) return
    const [code, wasm] = await Promise.all([import("virtual:runtime"), asset("runtime.wasm")])
    source = { body: code.default, wasm }
}

export function runtimeSource(): RuntimeSource {
    return source!
}
