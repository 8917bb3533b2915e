import { blockSum, crc16 } from "../core/checksum"
import { Fault, FaultCode, faultCode, faultMessage } from "../core/fault"
import { BlockDevice, SpiBus, Ticks } from "../core/seams"
import { Limit, Look } from "./sdlimits"
import { refusal, timeoutFault, unsupported, writeProtectedFault } from "./sdfaults"
import {
    answerAt,
    answerMost,
    Command,
    frameBytes,
    parseCsdBlocks,
    putCommand,
    R1,
    Status,
    Token,
} from "./sdprotocol"

/**
 * An SD card in SPI mode as 512-byte blocks. One instance serves all cards that are inserted, so
 * its buffers are kept. It owns the bus during a call. When a write returns, the block is
 * programmed: the card's status was read after its busy time. Throws Fault CardAbsent, CardTimeout,
 * CardRefused, CardCrc, CardWriteProtected, CardUnsupported; after CardAbsent and CardTimeout the
 * card must be opened again.
 */
export class SdCard implements BlockDevice {
    /** "SDSC", "SDHC" or "SDXC". */
    kind = ""
    /**
     * Operations repeated after a damaged, refused or unanswered transfer, and those that failed
     * for good.
     */
    retries: number
    errors: number
    /** Halved at each retry, down to `Limit.ClockHzMin`. */
    clockHz: number

    private readonly frame = Buffer.alloc(frameBytes)
    private readonly pollFrame = Buffer.alloc(Limit.PollBytes)
    private readonly shortFrame = Buffer.alloc(Limit.ShortBytes)
    /** The last answer, and the position reached in it: R1, or after a block. */
    private answer: Buffer
    private at: number
    /** The next block of the open read stream; 0 if unknown, -1 if no stream is open. */
    private next: number
    /** The last block read. */
    private last: number
    /** Time of the first poll. */
    private pollMs: number
    /** 512 for cards addressed in bytes. */
    private blockUnits: number

    private works = 0
    private blocks: number
    private writeProtected: boolean

    constructor(
        private readonly spi: SpiBus,
        private readonly ticks: Ticks,
    ) {
        this.pollFrame.fillAt(0, Limit.PollBytes, 0xff)
    }

    /**
     * Wakes the inserted card and identifies it; forgets the previous one. Takes some 50 ms to 5 s.
     */
    async openAgain(): Promise<SdCard> {
        this.retries = 0
        this.errors = 0
        this.blocks = 1
        this.next = -1
        this.last = -2
        // The card-specific data is a block of 16 bytes.
        await this.work(0, 0, this.shortFrame, Look.Start | Look.Read)
        await this.setClock(Limit.ClockHz)
        return this
    }

    blockCount(): number {
        return this.blocks
    }

    async readBlock(block: number, into: Buffer, unchecked?: boolean): Promise<void> {
        // After two retries the wire is not trusted any more.
        const quick = unchecked && this.clockHz > Limit.ClockHzMin
        await this.work(block, 0, into, quick ? Look.Read : Look.Checked)
    }

    async writeBlock(block: number, from: Buffer): Promise<void> {
        await this.work(block, 1, from, 0)
    }

    /** More than one block is one stream; if one of them is refused, all are written again. */
    async fillBlocks(block: number, count: number, from: Buffer): Promise<void> {
        await this.work(block, count, from, 0)
    }

    /** Checks that the card is still there and initialised, in one short transfer. */
    async probe(): Promise<void> {
        await this.work(0, 0, this.shortFrame, Look.Status)
    }

