import { expect } from "vitest"

/** A setting, the lines that change it and show what it does, and what their answers have to be. */
export interface Row {
    keys: string[]
    lines: string[]
    /** An answer for each line, without the last line feed. */
    check: (answers: string[]) => void
}

export const mainRecords = (status: string): number => Number(/(\d+) main/.exec(status)![1])
export const cellRecords = (status: string): number => Number(/(\d+) cell/.exec(status)![1])
const alarms = (status: string): string => /^alarms +(.*)$/m.exec(status)![1]
export const amperes = (battery: string): number => Number(/V, (\S+) A/.exec(battery)![1])
export const percent = (battery: string): number => Number(/A, (\S+) %/.exec(battery)![1])
export const cellCount = (cells: string): number => cells.split("\n").filter(line => line).length

/**
 * Sets a limit, waits for delay and debounce, and looks at the alarms; then the same with another
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
