import { Output } from "../core/seams"
import { fieldAt, padEnd } from "../core/text"
import { Parts } from "./parts"
import { Session } from "./session"
import { quote } from "./words"

/** One command being run: what it may use and what it was given. */
export class Call {
    /** The arguments, as many as the table allows. */
    words: string[]
    printed: boolean
    /** Reports are printed as JSON lines. */
    json: boolean

    constructor(
        readonly parts: Parts,
        readonly session: Session,
        readonly out: Output,
    ) {}

    async print(line: string): Promise<void> {
        this.printed = true
        await this.out.writeOut(line)
        await this.out.writeOut("\n")
    }

    /** Prints a line that is to be seen before the command goes on. */
    async progress(line: string): Promise<void> {
        await this.print(line)
        await this.out.sendOut()
    }

    /** A line with the value behind its label, none when it is undefined. */
    async field(label: string, value: any): Promise<void> {
        if (value === undefined) return
        if (this.json) await this.object("kind,name,value", ["state", label, value])
        else await this.print(padEnd(label, 12) + value)
    }

    /** A field for each value; their labels have commas between them. */
    async reportFields(labels: string, values: any[]): Promise<void> {
        for (let i = 0; i < values.length; ++i) await this.field(fieldAt(labels, i, ","), values[i])
    }

    /**
     * A line with one JSON object; the names of its members have commas between them. It goes out
     * in pieces: the whole of it would be among the largest that the heap is asked for.
     */
    async object(names: string, values: any[]): Promise<void> {
        const out = this.out
        let before = '{"'
        for (let i = 0; i < values.length; ++i) {
            await out.writeOut(before + fieldAt(names, i, ",") + '":')
            await out.writeOut(typeof values[i] === "string" ? quote(values[i]) : "" + values[i])
            before = ',"'
        }
        await this.print("}")
    }
}
