import type { SpiBus } from "../../src/core/seams"
import { accepted, answerLength, SdHostRules, wireCrc16, type WireCommand } from "./sdwirerules"
import * as words from "./sdwirewords"

/** Section 7.5.4, in bytes. */
const answerDelayMax = 8
/** Section 4.6.2.1: a read may take this long. */
const readMs = 100

type Phase =
    /** No transaction is under way. */
    | "rest"
    | "command"
    /** One meaningless byte comes between CMD12 and its answer. */
    | "stuff"
    | "answer"
    | "more"
    | "readToken"
    | "readData"
    | "writeToken"
    | "writeData"
    | "dataResponse"
    /** One byte comes between the stop token and its busy signal. */
    | "stopped"
    | "busy"

/** Bytes of a data block in a transfer. */
export interface Payload {
    from: "host" | "card"
    /** Their offsets in the transfer and in the block. */
    at: number
    blockAt: number
    length: number
}

/** One observed transfer, for traces. */
export interface WireTransfer {
    clockHz: number
    selected: boolean
    out: Uint8Array
    back: Uint8Array
    payloads: Payload[]
    /** Its events, with the standard's sections. */
    notes: string[]
}

/**
 * Sits between a host and a card in SPI mode, reads every byte in either direction and checks both
 * sides against the SD Physical Layer Simplified Specification 6.00. It changes nothing.
 */
export class SdWireChecker implements SpiBus {
    /** The host's breaches of the standard, each beginning with the section. */
    readonly hostFaults: string[] = []
    readonly cardFaults: string[] = []
    /** The commands in order. */
    readonly commands: WireCommand[] = []
    onTransfer: ((transfer: WireTransfer) => void) | undefined
    readonly rules = new SdHostRules(
        (section, text) => this.hostFault(section, text),
        (section, text) => this.cardFault(section, text),
    )

    private clockHz = 0
    private selected = false
    private phase: Phase = "rest"
    private current: WireCommand | undefined
    private bytes: number[] = []
    /** Meaningless bytes of the current phase: NCR, NAC, NWR, busy. */
    private waited = 0
    private sinceMs = 0
    /** Bytes clocked since the last transaction ended; infinite before the first one. */
    private restBytes = Infinity
    private many = false
    /** A block of a stream was refused: only CMD12 may follow (section 7.3.3.1). */
    private refused = false
    private notes: string[] = []
    private payloads: Payload[] = []
    private at = 0

    constructor(
        private readonly inner: SpiBus,
        private readonly nowMs: () => number = () => 0,
    ) {}

    async setClockHz(hz: number): Promise<void> {
        if (this.selected)
            this.hostFault(
                "7.2",
                "the bus is made anew under a selected card: bytes are aligned to CS",
            )
        this.clockHz = hz
        await this.inner.setClockHz(hz)
    }

    async select(on: boolean): Promise<void> {
        if (on && !this.selected) this.selecting()
        if (!on && this.selected) this.deselecting()
        this.selected = on
        await this.inner.select(on)
    }

    async transfer(out: Buffer): Promise<Buffer> {
        const back = await this.inner.transfer(out)
        const { clockHz, selected } = this
        this.notes = []
        this.payloads = []
        if (selected) this.rules.clock(clockHz)
        for (this.at = 0; this.at < out.length; ++this.at) this.byte(out[this.at], back[this.at])
        const { notes, payloads } = this
        const transfer = { clockHz, selected, payloads, notes }
        this.onTransfer?.({ ...transfer, out: Uint8Array.from(out), back: Uint8Array.from(back) })
        return back
    }

    /** The clock stops for good: every transaction must be over. */
    finish(): void {
        if (this.selected) this.deselecting()
        this.checkRest()
    }

    /** The card lost its supply, or it is another card. */
    powerCycled(): void {
        this.rules.powerCycled()
        this.phase = "rest"
        this.restBytes = Infinity
    }

    private hostFault(section: string, text: string): void {
        this.hostFaults.push(`${section}: ${text}`)
    }

    private cardFault(section: string, text: string): void {
        this.cardFaults.push(`${section}: ${text}`)
    }

    private note(text: string): void {
        this.notes.push(text)
    }

    private enter(phase: Phase): void {
        this.phase = phase
        this.waited = 0
        this.bytes = []
        this.sinceMs = this.nowMs()
    }

    /** Ends the transaction. */
    private end(): void {
        this.enter("rest")
        this.restBytes = 0
        this.many = false
    }

    private selecting(): void {
        this.checkRest()
    }

