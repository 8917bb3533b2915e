import { Output } from "../core/seams"
import { fieldAt, padEnd } from "../core/text"
import { Parts } from "./parts"
import { Session } from "./session"
import { quote } from "./words"

/** A running command: the parts it may use and its arguments. */
export class Call {
    /** The arguments, no more than the table allows. */
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

    /** Prints a line that must appear before the command continues. */
    async progress(line: string): Promise<void> {
        await this.print(line)
        await this.out.sendOut()
    }

    /** A line with a label and its value; nothing if it is undefined. */
    async field(label: string, value: any): Promise<void> {
        if (value === undefined) return
        if (this.json) await this.object("kind,name,value", ["state", label, value])
        else await this.print(padEnd(label, 12) + value)
    }

    /** One field per value; the labels are separated by commas. */
    async reportFields(labels: string, values: any[]): Promise<void> {
        for (let i = 0; i < values.length; ++i) await this.field(fieldAt(labels, i, ","), values[i])
    }

    /**
     * A line with one JSON object; its member names are separated by commas. It is written in
     * pieces: as a whole it would be among the heap's largest blocks.
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
