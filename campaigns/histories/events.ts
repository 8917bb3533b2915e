import type { Journal } from "./journal"
import { type Complain, type Files, isOfDay, localDay } from "./records"

const header = "time,utc_offset,serial,number,flag,change,errors_hex,marks,reason"
const form =
    /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),[+-]\d\d:\d\d,[\w-]{1,16},(\d+),([A-Z_]+),(appeared|disappeared),0x[0-9A-F]{8},[0-3],[^,]*$/
/** Entries the journal keeps for an absent card. */
const kept = 32

/**
 * Judges the events: each card has each entry once, as logged, and none is missing that the journal
 * still had.
 */
export function judgeEvents(
    card: string,
    files: Files,
    journal: Journal,
    complain: Complain,
): number {
    const numbers: number[] = []
    for (const [path, content] of files) {
        const [, name] = /^EVT\/(\d{8}\.CSV)$/.exec(path) ?? []
        if (name === undefined) continue
        const where = `card ${card}, ${path}`
        const lines = content.toString("latin1").split("\r\n")
        if (lines.shift() !== header) complain(`${where}: a different first line`)
        if (lines.pop() !== "") complain(`${where}: the last line is incomplete`)
        for (const line of lines) {
            const [, time, number, flag, change] = form.exec(line) ?? []
            if (time === undefined || !isOfDay(name, localDay(time))) {
                complain(`${where}: ${line}`)
                continue
            }
            numbers.push(Number(number))
            const told = journal.entries.find(entry => entry.number === Number(number))
            const same = !told || (told.flag === flag && told.appears === (change === "appeared"))
            if (!same) complain(`${where}: the journal's entry differs: ${line}`)
        }
    }
    numbers.sort((a, b) => a - b)
    for (const [i, number] of numbers.slice(1).entries()) {
        if (number === numbers[i]) complain(`card ${card}: event ${number} occurs twice`)
        // A card absent for longer gets as many as the journal still had.
        if (number > numbers[i] + 1 && numbers.at(-1)! - number < kept - 1)
            complain(`card ${card}: events ${numbers[i] + 1} to ${number - 1} are missing`)
    }
    return numbers.length
}
