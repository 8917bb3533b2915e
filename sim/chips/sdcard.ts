import { BitSlip } from "./bitslip"
import type { SpiChip } from "./chip"
import { SdCardAnswer } from "./sdcardanswer"
import { SdCardFaults } from "./sdcardfaults"
import type { SdCardOptions, SdCardType } from "./sdcardoptions"
import { SdCardPace } from "./sdcardpace"
import { SdCardReception } from "./sdcardreception"
import { R1, crc16, crc7, registerCid, registerCsd } from "./sdcardregisters"
import type { BlockStore } from "./sdcardstore"
import { SdCardTemperament, spoiled } from "./sdcardtraits"

export type { SdCardOptions, SdCardType } from "./sdcardoptions"
export type { SdCardTiming } from "./sdcardpace"

/**
 * SD memory card in SPI mode, from the SD Physical Layer Simplified Specification, version 6.00,
 * chapter 7. Without `timing` it knows no time: delays are then counted in bytes on the wire.
 */
export class SdCardChip implements SpiChip {
    readonly faults = new SdCardFaults()
    readonly counters = { sectorReads: 0, sectorWrites: 0, commands: 0, transfers: 0 }
    /** Called after each sector stored. */
    onWrite: ((block: number, data: Uint8Array) => void) | undefined

    private readonly type: SdCardType
    /** Addressed in blocks. */
    private readonly highCapacity: boolean
    private readonly csd: Uint8Array
    private readonly writeProtected: boolean

    private selected = false
    private wakeClocks = 0
    private inSpiMode = false
    private idleState = true
    private pollsLeft = 0
    private checkCrc = false
    private applicationCommand = false
    private status2 = 0

    private readonly frame = new Uint8Array(6)
    private frameLength = 0
    private readonly reception = new SdCardReception()
    private readonly answer = new SdCardAnswer()
    private readonly pace: SdCardPace
    private readonly temper: SdCardTemperament
    private readonly wire = new BitSlip(
        () => this.nextOut(),
        byte => this.takeIn(byte),
    )
    private nextRead = -1
    private writeBlock = -1
    /** Blocks announced by ACMD23 for the next stream, and the end of the current stream's. */
    private announced = 0
    private announcedEnd = 0

    constructor(
        private store: BlockStore,
        private readonly options: SdCardOptions = {},
    ) {
        const blocks = store.blockCount
        const byBlocks = blocks <= 4194304 ? "SDSC" : blocks <= 67108864 ? "SDHC" : "SDXC"
        this.type = options.type ?? byBlocks
        this.highCapacity = this.type === "SDHC" || this.type === "SDXC"
        const version = this.type === "SDSC" || this.type === "SDSC1" ? 1 : 2
        const protection =
            (options.writeProtected ? 1 : 0) | (options.writeProtectedForEver ? 2 : 0)
        this.csd = registerCsd(version, blocks, protection)
        this.writeProtected = protection !== 0
        this.pace = new SdCardPace(options)
        this.temper = new SdCardTemperament(options.traits)
    }

    /** Takes the card out of its socket. */
    pull(): void {
        this.faults.absent = true
        this.powerUp()
    }

    /** Puts the card back; like any card that gets power, it must be initialised. */
    insert(): void {
        this.faults.absent = false
        this.powerUp()
    }

    /** Another card in the same socket: its store; not initialised. */
    exchange(store: BlockStore): void {
        this.store = store
        this.powerUp()
    }

    /** Power-up: the card starts in SD mode, not initialised. */
    powerUp(): void {
        this.faults.powerless = false
        this.faults.writesUntilPowerCut = undefined
        this.temper.powerUp()
        this.wakeClocks = 0
        this.inSpiMode = false
        this.idleState = true
        this.checkCrc = false
        this.applicationCommand = false
        this.reset()
    }

    configure(hz: number): void {
        this.pace.setClockHz(hz)
        this.strayClock()
    }

    /** One extra clock edge: a selected card is out of step by a bit from then on. */
    strayClock(): void {
        if (this.faults.absent || this.faults.powerless) return
        if (this.selected) this.wire.stray()
        else this.wakeClocks++
    }

    select(on: boolean): void {
        this.selected = on
        if (on) return this.temper.select()
        // Whatever the chip select cut off is forgotten; programming continues.
        this.wire.align()
        this.reception.cutOff()
        this.frameLength = 0
        this.answer.clear()
        this.nextRead = -1
    }

    transfer(out: Uint8Array): Uint8Array {
        const back = new Uint8Array(out.length)
        this.counters.transfers++
        this.pace.beginTransfer()
        for (let i = 0; i < out.length; ++i) {
            back[i] = this.clock(out[i])
            this.pace.pass()
        }
        return back
    }

