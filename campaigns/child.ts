import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"

/**
 * Runs a module with these flags in a separate process, started like this one.
 * @returns its last message; rejects with `failure` if it ends without one
 */
export function askChild<T>(moduleUrl: string, flags: string[], failure: string): Promise<T> {
    return new Promise((resolve, reject) => {
        const child = fork(fileURLToPath(moduleUrl), flags, { execArgv: process.execArgv })
        let told: { message: T } | undefined
        child.on("message", message => (told = { message: message as T }))
        child.on("error", reject)
        child.on("exit", () => (told ? resolve(told.message) : reject(new Error(failure))))
    })
}
