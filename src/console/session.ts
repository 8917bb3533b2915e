import { Key } from "../settings/keys"

/** What one console has under way between its lines. */
export class Session {
    /** The stored password hash that this console logged in against; "" fits while none is set. */
    proof = ""
    /** When its last line came, in ms since the start. */
    lastMs = 0
    /** The block that `import` began, until `end` or `abort`. */
    block: ImportBlock
}

/** The lines of an import, checked and not yet applied. */
export class ImportBlock {
    keys: Key[] = []
    values: any[] = []
    lineCount = 0
    /** The numbers of the lines that were refused, ", " between them. */
    wrongLines = ""
}
