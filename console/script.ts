import { createInterface } from "node:readline"
import type { Readable } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import type { Connection } from "./connection"
import { isReset, logIn, resetMs } from "./interactive"
import type { Screen } from "./screen"
import { ConsoleError } from "./transport"

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sleepLine = /^sleep\s+(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/**
 * Runs lines one after the other: console lines, `sleep 90s`, comments. A `-` in front allows a line to be refused.
 * @returns 1 when one of the others was refused. Throws ConsoleError when the board is gone.
 */
export async function runLines(
    input: Readable,
    name: string,
    connection: Connection,
    screen: Screen,
): Promise<number> {
    let exitCode = 0
    let number = 0
    for await (const raw of createInterface({ input, crlfDelay: Infinity })) {
        number++
        const line = raw.replace(/^-/, "")
        if (line.trim() === "exit") break
        if (line.trim() === "") continue
        const [, amount, unit] = sleepLine.exec(line.trim()) ?? []
        if (unit) await Promise.race([sleep(Number(amount) * unitMs[unit]), connection.lost])
        else if ((await runOne(line, connection, screen)) || raw !== line) continue
        else {
            exitCode = 1
            screen.remark(`${name}, line ${number}: refused`)
        }
    }
    return exitCode
}

/** A reset that a line asks for is over before the next line is run. @returns false when it was refused */
async function runOne(line: string, connection: Connection, screen: Screen): Promise<boolean> {
    const restarts = connection.restarts
    const { status } = await connection.client.execute(line, text => screen.text(text))
    if (status !== 0) return false
    if (!isReset(line)) return true
    if (!(await connection.restartAfter(restarts, resetMs)))
        throw new ConsoleError(
            `the board has not come back within ${resetMs / 1000} s of its reset`,
        )
    await logIn(connection, screen)
    return true
}
