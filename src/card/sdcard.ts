import { Deadline } from "../core/deadline"
import { Fault, FaultCode, faultCode, faultMessage } from "../core/fault"
import { BlockDevice, SpiBus, Ticks } from "../core/seams"
import {
    answerAt,
    Command,
    frameBytes,
    parseCsdBlocks,
    putCommand,
    R1,
    Status,
    Token,
} from "./sdprotocol"

const enum Limit {
    StartClockHz = 400000,
    ClockHz = 20000000,
    /** Longest initialisation (section 4.2.3: one second). */
    InitMs = 1500,
    /** Longest read access and write, with room above the standard's 100 and 500 ms. */
    ReadMs = 300,
    BusyMs = 1000,
    /** Whoever works with the card for so long rests: the main loop turns, or its watchdog bites. */
    WorkMs = 250,
    RestMs = 10,
    /** Work that begins after so long a pause is not the same. */
    PauseMs = 500,
    Tries = 3,
    /** Bytes of a short transfer: a command, the longest NCR, R1 and four bytes more. */
    ShortBytes = 22,
    /** A longer poll would be no better: looking through what came takes the interpreter longer than the wire. */
    PollBytes = 20,
    /** So many polls, some 4 ms, come before the first sleep, which lasts to the next tick of 10 ms. */
    QuickPolls = 8,
    /** More blocks than an SDHC card can have (C_SIZE 65375) make it SDXC. */
    SdhcBlocksMax = 66945024,
}

/**
 * An SD card in SPI mode as 512-byte blocks. It owns the bus during a call, selects and releases it.
 * A returned write was programmed: the card's status was asked after its busy time.
 * Throws Fault CardAbsent, CardTimeout, CardRefused, CardCrc, CardWriteProtected, CardUnsupported;
 * after CardAbsent and CardTimeout the card has to be opened anew.
 */
export class SdCard implements BlockDevice {
    /** "SDSC", "SDHC" or "SDXC". */
    kind = ""
    /** Blocks transferred again after a damaged or refused transfer, and calls that failed for good. */
    retries: number
    errors: number

    private readonly frame = Buffer.alloc(frameBytes)
    private readonly shortFrame = Buffer.alloc(Limit.ShortBytes)
    private readonly pollFrame = Buffer.alloc(Limit.PollBytes)
    /** What came back with the last command. */
    private answer: Buffer
    private restedMs = 0
    private workedMs = -Limit.PauseMs
    /** 512 for cards addressed in bytes. */
    private blockUnits: number
    private blocks: number
    private writeProtected: boolean

    /** One for all cards that come into the socket: its buffers are kept. */
    constructor(
        private readonly spi: SpiBus,
        private readonly ticks: Ticks,
    ) {
        this.pollFrame.fillAt(0, Limit.PollBytes, 0xff)
    }

    /**
     * Wakes the card in the socket and reads what it is; what was known of the one before is forgotten. Takes some
     * 10 ms to 1.5 s.
     */
    async openAgain(): Promise<SdCard> {
        this.retries = 0
        this.errors = 0
        this.blockUnits = 512
        try {
            await this.wake()
            await this.initialise()
            await this.readSize()
        } finally {
            await this.spi.select(false)
        }
        return this
    }

    blockCount(): number {
        return this.blocks
    }

    async readBlock(block: number, into: Buffer): Promise<void> {
        await this.withRetries(block, 0, into)
    }

    async writeBlock(block: number, from: Buffer): Promise<void> {
        await this.fillBlocks(block, 1, from)
    }

    /** More than one block is one stream; when one of them is refused, all are written again. */
    async fillBlocks(block: number, count: number, from: Buffer): Promise<void> {
        if (this.writeProtected) throw writeProtectedFault(block)
        await this.withRetries(block, count, from)
    }

    /** Asks the card whether it is still there and initialised: one short transfer. */
    async probe(): Promise<void> {
        await this.spi.select(true)
        try {
            await this.checkStatus(0)
        } finally {
            await this.spi.select(false)
        }
    }

    /** @param count blocks to write, 0 to read one */
    private async withRetries(block: number, count: number, data: Buffer): Promise<void> {
        if (block < 0 || block >= this.blocks || block + count > this.blocks)
            throw new Fault(FaultCode.CardRefused, `block ${block} is not on the card`, block)
        const { ticks } = this
        const nowMs = ticks.nowMs()
        if (nowMs - this.workedMs >= Limit.PauseMs) this.restedMs = nowMs
        else if (nowMs - this.restedMs >= Limit.WorkMs) {
            await ticks.sleep(Limit.RestMs)
            this.restedMs = nowMs
        }
        this.workedMs = nowMs
        for (let attempt = 1; ; ++attempt) {
            await this.spi.select(true)
            try {
                const argument = block * this.blockUnits
                if (count > 0) await this.writeOnce(block, argument, count, data)
                else {
                    const at = await this.accepted(Command.Cmd17ReadSingleBlock, argument)
                    await this.receiveData(at + 1, data, 512, block)
                }
                return
            } catch (thrown) {
                const code = faultCode(thrown)
                const again = code === FaultCode.CardCrc || code === FaultCode.CardRefused
                if (!again || attempt >= Limit.Tries) {
                    this.errors++
                    if (!again) throw thrown
                    const text = faultMessage(thrown) + ": save the card's files and use another"
                    throw new Fault(code, text, block)
                }
                this.retries++
            } finally {
                await this.spi.select(false)
            }
        }
    }

