import type { SdWireChecker, WireTransfer } from "./sdwirechecker"
import { wireCrc16 } from "./sdwirerules"
import { hex } from "./sdwirewords"

/** At least this many equal bytes in a row are written as "ff*15". */
const runMin = 4

/** Bytes as text: runs are shortened, data blocks shown by their beginning and CRC-16. */
function shorten(bytes: Uint8Array, hidden: { at: number; length: number; blockAt: number }[]) {
    const words: string[] = []
    for (let at = 0; at < bytes.length;) {
        const data = hidden.find(one => one.at === at)
        if (data) {
            words.push(dataText(bytes.subarray(at, at + data.length), data.blockAt))
            at += data.length
            continue
        }
        const end = Math.min(...hidden.map(one => one.at).filter(one => one > at), bytes.length)
        let count = 1
        while (at + count < end && bytes[at + count] === bytes[at]) count++
        if (count >= runMin) words.push(`${hex(bytes[at])}*${count}`)
        else words.push(...new Array<string>(count).fill(hex(bytes[at])))
        at += count
    }
    return words.join(" ")
}

function dataText(data: Uint8Array, blockAt: number): string {
    const crc = wireCrc16(data).toString(16).padStart(4, "0")
    const place = blockAt === 0 ? `${data.length} bytes` : `${data.length} bytes from ${blockAt}`
    return `{${place}, CRC ${crc}: ${beginning(data)}}`
}

/** Shows text by its beginning and end, anything else by its first bytes. */
function beginning(data: Uint8Array): string {
    if (data.every(byte => byte === 0)) return "zeros"
    const text = Buffer.from(data).toString("latin1").replace(/\0+$/, "")
    if (/^[ -~\r\n]+$/.test(text) && text.length > 40)
        return JSON.stringify(text.slice(0, 20)) + " … " + JSON.stringify(text.slice(-20))
    const start = /^[ -~]{4,20}/.exec(text)
    if (start) return JSON.stringify(start[0]) + " …"
    return [...data.subarray(0, 8)].map(hex).join(" ") + " …"
}

/**
 * Records the traffic on the wire, one line per transfer:
 *     number, clock in kHz, select, byte count > sent bytes < received bytes | meaning
 */
export class SdWireTrace {
    private readonly lines: string[] = []
    private count = 0
    private commands = 0

    /** @param describe names the content of a block, for reads and writes */
    constructor(wire: SdWireChecker, describe: (block: number) => string) {
        wire.onTransfer = transfer => {
            const notes = [...transfer.notes]
            for (; this.commands < wire.commands.length; ++this.commands) {
                const { index, argument } = wire.commands[this.commands]
                if (index === 17 || index === 24) notes[0] += `, ${describe(argument)}`
            }
            if (!transfer.selected)
                notes.push(`${transfer.out.length * 8} clocks, of which 74 wake a card (6.4.1)`)
            this.take(transfer, notes)
        }
    }

    heading(text: string): void {
        this.lines.push("", `# ${text}`)
    }

    /** Lines of explanation. */
    remark(...lines: string[]): void {
        this.lines.push(...lines.map(line => `# ${line}`.trimEnd()))
    }

    text(): string {
        return this.lines.join("\n") + "\n"
    }

    private take(transfer: WireTransfer, notes: string[]): void {
        const { clockHz, selected, out, back, payloads } = transfer
        const columns = [
            String(++this.count).padStart(3),
            `${clockHz / 1000} kHz`.padStart(9),
            selected ? "low " : "high",
            String(out.length).padStart(3),
            ">",
            shorten(
                out,
                payloads.filter(one => one.from === "host"),
            ),
            "<",
            shorten(
                back,
                payloads.filter(one => one.from === "card"),
            ),
            "|",
            notes.join("; "),
        ]
        this.lines.push(columns.join(" ").trimEnd())
    }
}
