// What set-up files are like; for the terminals' scripts and the simulator's.

/** The mark that some editors put in front of UTF-8, as UTF-8 and as Latin-1 read it. */
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
