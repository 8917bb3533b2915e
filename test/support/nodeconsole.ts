import { Session } from "../../src/console/session"
import type { Shell } from "../../src/console/shell"

// Stands in for src/console/service.ts where the firmware runs in Node: no packets, the shell itself.

let shell: Shell | undefined
let session = new Session()
let taker: (served: Shell) => void = () => undefined

export function serveConsole(served: Shell): void {
    shell = served
    session = new Session()
    taker(served)
}

/** Hands on the shell of the firmware that starts next. */
export function onConsole(take: (served: Shell) => void): void {
    taker = take
}

/** The board is off. */
export function dropConsole(): void {
    shell = undefined
}

export function consoleReady(): boolean {
    return shell !== undefined
}

/** Runs one line on the board's shell. @returns what it printed */
export async function executeLine(line: string): Promise<string> {
    let text = ""
    const out = {
        writeOut: async (data: string | Buffer, length?: number): Promise<void> =>
            void (text += typeof data === "string" ? data : data.slice(0, length).toString()),
        sendOut: async () => {},
    }
    await shell!.carryOut(session, line, out as never)
    return text
}

/** What the log-in and the backup need. */
export { NodeHashing as DeviceHashing } from "./nodehashing"