    private clock(byte: number): number {
        if (this.faults.absent || this.faults.powerless) return 0xff
        if (!this.selected) {
            this.wakeClocks += 8
            this.pace.passBusy()
            return 0xff
        }
        return this.temper.late(this.wire.exchange(byte))
    }

    private takeIn(byte: number): void {
        const { reception } = this
        const command = this.frameLength > 0 || (byte & 0xc0) === 0x40
        if (!reception.open || (reception.betweenBlocks && command)) this.takeCommand(byte)
        else this.takeData(byte)
    }

    private nextOut(): number {
        if (this.answer.pending) {
            const byte = this.answer.take(this.pace.byteMs)
            if (!this.answer.pending && this.nextRead >= 0) this.sendNextBlock()
            return byte
        }
        if (this.faults.busyForEver && this.inSpiMode) return 0x00
        if (!this.pace.busy) return 0xff
        this.pace.passBusy()
        return 0x00
    }

    private reset(): void {
        this.wire.align()
        this.reception.end()
        this.frameLength = 0
        this.answer.clear()
        this.pace.reset()
        this.nextRead = -1
        this.status2 = 0
    }

    private takeCommand(byte: number): void {
        if (this.pace.busy || this.faults.busyForEver) return
        if (this.frameLength === 0 && (byte & 0xc0) !== 0x40) return
        this.frame[this.frameLength++] = byte
        if (this.frameLength < 6) return
        this.frameLength = 0
        this.execute(this.frame[0] & 0x3f, new DataView(this.frame.buffer).getUint32(1))
    }

    private execute(index: number, argument: number): void {
        if (this.faults.takeIgnored() || this.temper.loses(index)) return
        const crcRight = this.frame[5] === ((crc7(this.frame.subarray(0, 5)) << 1) | 1)
        // Not yet in SPI mode: only CMD0 with its checksum, after 74 clocks with the select high.
        if (!this.inSpiMode && (index !== 0 || !crcRight || this.wakeClocks < 74)) return
        // A card left in a stream waits for its end.
        if (this.reception.open && index !== 12) return
        this.counters.commands++
        // A command ends the output of a running transfer.
        this.answer.clear()
        this.nextRead = -1
        this.reception.end()
        this.answer.sendIdle(this.options.responseDelayBytes ?? 1)
        const crcNeeded = this.checkCrc || this.temper.checksCommands || index === 8 || index === 0
        if (crcNeeded && !crcRight) return this.r1(R1.commandCrcError)
        const application = this.applicationCommand
        this.applicationCommand = false
        if (application && this.executeApplication(index, argument)) return
        if (!this.executeStart(index, argument)) this.executeTransfer(index, argument)
    }

    private r1(flags: number): void {
        const idle = this.idleState ? R1.idle : 0
        this.answer.send(flags | idle | this.temper.flags(this.frame[0] & 0x3f))
    }

    private executeApplication(index: number, argument: number): boolean {
        if (index === 41) {
            const highCapacityHost = (argument & 0x40000000) !== 0
            if (this.pollsLeft > 0) this.pollsLeft--
            else if (this.temper.initialising(this.pace.byteMs)) this.idleState = true
            else if (highCapacityHost || !this.highCapacity) this.idleState = false
            this.r1(0)
        } else if (index === 13) {
            this.r1(0)
            this.answer.send(0x00)
            this.answer.sendBlock(new Uint8Array(64))
        } else if (index === 23) {
            this.announced = argument & 0x7fffff
            this.r1(0)
        } else return false
        return true
    }

    /** Start-up and register commands; true if it was one of them. */
    private executeStart(index: number, argument: number): boolean {
        switch (index) {
            case 0:
                this.inSpiMode = true
                this.idleState = true
                this.checkCrc = false
                this.pollsLeft = this.options.initPolls ?? 2
                this.temper.begin(this.pace.byteMs)
                this.r1(0)
                return true
            case 8:
                if (this.type === "SDSC1") this.r1(R1.illegalCommand)
                else {
                    this.r1(0)
                    this.answer.send(
                        0,
                        0,
                        (argument >> 8) & 0x0f,
                        this.temper.echo(argument & 0xff),
                    )
                }
                return true
            case 55:
                this.applicationCommand = true
                this.r1(0)
                return true
            case 58:
                this.r1(0)
                // Power-up finished in bit 31, capacity in bit 30, 2.7–3.6 V in bits 23–15.
                this.answer.send(
                    this.idleState ? 0 : this.highCapacity ? 0xc0 : 0x80,
                    0xff,
                    0x80,
                    0,
                )
                return true
            case 59:
                this.checkCrc = (argument & 1) !== 0
                this.r1(0)
                return true
        }
        return false
    }

