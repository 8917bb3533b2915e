import { Bq76952Chip } from "../../sim/chips/bq76952"
import { Ds3231Chip } from "../../sim/chips/ds3231"
import { SdCardChip } from "../../sim/chips/sdcard"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { Pack } from "../../sim/pack"
import { Session } from "../../src/console/session"
import type { Shell } from "../../src/console/shell"
import type { Board, I2cBus, Wifi } from "../../src/core/seams"
import { startFirmware } from "../../src/firmware"
import { Key } from "../../src/settings/keys"
import type { Settings } from "../../src/settings/settings"
import { ChipI2cBus } from "./chipi2cbus"
import { CollectedOutput } from "./consoleparts"
import { FakeTicks } from "./faketicks"
import { ChipSpiBus } from "./memorycard"
import { MemoryFlash } from "./memoryflash"
import { MemoryServers } from "./memoryservers"
import { NodeHashing } from "./nodehashing"

/** 2026-11-22 12:00:00 UTC. */
const startSeconds = 1_795_348_800
const bootMs = 500

/**
 * The whole firmware on emulated chips, with flash and card in memory, a network that is there, and a console.
 * Time passes only while a line runs, and when the test says so.
 */
export class WholeConsole {
    readonly ticks = new FakeTicks(bootMs)
    readonly session = new Session()
    readonly chip: SdCardChip
    readonly pack = new Pack({ startHour: 12 })
    /** What the firmware logged. */
    readonly log: string[] = []
    /** What a fiber threw, which would have ended the program. */
    readonly crashes: unknown[] = []
    /** The firmware has called for a restart of the processor: build another one. */
    rebooted = false
    private shell!: Shell

    constructor(
        store: MemoryStore,
        readonly flash = new MemoryFlash(),
    ) {
        this.chip = new SdCardChip(store)
    }

    async start(): Promise<this> {
        await this.ticks.finish(startFirmware(this.board()))
        return this
    }

    get settings(): Settings {
        return this.shell["parts"].settings
    }

    /** Lets the board live on. */
    async live(seconds: number): Promise<void> {
        await this.ticks.advance(seconds * 1000)
    }

    /** Runs a line, while all else goes on; how it ended and what it printed. */
    async run(line: string, session = this.session) {
        const output = new CollectedOutput()
        const done = await this.ticks.finish(this.shell.carryOut(session, line, output))
        return { done, text: output.take(), largestWrite: output.largestWrite }
    }

    private board(): Board {
        const { ticks, flash } = this
        return {
            ticks,
            spi: new ChipSpiBus(this.chip),
            i2c: this.i2c(),
            flash,
            tcp: new MemoryServers(ticks, () => startSeconds * 1000 + ticks.nowMs()),
            wifi: this.wifi(),
            light: { set: async () => {} },
            hashing: new NodeHashing(),
            shortId: "AB12",
            version: "0.1.0",
            program: 1,
            spawn: work => void work().catch(thrown => this.crashes.push(thrown)),
            log: line => void this.log.push(line),
            serveConsole: runner => void (this.shell = runner as Shell),
            reboot: () => this.restart(),
        }
    }

    private i2c(): I2cBus {
        const nowMs = () => this.ticks.nowMs()
        const monitor = new Bq76952Chip(this.pack, { nowMs })
        // A pack with as many cells as are set.
        monitor.onConfigured = mode =>
            this.pack.useCells(mode.toString(2).replaceAll("0", "").length || 16)
        const clock = new Ds3231Chip({ nowSeconds: () => nowMs() / 1000, startSeconds })
        return new ChipI2cBus([monitor, clock]) as unknown as I2cBus
    }

    /** A station that is in the network of the settings, whichever that is. */
    private wifi(): Wifi {
        return {
            look: async () => {},
            join: async () => {},
            leaveNetwork: async () => {},
            tellOpen: () => this.restart(),
            network: () => this.settings.text(Key.WifiSsid),
            connected: () => true,
            address: async () => "192.0.2.17",
        }
    }

    private restart(): Promise<void> {
        this.rebooted = true
        return new Promise<void>(() => undefined)
    }
}
