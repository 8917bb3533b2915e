import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { CardSlot } from "../../sim/cardslot"
import { ChipEvents } from "../../sim/chipevents"
import { Bq76952Chip } from "../../sim/chips/bq76952"
import { Ds3231Chip } from "../../sim/chips/ds3231"
import { SimClock } from "../../sim/clock"
import { runEvent, type WorldEvents } from "../../sim/events"
import { type FtpServerMode, SimFtpServer } from "../../sim/net/ftpserver"
import { SimNetwork } from "../../sim/network"
import { Pack } from "../../sim/pack"
import { createCard } from "../../sim/state"
import type { Board, I2cBus, LineRunner, Wifi } from "../../src/core/seams"
import { startFirmware } from "../../src/firmware"
import { bareBoard } from "../../test/support/bareboard"
import { ChipI2cBus } from "../../test/support/chipi2cbus"
import { CollectedOutput } from "../../test/support/consoleparts"
import { ChipSpiBus } from "../../test/support/memorycard"
import { MemoryFlash } from "../../test/support/memoryflash"
import { NativeConnector } from "./nativesocket"
import type { World } from "./world"

const bootMs = 300
const joinMs = 3000

/**
 * The firmware's own classes, assembled by src/firmware.ts, in Node on the simulator's chips and
 * clock.
 */
export class NativeWorld implements World, WorldEvents {
    readonly name = "Node"
    readonly clock = new SimClock("max")
    readonly cardPath: string
    readonly serverPath: string
    resets = 0
    onLine: (line: string) => void = () => {}
    private readonly folder = mkdtempSync(join(tmpdir(), "bms-soak-"))
    private readonly network = new SimNetwork(this.clock)
    private readonly flash = new MemoryFlash()
    readonly chips: ChipEvents
    private readonly i2c: I2cBus
    private readonly slot: CardSlot
    private readonly ftp: SimFtpServer
    private inRange = true
    private joined = ""
    private poweredMs = 0
    /** Undefined while the board is off. */
    private console: { runner: LineRunner; session: unknown } | undefined
    /** Number of starts: work begun before the last one no longer runs. */
    private starts = 0

    constructor() {
        this.cardPath = join(this.folder, "card.img")
        this.serverPath = join(this.folder, "ftp")
        mkdirSync(this.serverPath)
        createCard(this.cardPath)
        this.slot = new CardSlot(this.cardPath)
        const nowMs = () => this.clock.nowMs()
        const pack = new Pack()
        const monitor = new Bq76952Chip(pack, { nowMs })
        const epochSeconds = Date.UTC(2027, 0, 1) / 1000
        const host = this.network.hosts.host("ftp.sim")
        const ftp = { root: this.serverPath, epochMs: epochSeconds * 1000 }
        this.ftp = new SimFtpServer(this.clock, host, ftp)
        const clockChip = new Ds3231Chip({
            nowSeconds: () => epochSeconds + nowMs() / 1000,
            startSeconds: epochSeconds,
        })
        this.i2c = new ChipI2cBus([monitor, clockChip]) as unknown as I2cBus
        this.chips = new ChipEvents(pack, monitor, clockChip)
    }

    async start(): Promise<void> {
        await this.boot()
    }

    async execute(line: string): Promise<string> {
        while (!this.console) await this.clock.sleep(50)
        const output = new CollectedOutput()
        await this.console.runner.carryOut(this.console.session, line, output)
        return output.take()
    }

    async event(line: string): Promise<void> {
        await runEvent(line, this)
    }

    liveHeapBytes(): undefined {
        return undefined
    }

    async end(): Promise<void> {
        this.starts++
        this.network.dropAll()
        this.slot.pull()
        this.clock.stop()
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true })
    }

    cardOut(): void {
        this.slot.pull()
    }

    cardIn(): void {
        this.slot.insert()
    }

    setWifi(up: boolean): void {
        this.inRange = up
        this.network.setUp(up)
    }

    async setFtp(mode: FtpServerMode): Promise<void> {
        this.ftp.setMode(mode)
    }

    powerCut(): never {
        throw new Error("no power cuts here")
    }

    showLight(): void {}

    private async boot(): Promise<void> {
        this.poweredMs = this.clock.nowMs()
        this.slot.powerUp()
        await startFirmware(this.board(++this.starts))
    }

    /** The board of one start; after the next start its waits never end. */
    private board(start: number): Board {
        const { clock, flash, i2c } = this
        const gone = new Promise<never>(() => {})
        const alive = () => start === this.starts
        return bareBoard({
            ticks: {
                nowMs: () => Math.floor(clock.nowMs() - this.poweredMs),
                sleep: async ms => {
                    await clock.sleep(Math.max(1, Math.ceil(ms)))
                    if (!alive()) await gone
                },
            },
            spi: new ChipSpiBus(this.slot),
            i2c,
            flash,
            tcp: new NativeConnector(clock, this.network.socket),
            wifi: this.wifi(),
            shortId: "SOAK",
            version: "soak",
            log: line => this.onLine(line),
            serveConsole: runner => {
                this.console = { runner, session: runner.newSession() }
            },
            reboot: async () => {
                this.starts++
                this.resets++
                this.console = undefined
                this.network.dropAll()
                clock.setTimeout(() => {
                    clock.breathe()
                    void this.boot()
                }, bootMs)
                await gone
            },
        })
    }

    private wifi(): Wifi {
        const up = () => this.clock.nowMs() - this.poweredMs > joinMs
        const connected = () => this.joined !== "" && this.inRange && up()
        return {
            look: async () => {},
            join: async ssid => void (this.joined = ssid),
            leaveNetwork: async () => void (this.joined = ""),
            tellOpen: () => Promise.reject(new Error("no open networks here")),
            network: () => (connected() ? this.joined : ""),
            connected,
            address: async () => (connected() ? "192.0.2.17" : ""),
        }
    }
}
