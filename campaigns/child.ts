import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"

/**
 * Runs a module with these flags in a process of its own, as this one was started.
 * @returns the last message that it sends; rejects with the failure when it ends without one
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