    /** Finds the data token in the answer from `at` on, or in further polls; copies what follows. */
    private async receiveData(
        at: number,
        into: Buffer,
        length: number,
        block: number,
    ): Promise<void> {
        const deadline = new Deadline(this.ticks, Limit.ReadMs)
        let answer = this.answer
        for (let polls = 0; ; ++polls) {
            while (answer.getAt(at, "i32") === -1) at += 4
            while (answer[at] === 0xff) at++
            if (at < answer.length) break
            if (deadline.expired()) throw timeoutFault("the card does not deliver a block", block)
            answer = await this.poll(polls)
            at = 0
        }
        const token = answer[at]
        const got = answer.length - at - 1
        into.blitAt(0, answer, at + 1, got < length ? got : length)
        // Two bytes of checksum follow, clocked out and not looked at, and eight clocks for the card to
        // finish (section 4.4).
        if (got <= length + 2) {
            answer = await this.clockFrame()
            if (got < length) into.blitAt(got, answer, 0, length - got)
        }
        if (token !== Token.StartBlock)
            throw new Fault(FaultCode.CardCrc, `block ${block} cannot be read`, block)
    }

    /** A whole frame of clocks for the card. */
    private async clockFrame(): Promise<Buffer> {
        const frame = this.frame
        frame.fillAt(0, frameBytes, 0xff)
        return await this.spi.transfer(frame)
    }

    private async writeOnce(
        block: number,
        argument: number,
        count: number,
        from: Buffer,
    ): Promise<void> {
        const { spi, frame } = this
        const stream = count > 1
        if (stream) {
            // The card can make room for all of them at once, but need not know how.
            await this.command(Command.Cmd55AppCmd, 0)
            await this.command(Command.Acmd23SetWrBlkEraseCount, count)
        }
        await this.accepted(
            stream ? Command.Cmd25WriteMultipleBlock : Command.Cmd24WriteBlock,
            argument,
        )
        frame.fillAt(0, frameBytes, 0xff)
        frame[1] = stream ? Token.StartStreamBlock : Token.StartBlock
        frame.blitAt(2, from, 0, 512)
        let response = Token.Accepted
        for (; count > 0 && response === Token.Accepted; --count) {
            // 0xff, token, data, checksum; the data response comes in the very next byte.
            const answer = await spi.transfer(frame)
            response = answer[516] & 0x1f
            if (answer[frameBytes - 1] !== 0xff) await this.waitWhileBusy(block)
        }
        if (stream) {
            // A stream ends with its token, or after an error with CMD12 (section 7.3.3.1).
            if (response === Token.Accepted) await this.stopStream()
            else await this.command(Command.Cmd12StopTransmission, 0)
            await this.waitWhileBusy(block)
        }
        await this.checkStatus(block)
        if (response === Token.CrcError)
            throw new Fault(FaultCode.CardCrc, `block ${block} was damaged on its way`, block)
        if (response !== Token.Accepted)
            throw new Fault(FaultCode.CardRefused, `the card refused block ${block}`, block)
    }

    private async stopStream(): Promise<void> {
        const frame = this.shortFrame
        frame.fillAt(0, Limit.ShortBytes, 0xff)
        frame[1] = Token.StopStream
        await this.spi.transfer(frame)
    }

    /** The card holds the line low while it programs. */
    private async waitWhileBusy(block: number): Promise<void> {
        const deadline = new Deadline(this.ticks, Limit.BusyMs)
        for (let polls = 0; (await this.poll(polls))[Limit.PollBytes - 1] !== 0xff; ++polls)
            if (deadline.expired()) throw timeoutFault("the card stays busy", block)
    }

    /** Clocks the card for a moment, after a sleep when it has been asked often already. */
    private async poll(polls: number): Promise<Buffer> {
        if (polls >= Limit.QuickPolls) await this.ticks.sleep(1)
        return await this.spi.transfer(this.pollFrame)
    }

    /** CMD13 with its verdict on what was done last. */
    private async checkStatus(block: number): Promise<void> {
        const at = await this.accepted(Command.Cmd13SendStatus, 0)
        const status = this.answer[at + 1]
        if (status & Status.Protected) throw writeProtectedFault(block)
        if (status !== 0)
            throw new Fault(FaultCode.CardRefused, `the card reports error ${status}`, block)
    }

