import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { findTool } from "../tools"

/**
 * The servers' Debian packages cannot be installed side by side, so install.ts unpacks them into a
 * folder: BMS_SERVERS_FOLDER, or one in node_modules.
 */
export function cacheFolder(): string {
    return resolve(process.env.BMS_SERVERS_FOLDER ?? "node_modules/.cache/bms-servers")
}

/** The path of an unpacked package's file, which may be missing. */
export function cached(path: string): string {
    return join(cacheFolder(), "root", path)
}

/** The environment that lets an unpacked program find its unpacked libraries. */
export function cachedLibraries(): NodeJS.ProcessEnv {
    const triplets = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
    const folders = triplets.flatMap(triplet => [
        cached(`usr/lib/${triplet}`),
        cached(`lib/${triplet}`),
    ])
    return { LD_LIBRARY_PATH: folders.filter(folder => existsSync(folder)).join(":") }
}

/** A program unpacked by install.ts, else the machine's own; undefined without either. */
export function findServerProgram(name: string): string | undefined {
    return ["usr/sbin", "usr/bin"]
        .map(folder => cached(join(folder, name)))
        .concat(findTool(name) ?? [])
        .find(path => existsSync(path))
}

/** The library that, if preloaded, gives a server our own users. */
export function userLibrary(): string | undefined {
    return cachedLibraries()
        .LD_LIBRARY_PATH!.split(":")
        .map(folder => join(folder, "libnss_wrapper.so"))
        .find(path => existsSync(path))
}

const install = "fetch it with: npx tsx test/support/servers/install.ts"

/**
 * Says whether a test's requirement is present. Tests skip without it; in CI (CI=true) that is an
 * error. `remedy` says what to do.
 */
export function present(there: boolean, what: string, remedy = install): boolean {
    if (there) return true
    if (process.env.CI === "true") throw new Error(`${what}, and CI needs it; ${remedy}`)
    console.warn(`skipped: ${what}; ${remedy}`)
    return false
}