    /** @param count blocks to write */
    private async work(block: number, count: number, data: Buffer, look: number): Promise<void> {
        if (block < 0 || block + (count || 1) > this.blocks)
            throw new Fault(FaultCode.CardRefused, `block ${block} is not on the card`, block)
        if (count > 0 && this.writeProtected) throw writeProtectedFault(block)
        if ((++this.works & Limit.WorksMost) === 0) await this.ticks.sleep(1)
        for (let attempt = 1; ; ++attempt) {
            await this.spi.select(true)
            try {
                // The card keeps streaming while consecutive blocks are read. After its last block
                // it would try to send more.
                const alike =
                    look === Look.Read || (look === Look.Checked && block === this.last + 1)
                const many = alike && block + 1 < this.blocks
                const goes = many && block === this.next
                if (this.next >= 0 && !goes) await this.endStream(block)
                if (look & Look.Start) {
                    await this.wake()
                    await this.initialise()
                }
                if (look & Look.Status) await this.checkStatus(0)
                if (count > 0) await this.writeOnce(block, count, data)
                if (look & Look.Read) await this.receive(block, data, look, many, goes)
                if (look & Look.Start) this.takeSize(data)
                return
            } catch (thrown) {
                const code = faultCode(thrown)
                const bad = code === FaultCode.CardCrc || code === FaultCode.CardRefused
                if (attempt >= Limit.Tries || (count > 0 && code === FaultCode.CardTimeout)) {
                    this.errors++
                    if (!bad) throw thrown
                    const text = faultMessage(thrown) + ": save the card's files and use another"
                    throw new Fault(code, text, block)
                }
                this.retries++
                if (this.next >= 0) await this.endStream(block)
                if (this.clockHz > Limit.ClockHzMin) this.clockHz /= 2
            } finally {
                if (this.next < 0) await this.spi.select(false)
            }
            await this.setClock(this.clockHz)
        }
    }

    private async writeOnce(block: number, count: number, from: Buffer): Promise<void> {
        const { spi, frame } = this
        const stream = count > 1
        if (stream) {
            // The card may erase them all beforehand, but need not support it.
            await this.command(Command.Cmd55AppCmd, 0)
            await this.command(Command.Acmd23SetWrBlkEraseCount, count)
        }
        await this.accepted(
            stream ? Command.Cmd25WriteMultipleBlock : Command.Cmd24WriteBlock,
            block * this.blockUnits,
        )
        frame.fillAt(0, frameBytes, 0xff)
        frame[1] = stream ? Token.StartStreamBlock : Token.StartBlock
        frame.blitAt(2, from, 0, 512)
        frame.setAt(514, "u16", blockSum(from))
        let response = Token.Accepted
        for (; count > 0 && response === Token.Accepted; --count) {
            // 0xff, token, data, checksum; the data response comes in the next byte, or some bits
            // later.
            const answer = await spi.transfer(frame)
            let bits = 0
            for (let at = 516; at < 520; ++at) bits = (bits << 8) | answer[at]
            bits |= 0xe0000000
            while (bits < 0) bits <<= 1
            response = bits >> 27
            if (answer[frameBytes - 1] !== 0xff) await this.waitWhileBusy(block)
        }
        if (stream) {
            // A stream ends with its token, or after an error with CMD12 (section 7.3.3.1).
            if (response === Token.Accepted) await this.stopStream()
            else await this.command(Command.Cmd12StopTransmission, 0)
            await this.waitWhileBusy(block)
        }
        await this.checkStatus(block)
        if (response === Token.Accepted) return
        const code = response === Token.CrcError ? FaultCode.CardCrc : FaultCode.CardRefused
        throw new Fault(code, `the card refused block ${block}`, block)
    }

    /** Sends CMD13 and checks its verdict on the last operation. */
    private async checkStatus(block: number): Promise<void> {
        await this.accepted(Command.Cmd13SendStatus, 0)
        const status = this.answer[this.at + 1]
        if (status & Status.Protected) throw writeProtectedFault(block)
        if (status !== 0)
            throw new Fault(FaultCode.CardRefused, `the card reports error ${status}`, block)
    }

