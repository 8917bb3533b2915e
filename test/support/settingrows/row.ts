import { expect } from "vitest"

/** Settings, the lines that change them and show their effect, and a check of the answers. */
export interface Row {
    keys: string[]
    lines: string[]
    /** `answers` has one per line, without the last line feed. */
    check: (answers: string[]) => void
}

export const mainRecords = (status: string): number => Number(/(\d+) main/.exec(status)![1])
export const cellRecords = (status: string): number => Number(/(\d+) cell/.exec(status)![1])
const alarms = (status: string): string => /^alarms +(.*)$/m.exec(status)![1]
export const amperes = (battery: string): number => Number(/V, (\S+) A/.exec(battery)![1])
export const percent = (battery: string): number => Number(/A, (\S+) %/.exec(battery)![1])
export const cellCount = (cells: string): number => cells.split("\n").filter(line => line).length

/**
 * Sets a limit, waits for delay and debounce, and reads the alarms; then the same with another
 * value.
 */
export function alarmRow(key: string, lines: string[], up: (string | RegExp)[]): Row {
    return {
        keys: [key],
        lines,
        check: answers => {
            const shown = answers.filter(answer => answer.includes("alarms ")).map(alarms)
            expect(shown, key).toHaveLength(up.length)
            shown.forEach((text, i) => expect(text, `${key}, ${i}`).toMatch(up[i]))
        },
    }
}

export const look = ["sleep 9s", "status"]