    /**
     * Sends a command in a frame of its own with the polling for its answer behind it.
     * @returns where R1 lies in `answer`
     */
    private async command(index: Command, argument: number): Promise<number> {
        putCommand(this.shortFrame, index, argument)
        this.answer = await this.spi.transfer(this.shortFrame)
        for (let at = answerAt; at < answerAt + 9; ++at) if (this.answer[at] < 0x80) return at
        throw new Fault(
            FaultCode.CardAbsent,
            "no SD card, or it does not answer: put one in",
            index,
        )
    }

    /** The same for a command that only a card that is ready accepts. */
    private async accepted(index: Command, argument: number): Promise<number> {
        const at = await this.command(index, argument)
        const r1 = this.answer[at]
        if (r1 === 0) return at
        // A card that was pulled and put back is idle again and knows nothing of before.
        if (r1 & R1.Idle) throw new Fault(FaultCode.CardAbsent, "the SD card was changed", index)
        const code = r1 & R1.CommandCrcError ? FaultCode.CardCrc : FaultCode.CardRefused
        throw new Fault(code, `the card refused command ${index} with ${r1}`, index)
    }

    private async wake(): Promise<void> {
        const spi = this.spi
        await spi.select(false)
        await spi.setClockHz(Limit.StartClockHz)
        // At least 74 clocks with the select high let the card find its voltage (section 6.4.1).
        await spi.transfer(this.pollFrame)
        await spi.select(true)
        for (let attempt = 1; ; ++attempt) {
            try {
                const at = await this.command(Command.Cmd0GoIdleState, 0)
                if (this.answer[at] === R1.Idle) return
            } catch (thrown) {
                if (attempt >= Limit.Tries) throw thrown
            }
            if (attempt >= Limit.Tries) throw timeoutFault("the card does not reset", 0)
            // What it was sending or receiving when it was left may still be in its way.
            await this.ticks.sleep(2)
            await this.clockFrame()
            await this.stopStream()
        }
    }

    /** Checks the supply and waits for the end of the card's own start. */
    private async initialise(): Promise<void> {
        let at = await this.command(Command.Cmd8SendIfCond, 0x1aa)
        let hostCapacity = 0
        // CMD8 is unknown to cards from before version 2, which have no high capacity.
        if ((this.answer[at] & R1.IllegalCommand) === 0) {
            if (this.answer[at + 3] !== 0x01 || this.answer[at + 4] !== 0xaa)
                throw new Fault(FaultCode.CardUnsupported, "the card does not run at 3.3 V", 8)
            hostCapacity = 0x40000000
        }
        const deadline = new Deadline(this.ticks, Limit.InitMs)
        for (;;) {
            await this.command(Command.Cmd55AppCmd, 0)
            const index = Command.Acmd41SendOpCond
            at = await this.command(index, hostCapacity)
            const r1 = this.answer[at]
            if (r1 === 0) return
            if (r1 & R1.IllegalCommand)
                throw new Fault(FaultCode.CardUnsupported, "this is not an SD card: use one", index)
            if (deadline.expired()) throw timeoutFault("the SD card does not get ready", index)
            await this.ticks.sleep(5)
        }
    }

    /** How blocks are addressed, how many there are, and whether they may be written. */
    private async readSize(): Promise<void> {
        let at = await this.accepted(Command.Cmd58ReadOcr, 0)
        // Bit 30 of the OCR (CCS): addressed in blocks. Other cards get a block length of 512 bytes.
        if (this.answer[at + 1] & 0x40) this.blockUnits = 1
        else await this.accepted(Command.Cmd16SetBlocklen, 512)
        // A selected card would take the stray clock edge for a bit.
        await this.spi.select(false)
        await this.spi.setClockHz(Limit.ClockHz)
        await this.spi.select(true)
        at = await this.accepted(Command.Cmd9SendCsd, 0)
        const csd = Buffer.alloc(16)
        await this.receiveData(at + 1, csd, 16, 0)
        const blocks = parseCsdBlocks(csd)
        if (blocks === 0)
            throw new Fault(
                FaultCode.CardUnsupported,
                "the SD card's size is unknown: use another",
                9,
            )
        // PERM_WRITE_PROTECT and TMP_WRITE_PROTECT.
        this.writeProtected = (csd[14] & 0x30) !== 0
        this.kind = this.blockUnits !== 1 ? "SDSC" : blocks > Limit.SdhcBlocksMax ? "SDXC" : "SDHC"
        this.blocks = blocks
    }
}

function writeProtectedFault(block: number): Fault {
    const text = "the SD card is write-protected: take the protection off or use another"
    return new Fault(FaultCode.CardWriteProtected, text, block)
}

function timeoutFault(text: string, evidence: number): Fault {
    return new Fault(FaultCode.CardTimeout, text + ": pull it and put it back", evidence)
}