    private async wake(): Promise<void> {
        const { spi, ticks } = this
        await this.setClock(Limit.StartClockHz)
        // At least 74 clocks with chip select high let the card detect its voltage (section 6.4.1).
        await spi.transfer(this.pollFrame)
        await spi.select(true)
        for (let tries = 1; ; ++tries) {
            const r1 = await this.command(Command.Cmd0GoIdleState, 0)
            if (r1 === R1.Idle) return
            if (r1 >= R1.None) {
                if (tries >= Limit.WakeTries) throw refusal(r1, 0)
            } else if (tries >= Limit.BusyTries) throw timeoutFault("the card does not reset", 0)
            // A transfer that was interrupted may still be in the way.
            await ticks.sleep(2)
            // Selecting again brings an out-of-step card back in step.
            await spi.select(false)
            await spi.select(true)
            await this.clockFrame()
            await this.stopStream()
        }
    }

    /** Checks the supply voltage and waits for the card to start. */
    private async initialise(): Promise<void> {
        let hostCapacity = 0
        let r1 = await this.command(Command.Cmd8SendIfCond, 0x1aa)
        // CMD8 is unknown to cards before version 2, which have no high capacity; some do not
        // answer it.
        if ((r1 & R1.IllegalCommand) === 0) {
            if (this.answer.getAt(this.at + 3, "u16") !== 0xaa01)
                throw unsupported("the card does not run at 3.3 V", 8)
            hostCapacity = 0x40000000
        }
        const index = Command.Acmd41SendOpCond
        for (let tries = 0; ; ++tries) {
            r1 = await this.command(Command.Cmd55AppCmd, 0)
            if (r1 <= R1.Idle) r1 = await this.command(index, hostCapacity)
            if (r1 === 0) break
            if (r1 >= R1.None) throw refusal(r1, index)
            if (r1 !== R1.Idle) throw unsupported("this is not an SD card", index)
            if (tries >= Limit.StartTries) throw timeoutFault("the SD card never gets ready", index)
            await this.ticks.sleep(5)
        }
        r1 = await this.command(Command.Cmd58ReadOcr, 0)
        // Some still report idle.
        if (r1 > R1.Idle) throw refusal(r1, Command.Cmd58ReadOcr)
        // Bit 30 of the OCR (CCS): addressed in blocks. Other cards are set to a block length of
        // 512 bytes.
        this.blockUnits = 1
        if ((this.answer[this.at + 1] & 0x40) === 0) {
            this.blockUnits = 512
            await this.accepted(Command.Cmd16SetBlocklen, 512)
        }
        // From here on the card checks the checksums of commands and blocks. One that refuses may
        // check all the same.
        r1 = await this.command(Command.Cmd59CrcOnOff, 1)
        if (r1 >= R1.None) throw refusal(r1, Command.Cmd59CrcOnOff)
    }

    /** Takes the number of blocks and the write protection from the card-specific data. */
    private takeSize(csd: Buffer): void {
        const blocks = parseCsdBlocks(csd)
        // The checksum over data and checksum is 0.
        if (blocks === 0 || crc16(0, csd, 0, 18) !== 0)
            throw unsupported("the SD card's size is unknown", 9)
        // PERM_WRITE_PROTECT and TMP_WRITE_PROTECT.
        this.writeProtected = (csd[14] & 0x30) !== 0
        this.kind = this.blockUnits !== 1 ? "SDSC" : blocks > Limit.SdhcBlocksMax ? "SDXC" : "SDHC"
        this.blocks = blocks
    }

    /** Deselects first: a card would take the stray clock edge for a bit. */
    private async setClock(hz: number): Promise<void> {
        await this.spi.select(false)
        this.clockHz = hz
        await this.spi.setClockHz(hz)
    }

    /**
     * Sends a command in its own frame, followed by polling bytes for its answer.
     * @returns R1; 0xff if there was no answer, 0x80 and above if it was out of step
     */
    private async command(index: Command, argument: number): Promise<number> {
        putCommand(this.shortFrame, index, argument)
        const answer = await this.spi.transfer(this.shortFrame)
        let at = answerAt
        while (answer[at] === 0xff && at < answerMost) at++
        this.answer = answer
        this.at = at
        return answer[at]
    }

