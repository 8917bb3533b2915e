import { Ds3231Chip } from "../../sim/chips/ds3231"
import { SdCardChip } from "../../sim/chips/sdcard"
import type { Board, I2cBus, LineRunner } from "../../src/core/seams"
import { formatVolume } from "../../src/fat/format"
import { Volume } from "../../src/fat/volume"
import { startFirmware } from "../../src/firmware"
import { ChipI2cBus } from "./chipi2cbus"
import { CollectedOutput } from "./consoleparts"
import { DeviceBuffer } from "./devicebuffer"
import { FakeTicks } from "./faketicks"
import { blankStore, ChipSpiBus, MemoryBlockDevice } from "./memorycard"
import { MemoryFlash } from "./memoryflash"
import { NodeHashing } from "./nodehashing"

/**
 * The whole firmware in this process, with its methods bound as on the device, on a board that has a card, a clock
 * chip, flash in memory, and neither battery monitor nor network. Its console is `console`.
 */
export class NodeFirmware {
    readonly flash = new MemoryFlash()
    readonly store = blankStore(64)
    ticks = new FakeTicks()
    /** Another number is another program, deployed before the next start. */
    program = 1
    /** How often the card was spoken to since the last start. */
    cardSelects = 0
    /** What the board has logged since its first start. */
    readonly lines: string[] = []
    /** Where the program's service would be: set at each start. */
    shell: LineRunner | undefined
    /** Of work that is to hang for ever: a call of the status light does. */
    lightHangs = false
    /** The open networks that the runtime was told, each of which ended the program. */
    readonly toldOpen: string[] = []
    private readonly chip: Ds3231Chip
    private worldMs = 0
    private rebooted = false
    private session: unknown

    constructor(start: string) {
        const nowSeconds = () => (this.worldMs + this.ticks.nowMs()) / 1000
        this.chip = new Ds3231Chip({ nowSeconds, startSeconds: Date.parse(start) / 1000 })
    }

    async format(): Promise<void> {
        await formatVolume(new MemoryBlockDevice(this.store), "BMSMINI")
    }

    /** The power comes; what ran before is gone. @param uptimeMs more than 5 s: the program alone starts again */
    async start(uptimeMs = 500): Promise<void> {
        const started = this.begin(uptimeMs)
        await this.ticks.finish(started)
    }

    /** The same without waiting until everything runs. */
    begin(uptimeMs = 500): Promise<void> {
        this.worldMs += this.ticks.nowMs()
        const ticks = (this.ticks = new FakeTicks(uptimeMs))
        this.rebooted = false
        this.cardSelects = 0
        const spi = new ChipSpiBus(new SdCardChip(this.store, {}))
        const select = spi.select.bind(spi)
        spi.select = async on => {
            this.cardSelects++
            await select(on)
        }
        const i2c = new ChipI2cBus([this.chip]) as unknown as I2cBus
        const current = () => this.ticks === ticks
        const board: Board = {
            ticks,
            spi,
            i2c,
            flash: this.flash,
            tcp: { connect: () => Promise.reject(new Error("no network")) },
            wifi: {
                look: async () => {},
                join: async () => {},
                leaveNetwork: async () => {},
                // As on the ESP32: that is the end.
                tellOpen: async ssid => {
                    this.toldOpen.push(ssid)
                    this.rebooted = true
                    await new Promise(() => undefined)
                },
                network: () => "",
                connected: () => false,
                address: async () => "",
            },
            light: {
                set: () => (this.lightHangs ? new Promise(() => undefined) : Promise.resolve()),
            },
            hashing: new NodeHashing(),
            shortId: "AB12",
            version: "0.0.0",
            program: this.program,
            spawn: work => void work(),
            log: line => {
                if (current()) this.lines.push(line)
            },
            serveConsole: runner => {
                this.shell = runner
                this.session = runner.newSession()
            },
            reboot: async () => {
                this.rebooted = true
                await new Promise(() => undefined)
            },
        }
        return startFirmware(board)
    }

    /** Lets the board live for that long, over resets. @returns the resets' number */
    async live(seconds: number): Promise<number> {
        let resets = 0
        for (let i = 0; i < seconds; ++i) {
            await this.ticks.advance(1000)
            if (!this.rebooted) continue
            ++resets
            await this.start()
        }
        return resets
    }

    /** The answer to a console line. */
    async console(line: string): Promise<string> {
        const output = new CollectedOutput()
        await this.ticks.finish(this.shell!.carryOut(this.session, line, output))
        return output.take()
    }

    /** A file on the card as another reader finds it. */
    async cardFile(path: string): Promise<string> {
        const volume = await Volume.mount(new MemoryBlockDevice(this.store), this.ticks)
        const file = (await volume.open(path))!
        const bytes = DeviceBuffer.alloc(file.byteCount())
        await file.read(0, bytes as unknown as Buffer, bytes.length)
        return bytes.toString()
    }
}
