// The form of set-up files, for the scripts of terminal and simulator.

/** The byte order mark that some editors put before UTF-8, as read as UTF-8 and as Latin-1. */
const byteOrderMark = /^(\ufeff|\u00ef\u00bb\u00bf)/

/** A file's text, or its first line, without that mark. */
export function withoutMark(text: string): string {
    return text.replace(byteOrderMark, "")
}

export function beginsImport(line: string): boolean {
    return line.trim() === "import"
}

export function endsImport(line: string): boolean {
    return /^(end|abort)$/.test(line.trim())
}