    /** The same for a command that only a ready card accepts. */
    private async accepted(index: Command, argument: number): Promise<void> {
        const r1 = await this.command(index, argument)
        if (r1 !== 0) throw refusal(r1, index)
    }

    /**
     * Reads a block: finds its token after the answer, after the previous block, or in further
     * polls.
     * @param many others may follow
     * @param goes it is the next block of the open stream
     */
    private async receive(
        block: number,
        data: Buffer,
        look: number,
        many: boolean,
        goes: boolean,
    ): Promise<void> {
        let index = Command.Cmd17ReadSingleBlock
        if (many) index = Command.Cmd18ReadMultipleBlock
        if (look & Look.Start) index = Command.Cmd9SendCsd
        if (!goes) await this.accepted(index, block * this.blockUnits)
        if (many) this.next = 0
        let { answer, at } = this
        for (let polls = 0; ; ++polls) {
            // There may be hundreds of idle bytes between two blocks. After an error no token
            // follows (section 4.3.3): the block is read again with a new command.
            if (goes && answer[at] === 0xff) {
                at = answer.indexOf(Token.StartBlock, at)
                if (at < 0) at = frameBytes
            }
            while (answer.getAt(at, "i32") === -1) at += 4
            // Some send a 0x00 before the token.
            while (answer[at] === 0xff || answer[at] === 0) at++
            if (at < answer.length) break
            // The frame has been all 0xff since the previous block.
            answer = await this.poll(polls, Limit.ReadMs, block, goes ? this.frame : this.pollFrame)
            at = 0
        }
        const right = answer[at++] === Token.StartBlock
        const got = answer.length - at
        data.blitAt(0, answer, at, 512)
        at += 512
        let sum = answer[at]
        // Two bytes of checksum follow, and eight clocks for the card to finish (section 4.4).
        if (got < 514) {
            answer = await this.clockFrame()
            at = 512 - got
            data.blitAt(got, answer, 0, at)
            if (at >= 0) sum = answer[at]
        }
        sum = sum | (answer[at + 1] << 8)
        // After the last byte of a pulled card everything reads 0xff.
        const doubtful = look === Look.Checked || (look === Look.Read && sum === 0xffff)
        if (!right || (doubtful && sum !== blockSum(data)))
            throw new Fault(FaultCode.CardCrc, `block ${block} cannot be read`, block)
        this.answer = answer
        this.at = at + 2
        this.last = block
        if (many) this.next = block + 1
    }

    /** Ends the read stream. */
    private async endStream(block: number): Promise<void> {
        this.next = -1
        await this.command(Command.Cmd12StopTransmission, 0)
        await this.waitWhileBusy(block)
    }

    /** Clocks the card for a whole frame. */
    private async clockFrame(): Promise<Buffer> {
        const frame = this.frame
        frame.fillAt(0, frameBytes, 0xff)
        return await this.spi.transfer(frame)
    }

    private async stopStream(): Promise<void> {
        const frame = this.shortFrame
        frame.fillAt(0, Limit.ShortBytes, 0xff)
        frame[1] = Token.StopStream
        await this.spi.transfer(frame)
    }

    /** The card holds the line low while programming. */
    private async waitWhileBusy(block: number): Promise<void> {
        let polls = 0
        const { pollFrame } = this
        for (;;) {
            const answer = await this.poll(polls++, Limit.BusyMs, block, pollFrame)
            if (answer[Limit.PollBytes - 1] === 0xff) return
        }
    }

    /** Clocks the card briefly, after a sleep if it has been polled often already. */
    private async poll(
        polls: number,
        limitMs: number,
        block: number,
        frame: Buffer,
    ): Promise<Buffer> {
        const nowMs = this.ticks.nowMs()
        const text = limitMs > Limit.ReadMs ? "the card stays busy" : "the card sends no block"
        if (polls === 0) this.pollMs = nowMs
        else if (nowMs - this.pollMs >= limitMs) throw timeoutFault(text, block)
        if (polls >= Limit.QuickPolls) await this.ticks.sleep(1)
        return await this.spi.transfer(frame)
    }
}
