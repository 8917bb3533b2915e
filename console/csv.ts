// Comma-separated values as spreadsheets write them (RFC 4180), with commas, semicolons or tabs.

import { withoutMark } from "./setupfile"

/** A row and the line of the file where it begins, from 1. */
export interface CsvRow {
    line: number
    fields: string[]
}

/** The non-empty rows. Throws an Error that names the line of an unclosed quote. */
export function parseCsv(text: string): CsvRow[] {
    const whole = withoutMark(text)
    const separator = separatorOf(whole)
    const rows: CsvRow[] = []
    let row: CsvRow = { line: 1, fields: [] }
    let field = ""
    let quotedSince = 0
    let line = 1
    const endField = () => {
        row.fields.push(field)
        field = ""
    }
    const endRow = () => {
        endField()
        if (row.fields.some(one => one.trim() !== "")) rows.push(row)
        row = { line: line + 1, fields: [] }
    }
    for (let i = 0; i < whole.length; ++i) {
        const letter = whole[i]
        if (quotedSince > 0) {
            if (letter === '"' && whole[i + 1] === '"') field += whole[++i]
            else if (letter === '"') quotedSince = 0
            else field += letter
        } else if (letter === '"' && field === "") quotedSince = line
        else if (letter === separator) endField()
        else if (letter === "\n") endRow()
        else if (letter !== "\r") field += letter
        if (letter === "\n") line++
    }
    if (quotedSince > 0) throw new Error(`line ${quotedSince}: the closing " is missing`)
    endRow()
    return rows
}

/** The most frequent separator of the first line. */
function separatorOf(text: string): string {
    const [first] = text.split("\n", 1)
    const counts = [",", ";", "\t"].map(one => first.split(one).length)
    return [",", ";", "\t"][counts.indexOf(Math.max(...counts))]
}
