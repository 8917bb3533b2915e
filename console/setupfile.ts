// What set-up files are like; for the terminals' scripts and the simulator's.

/** The mark that some editors put in front of UTF-8. */
const byteOrderMark = "\ufeff"

export function withoutMark(text: string): string {
    return text.startsWith(byteOrderMark) ? text.slice(byteOrderMark.length) : text
}

export function beginsImport(line: string): boolean {
    return line.trim() === "import"
}

export function endsImport(line: string): boolean {
    return /^(end|abort)$/.test(line.trim())
}
