import { setTimeout as sleep } from "node:timers/promises"
import type { Connection } from "./connection"
import type { Screen } from "./screen"

/**
 * Runs a line periodically and prints time, name and value of each output line, separated by tabs,
 * for other programs. Returns 1 if the board refuses the line; else it ends with the connection.
 */
export async function watchLine(
    connection: Connection,
    line: string,
    everySeconds: number,
    screen: Screen,
): Promise<number> {
    for (let nextMs = Date.now(); ; nextMs = Math.max(nextMs + everySeconds * 1000, Date.now())) {
        await Promise.race([sleep(nextMs - Date.now()), connection.lost])
        let text = ""
        const time = new Date().toISOString()
        const { status } = await connection.client.execute(line, piece => (text += piece))
        if (status !== 0) {
            screen.remark(text.trimEnd())
            return status
        }
        screen.text(watchRows(time, text))
    }
}

/** The board's rows have the name in their first twelve columns. */
const nameChars = 12

/** "voltage     52.900 V" is a name and a value; a row without a name is all value. */
export function watchRows(time: string, text: string): string {
    return text
        .split("\n")
        .filter(row => row.trim() !== "")
        .map(row => {
            const named = row[nameChars - 1] === " " && row.length > nameChars
            const name = named ? row.slice(0, nameChars).trim() : ""
            return `${time}\t${name}\t${row.slice(named ? nameChars : 0).trim()}\n`
        })
        .join("")
}
