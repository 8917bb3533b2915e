import { keyCount } from "../settings/schema"

/** A console's state between its lines. */
export class Session {
    /** The stored password hash that this console logged in with; "" is valid while none is set. */
    proof = ""
    /** When its last line ended, in ms since the start. */
    lastMs = 0
    /** The block begun by `import`, until `end` or `abort`. */
    block: Changes
}

/** Checked settings that are not yet applied: of one `set`, or of the lines of an import. */
export interface Changes {
    /** One byte per value. */
    keys: Buffer
    values: any[]
    lineCount: number
    /** The numbers of refused lines, each after a space. */
    wrong: string
}

export function noChanges(): Changes {
    return { keys: Buffer.alloc(keyCount), values: [], lineCount: 0, wrong: "" }
}