    /** Section 4.4: eight clocks complete a transaction, with the select high or low. */
    private checkRest(): void {
        if (this.phase === "rest" && this.restBytes < 1)
            this.hostFault("4.4", "no 8 clocks after the last transaction")
        if (this.phase === "rest") this.restBytes = Infinity
    }

    private deselecting(): void {
        const name = this.current?.name ?? ""
        const waitedMs = this.nowMs() - this.sinceMs
        const { phase } = this
        if (phase === "rest") return
        // The card continues programming while deselected (section 7.2.4).
        if (phase === "busy") return
        if (phase === "command") this.hostFault("7.3.1.1", "deselected in the middle of a command")
        else if (phase === "readToken" && !this.many) {
            if (waitedMs < readMs)
                this.hostFault(
                    "4.6.2.1",
                    `${name}: given up after ${waitedMs} ms; a read may take ${readMs} ms`,
                )
        } else if (this.many) this.hostFault("7.2.3", `${name}: deselected before it was stopped`)
        else if (phase === "readData")
            this.hostFault("7.2.3", `${name}: deselected before the end of the data block`)
        else if (phase === "writeToken" || phase === "writeData" || phase === "dataResponse")
            this.hostFault("7.2.4", `${name}: deselected while the card waits for its data block`)
        else this.hostFault("7.5.4", `${name}: deselected before its answer is complete`)
        this.end()
        this.restBytes = Infinity
    }

    private byte(out: number, back: number): void {
        this.restBytes++
        if (!this.selected) {
            this.rules.unselectedByte(out, this.clockHz)
            if (back !== 0xff) this.cardFault("7.2", "a card that is not selected drives the line")
            return
        }
        this.fromCard(back)
        this.fromHost(out)
    }

    private fromCard(back: number): void {
        switch (this.phase) {
            case "answer":
                return this.takeAnswer(back)
            case "more":
                this.current!.answer.push(back)
                if (this.current!.answer.length === answerLength(this.current!)) this.answered()
                return
            case "readToken":
                return this.takeReadToken(back)
            case "readData":
                return this.takeReadData(back)
            case "dataResponse":
                return this.takeDataResponse(back)
            case "stuff":
                return this.enter("answer")
            case "stopped":
                return this.enter("busy")
            case "busy":
                if (back !== 0xff) this.waited++
                else this.notBusy()
                return
            case "command":
                // A streaming card sends blocks until it has read CMD12.
                if (this.many) return
        }
        if (back !== 0xff) this.cardFault("7.5", `0x${back.toString(16)} that nobody asked for`)
    }

    private fromHost(out: number): void {
        switch (this.phase) {
            case "command":
                this.bytes.push(out)
                if (this.bytes.length === 6) this.takeCommand()
                return
            case "writeToken":
                return this.takeWriteToken(out)
            case "writeData":
                return this.takeWriteData(out)
        }
        if (out === 0xff) return
        // Stop tran for a card that does not answer CMD0: it may have been left in a stream.
        const unanswered = this.current?.index === 0 && this.current.answer.length === 0
        if (out === 0xfd && this.phase === "rest" && unanswered) return
        if ((out & 0xc0) === 0x40) this.startCommand(out)
        else
            this.hostFault("7.3.1.1", `0x${out.toString(16)} begins no command, and DI is not high`)
    }

    private startCommand(out: number): void {
        const name = this.current?.name ?? ""
        const { phase } = this
        const reads = phase === "readToken" || phase === "readData"
        const stops = this.many && out === 0x4c && reads
        const next = `CMD${out & 0x3f}`
        if (phase === "rest") {
            if (this.restBytes < 2) this.hostFault("7.5.4", `${next}: no byte after ${name} (NRC)`)
        } else if (phase === "busy") this.hostFault("7.2.4", `${next} to a card that is busy`)
        else if (reads) {
            if (!stops) this.hostFault("7.2.3", `${next} before the data of ${name} has come`)
        } else if (!this.refused) this.hostFault("7.5.4", `${next} before the answer to ${name}`)
        this.many = stops
        this.enter("command")
        this.bytes = [out]
    }

    private takeCommand(): void {
        const command = this.rules.command(this.bytes)
        this.current = command
        this.commands.push(command)
        this.note(words.commandText(command))
        this.many = false
        if (this.refused) this.rules.statusDue = true
        this.refused = false
        this.enter(command.index === 12 ? "stuff" : "answer")
    }

