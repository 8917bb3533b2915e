import { padEnd } from "../core/text"
import { Parts } from "./parts"
import { Session } from "./session"

/** Where a command's text goes; waits while it cannot go. */
export interface Output {
    text(text: string): Promise<void>
    bytes(data: Buffer, length: number): Promise<void>
    /** Sends what was held back to fill a packet. */
    flush(): Promise<void>
}

/** One command being run: what it may use and what it was given. */
export class Call {
    constructor(
        readonly parts: Parts,
        readonly session: Session,
        /** The arguments, as many as the table allows. */
        readonly words: string[],
        readonly out: Output,
    ) {}

    async line(text: string): Promise<void> {
        await this.out.text(text + "\n")
    }

    /** A line of a report: what it is, and its value in a column. */
    async field(label: string, value: string): Promise<void> {
        await this.line(padEnd(label, 12) + value)
    }
}

/** Runs a command; what is wrong is thrown. */
export type Handler = (call: Call) => Promise<void>
