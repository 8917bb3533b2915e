import { keyCount } from "../settings/schema"

/** What one console has under way between its lines. */
export class Session {
    /** The stored password hash that this console logged in against; "" fits while none is set. */
    proof = ""
    /** When its last line ended, in ms since the start. */
    lastMs = 0
    /** The block that `import` began, until `end` or `abort`. */
    block: Changes
}

/**
 * Settings that were checked and are not yet applied: of one `set`, or of the lines of an import.
 */
export interface Changes {
    /** A byte for each of the values. */
    keys: Buffer
    values: any[]
    lineCount: number
    /** The numbers of the lines that were refused, each behind a blank. */
    wrong: string
}

export function noChanges(): Changes {
    return { keys: Buffer.alloc(keyCount), values: [], lineCount: 0, wrong: "" }
}