    private executeTransfer(index: number, argument: number): void {
        if (this.idleState) {
            this.r1(R1.illegalCommand)
            return
        }
        switch (index) {
            case 9:
            case 10:
                this.r1(0)
                this.answer.sendIdle(this.options.readDelayBytes ?? 2)
                this.answer.send(...this.temper.zerosBeforeCsd)
                this.answer.sendBlock(
                    index === 9 ? this.csd : registerCid(),
                    this.temper.wrongCsdBit(index),
                )
                break
            case 12:
                // One stuff byte before the answer.
                this.answer.clear()
                this.answer.sendIdle(1 + (this.options.responseDelayBytes ?? 1))
                this.r1(0)
                this.pace.settle()
                break
            case 13:
                this.r1(0)
                this.answer.send(this.status2)
                this.status2 = 0
                break
            case 16:
                this.r1(argument === 512 ? 0 : R1.parameterError)
                break
            case 17:
            case 18:
                this.startRead(argument, index === 18)
                break
            case 24:
            case 25:
                this.startWrite(argument, index === 25)
                break
            default:
                this.r1(R1.illegalCommand)
        }
    }

    /** The block at an address; -1 if the fault has been answered. */
    private addressed(argument: number): number {
        if (!this.highCapacity && argument % 512 !== 0) {
            this.r1(R1.addressError)
            return -1
        }
        const block = this.highCapacity ? argument : argument / 512
        if (block < this.store.blockCount) return block
        this.r1(R1.parameterError)
        return -1
    }

    private startRead(argument: number, many: boolean): void {
        const block = this.addressed(argument)
        if (block < 0) return
        this.r1(0)
        if (many) this.nextRead = block + 1
        this.sendBlock(block, "read")
    }

    private sendNextBlock(): void {
        const block = this.nextRead
        if (block < this.store.blockCount) {
            this.nextRead = block + 1
            this.sendBlock(block, "streamRead")
        } else {
            this.nextRead = -1
            this.answer.send(0x09)
        }
    }

    private sendBlock(block: number, kind: "read" | "streamRead"): void {
        const { bytes, untilMs } = this.pace.readDelay(kind)
        this.answer.sendLater(bytes, untilMs)
        this.counters.sectorReads++
        const silent = this.faults.takeSilence()
        if (silent || this.faults.takeReadFailure(block)) {
            // It sends no more until it is stopped (section 4.3.3).
            this.nextRead = -1
            if (!silent) this.answer.send(0x05)
            return
        }
        const noise = this.temper.wrongBit("reads", this.pace.clockHz)
        this.answer.sendBlock(this.store.read(block), this.faults.takeWrongBit() ?? noise)
    }

    private startWrite(argument: number, many: boolean): void {
        const block = this.addressed(argument)
        if (block < 0) return
        this.r1(0)
        this.writeBlock = block
        this.announcedEnd = many ? block + this.announced : 0
        this.announced = 0
        this.reception.begin(many)
    }

    private takeData(byte: number): void {
        // Tokens are ignored while the card is busy.
        if (this.pace.busy || this.answer.pending) return
        const received = this.reception.take(byte)
        if (received === "stopped") {
            this.answer.sendIdle(1)
            this.pace.program("write")
        } else if (received) this.takeBlock(received)
    }

    private takeBlock(block: Uint8Array): void {
        const noise = this.temper.wrongBit("writes", this.pace.clockHz)
        const data = spoiled(block.subarray(0, 512), noise)
        const crc = (block[512] << 8) | block[513]
        const crcNeeded = this.checkCrc || this.temper.checksData
        if (this.faults.takeRefusal() || (crcNeeded && crc !== crc16(data))) {
            this.answer.send(...this.temper.dataResponse(0xeb))
            this.reception.refuse()
            return
        }
        const pastEnd = this.writeBlock >= this.store.blockCount
        if (this.writeProtected || pastEnd) {
            // Data rejected, and the second status byte says why.
            this.status2 |= pastEnd ? 0x80 : 0x20
            this.answer.send(...this.temper.dataResponse(0xed))
            this.reception.refuse()
            return
        }
        this.answer.send(...this.temper.dataResponse(0xe5))
        this.pace.program(this.reception.streaming ? "streamBlock" : "write")
        if (this.faults.takeWriteFailure(this.writeBlock)) this.status2 |= 0x04
        else if (this.faults.keep(this.store, this.writeBlock, data)) {
            this.counters.sectorWrites++
            this.onWrite?.(this.writeBlock, data)
        } else if (this.faults.erasesAhead)
            for (let ahead = this.writeBlock + 1; ahead < this.announcedEnd; ++ahead)
                this.store.write(ahead, new Uint8Array(512).fill(0xff))
        this.writeBlock++
    }
}