    private takeAnswer(back: number): void {
        const command = this.current!
        if (back & 0x80) {
            if (back !== 0xff) this.cardFault("7.5.1", `${command.name}: the line is not high`)
            if (++this.waited <= answerDelayMax) return
            this.note("no answer (7.5.4)")
            this.cardFault("7.5.4", `${command.name}: no answer within 8 bytes (NCR)`)
            this.rules.answered(command)
            this.end()
            return
        }
        command.delayBytes = this.waited
        command.answer.push(back)
        if (this.waited < 1)
            this.cardFault("7.5.4", `${command.name}: answered without a byte before (NCR)`)
        this.phase = "more"
        if (answerLength(command) === 1) this.answered()
    }

    private answered(): void {
        const command = this.current!
        this.rules.answered(command)
        this.note(words.answerText(command, this.rules.state === "ready"))
        const { row } = command
        if (accepted(command)) {
            this.many = command.index === 18 || command.index === 25
            if (row.reads !== undefined) return this.enter("readToken")
            if (row.writes) {
                this.enter("writeToken")
                // The byte sent together with R1 does not count.
                this.waited = -1
                return
            }
            if (row.answer === "R1b") return this.enter("busy")
        }
        this.end()
    }

    private takeReadToken(back: number): void {
        const { name } = this.current!
        if (back === 0xff) {
            this.waited++
            return
        }
        if (this.waited < 1) this.cardFault("7.5.4", `${name}: data at once (NAC)`)
        if (back === 0xfe) return this.enter("readData")
        if ((back & 0xf0) === 0 && back !== 0) {
            this.note(`data error token ${words.hex(back)} (7.3.3.3)`)
            if (!this.many) this.end()
        } else this.cardFault("7.3.3", `${name}: 0x${back.toString(16)} is no token`)
    }

    private takeReadData(back: number): void {
        const { index, row, name } = this.current!
        const length = row.reads!
        if (this.bytes.length < length) this.payload("card", this.bytes.length)
        this.bytes.push(back)
        if (this.bytes.length < length + 2) return
        const data = this.bytes.slice(0, length)
        const right = wireCrc16(data) === (this.bytes[length] << 8) + this.bytes[length + 1]
        if (!right) this.cardFault("4.5", `${name}: CRC-16 of the data block is wrong`)
        this.note(`data block of ${length} bytes, CRC-16 ${right ? "right" : "wrong"} (7.3.3.2)`)
        if (index === 9) this.rules.readCardSpecificData(Uint8Array.from(data))
        if (this.many) this.enter("readToken")
        else this.end()
    }

    private takeWriteToken(out: number): void {
        const { name } = this.current!
        if (out === 0xff) {
            this.waited++
            return
        }
        if (this.refused && out === 0x4c) return this.startCommand(out)
        if (this.refused)
            this.hostFault("7.3.3.1", `${name}: a token instead of CMD12 behind a refused block`)
        if (this.waited < 1) this.hostFault("7.5.4", `${name}: a token at once (NWR)`)
        if (out === (this.many ? 0xfc : 0xfe)) return this.enter("writeData")
        if (this.many && out === 0xfd) {
            this.note("stop tran token (7.3.3.2)")
            this.many = false
            this.rules.statusDue = true
            return this.enter("stopped")
        }
        this.hostFault("7.3.3.2", `${name}: 0x${out.toString(16)} is no token`)
    }

    private takeWriteData(out: number): void {
        const { name } = this.current!
        if (this.bytes.length < 512) this.payload("host", this.bytes.length)
        this.bytes.push(out)
        if (this.bytes.length < 514) return
        const crc = (this.bytes[512] << 8) + this.bytes[513]
        if (this.rules.crcOn && wireCrc16(this.bytes.slice(0, 512)) !== crc)
            this.hostFault("7.2.2", `${name}: CRC-16 of the data block is wrong`)
        this.enter("dataResponse")
    }

    private takeDataResponse(back: number): void {
        const { name } = this.current!
        if ((back & 0x11) !== 0x01)
            this.cardFault("7.3.3.1", `${name}: 0x${back.toString(16)} is no data response`)
        this.note(words.dataResponseText(back))
        this.refused = this.many && (back & 0x1f) !== 0x05
        if (!this.many) this.rules.statusDue = true
        this.enter("busy")
    }

    private notBusy(): void {
        const bytes = this.waited
        if (bytes > 0) this.note(`busy for ${bytes} bytes (7.2.4)`)
        if (!this.many) return this.end()
        this.enter("writeToken")
    }

    private payload(from: "host" | "card", blockAt: number): void {
        const last = this.payloads.at(-1)
        if (last && last.at + last.length === this.at) last.length++
        else this.payloads.push({ from, at: this.at, blockAt, length: 1 })
    }
}
