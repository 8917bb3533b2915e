import { createInterface } from "node:readline"
import type { Readable } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import type { ConsoleClient } from "./client"
import type { Connection } from "./connection"
import { FileStream } from "./filestream"
import { isReset, logIn, resetMs } from "./interactive"
import type { Screen } from "./screen"
import { beginsImport, endsImport, withoutMark } from "./setupfile"
import { ConsoleError, type LineResult } from "./transport"

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sleepLine = /^sleep\s+(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/**
 * Runs lines in order: console lines, `sleep 90s`, comments. A leading `-` allows a line to be
 * refused.
 * @returns 1 if any other line was refused. Throws ConsoleError if the board is gone.
 */
export async function runLines(
    input: Readable,
    name: string,
    connection: Connection,
    screen: Screen,
): Promise<number> {
    let exitCode = 0
    let number = 0
    /** The board has refused an import: its block's lines alone would be half a set-up. */
    let skipping = false
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
        number++
        const raw = number === 1 ? withoutMark(text) : text
        const line = raw.replace(/^-/, "")
        if (skipping) {
            skipping = !endsImport(line)
            continue
        }
        if (line.trim() === "exit") break
        if (line.trim() === "") continue
        const [, amount, unit] = sleepLine.exec(line.trim()) ?? []
        if (unit) await Promise.race([sleep(Number(amount) * unitMs[unit]), connection.lost])
        else if (await runOne(line, connection, screen)) continue
        else {
            skipping = beginsImport(line)
            const rest = skipping ? ", so its whole block is skipped" : ""
            if (raw === line || skipping) screen.remark(`${name}, line ${number}: refused${rest}`)
            if (raw === line) exitCode = 1
        }
    }
    return exitCode
}

function printsFile(line: string): boolean {
    return /^\s*card\s+(cat|tail)\s/i.test(line)
}

/** Outputs the file's exact bytes; the board's progress goes to the error output. */
async function printFile(client: ConsoleClient, line: string, screen: Screen): Promise<LineResult> {
    const [, command, , offset = "0"] = line.trim().split(/\s+/)
    const known = command.toLowerCase() === "cat"
    const stream = new FileStream(known ? Number(offset) : 0, bytes => screen.bytes(bytes), known)
    stream.onRemark = text => screen.remark(text)
    const result = await client.executeRaw(line, {
        onBytes: bytes => stream.push(bytes),
        onLoss: () => screen.remark("[some output was lost]"),
    })
    stream.end(result.status === 0)
    if (result.status !== 0)
        screen.text(`error: ${stream.refused ?? "the board stopped the output"}\n`)
    return result
}

/** Waits for a requested reset to finish. @returns false if the line was refused */
async function runOne(line: string, connection: Connection, screen: Screen): Promise<boolean> {
    const restarts = connection.restarts
    const { client } = connection
    const { status } = printsFile(line)
        ? await printFile(client, line, screen)
        : await client.execute(line, text => screen.text(text))
    if (status !== 0) return false
    if (!isReset(line)) return true
    if (!(await connection.restartAfter(restarts, resetMs)))
        throw new ConsoleError(
            `the board did not come back within ${resetMs / 1000} s of its reset`,
        )
    await logIn(connection, screen)
    return true
}
