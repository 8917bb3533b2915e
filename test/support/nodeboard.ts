import { Bq76952Chip } from "../../sim/chips/bq76952"
import { Ds3231Chip } from "../../sim/chips/ds3231"
import { SdCardChip } from "../../sim/chips/sdcard"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { Pack } from "../../sim/pack"
import type { Parts } from "../../src/console/parts"
import type { Session } from "../../src/console/session"
import type { Shell } from "../../src/console/shell"
import type { Alarm } from "../../src/core/alarm"
import type { Board, I2cBus, SpiBus, TcpConnector, Wifi } from "../../src/core/seams"
import { startFirmware } from "../../src/firmware"
import { Key } from "../../src/settings/keys"
import { bareBoard } from "./bareboard"
import { CardSocket } from "./cardsocket"
import { textOn } from "./cardstore"
import { ChipI2cBus } from "./chipi2cbus"
import { CollectedOutput } from "./consoleparts"
import { FakeTicks } from "./faketicks"
import { ChipSpiBus } from "./memorycard"
import { MemoryFlash } from "./memoryflash"
import { MemoryServers } from "./memoryservers"
import { SlowSpiBus } from "./slowspibus"

/** The processor's uptime when the program starts. */
const bootMs = 500

export interface NodeBoardOptions {
    /**
     * The clock chip's time at the first power-on, half a second before the program starts; without
     * it the chip was never set.
     */
    start?: string
    flash?: MemoryFlash
    /** The card in the socket; without it the socket is empty. */
    card?: MemoryStore
    /** Measured by a battery monitor; without it there is no monitor. */
    pack?: Pack
    /** Time of a card transfer besides its bits; without it transfers take no time. */
    transferMs?: number
    /** Connected to the network of its settings, whichever that is, with example.org online. */
    network?: boolean
    /** Connected to a network of the test, whose hosts are reached through this. */
    tcp?: OutsideTcp
    /** Board time passes no faster than real time, for servers that need it. */
    realTime?: boolean
}

/** A way to hosts outside board time. */
export interface OutsideTcp extends TcpConnector {
    /** What the board is waiting for; board time stands still until then. */
    waiting?: () => Promise<void> | undefined
}

/**
 * The whole firmware in Node on emulated chips, as `startFirmware` builds it, over any number of
 * starts. Time passes only while a line runs, or when the test lets it.
 */
export class NodeBoard {
    readonly flash: MemoryFlash
    readonly socket = new CardSocket()
    readonly pack: Pack | undefined
    readonly clockChip: Ds3231Chip
    ticks = new FakeTicks()
    /** The last inserted card. */
    card: MemoryStore | undefined
    /** A changed number is another program, deployed before the next start. */
    program = 1
    /** Its log since the first start. */
    readonly lines: string[] = []
    /** The firmware's own parts since the last start. */
    parts!: Parts
    /** A console session, new at each start. */
    session!: Session
    /** Makes calls of the status light hang for ever. */
    lightHangs = false
    /** The open networks told to the runtime; each ended the program. */
    readonly toldOpen: string[] = []
    /** The servers in its network since the last start; undefined without a network. */
    servers: MemoryServers | undefined
    /** It has requested a restart of the processor and waits for it. */
    rebooted = false
    /** An error thrown by a fiber ends the program, and so the test. */
    onCrash = (thrown: unknown): void => {
        throw thrown
    }
    /** It is in its network. */
    online: boolean
    private readonly i2c: I2cBus
    private shell!: Shell
    private readonly startMs: number
    private worldMs = 0

    constructor(private readonly options: NodeBoardOptions) {
        const { start, flash, card, pack } = options
        this.pack = pack
        const nowMs = () => this.nowMs()
        this.startMs = start === undefined ? 0 : Date.parse(start)
        this.flash = flash ?? new MemoryFlash()
        this.online = options.network ?? options.tcp !== undefined
        if (card) this.insert(card)
        const nowSeconds = () => nowMs() / 1000
        const startSeconds = start === undefined ? undefined : this.startMs / 1000
        this.clockChip = new Ds3231Chip({ nowSeconds, startSeconds })
        const monitor = pack && new Bq76952Chip(pack, { nowMs })
        // The pack has as many cells as the settings say.
        if (monitor)
            monitor.onConfigured = mode =>
                pack.useCells(mode.toString(2).replaceAll("0", "").length || 16)
        const chips = monitor ? [monitor, this.clockChip] : [this.clockChip]
        this.i2c = new ChipI2cBus(chips) as unknown as I2cBus
    }

    insert(card: MemoryStore): void {
        this.card = card
        this.socket.insert(new SdCardChip(card))
    }

    /** Ms since the first start, over all starts. */
    nowMs(): number {
        return this.worldMs + this.ticks.nowMs()
    }

    /**
     * Turns the power on; the previous run is gone.
     * @param uptimeMs above 5 s only the program restarts
     */
    async start(uptimeMs = bootMs): Promise<this> {
        const started = this.begin(uptimeMs)
        await this.ticks.finish(started)
        return this
    }

    /** Like start(), without waiting until everything runs. */
    begin(uptimeMs = bootMs): Promise<void> {
        this.worldMs = this.nowMs()
        const { tcp, realTime } = this.options
        this.ticks = new FakeTicks(uptimeMs, tcp?.waiting, realTime)
        this.rebooted = false
        this.socket.card?.powerUp()
        this.socket.transfers = 0
        return startFirmware(this.board())
    }

    /** Whether a part reports this error; the flag itself takes three seconds. */
    reports(alarm: Alarm): boolean {
        return ((this.parts.alarms["reported"] >> alarm) & 1) === 1
    }

    /** Lets the board run for this long, over resets. @returns the number of resets */
    async live(seconds: number): Promise<number> {
        let resets = 0
        for (let leftMs = seconds * 1000; leftMs > 0; leftMs -= 1000) {
            await this.ticks.advance(Math.min(leftMs, 1000))
            if (!this.rebooted) continue
            ++resets
            await this.start()
        }
        return resets
    }

    /** Runs a line while everything else continues. @returns how it ended and its output */
    async run(line: string, session = this.session) {
        const output = new CollectedOutput()
        const done = await this.ticks.finish(this.shell.carryOut(session, line, output))
        return { done, text: output.take(), largestWrite: output.largestWrite }
    }

    /** The answer to a line. */
    async console(line: string): Promise<string> {
        return (await this.run(line)).text
    }

    /** A file on the card as another reader finds it. */
    async cardFile(path: string): Promise<string> {
        const text = await textOn(this.card!, path)
        if (text === undefined) throw new Error(`there is no ${path} on the card`)
        return text
    }

    private board(): Board {
        const { ticks, i2c, flash, program } = this
        const reboot = async () => {
            this.rebooted = true
            await new Promise(() => undefined)
        }
        return bareBoard({
            ticks,
            i2c,
            flash,
            program,
            spi: this.spi(),
            tcp: this.tcp(),
            wifi: this.wifi(reboot),
            light: {
                set: () => (this.lightHangs ? new Promise(() => undefined) : Promise.resolve()),
            },
            spawn: work =>
                void Promise.resolve()
                    .then(work)
                    .catch(thrown => this.onCrash(thrown)),
            log: line => {
                if (this.ticks === ticks) this.lines.push(line)
            },
            serveConsole: runner => {
                this.shell = runner as Shell
                this.parts = this.shell["parts"]
                this.session = this.shell.newSession()
            },
            reboot,
        })
    }

    private spi(): SpiBus {
        const { transferMs } = this.options
        if (transferMs === undefined) return new ChipSpiBus(this.socket)
        return new SlowSpiBus(this.socket, this.ticks, transferMs)
    }

    private tcp(): TcpConnector {
        this.servers = undefined
        if (this.options.tcp) return this.options.tcp
        if (this.online)
            this.servers = new MemoryServers(this.ticks, () => this.startMs + this.nowMs())
        return this.servers ?? { connect: () => Promise.reject(new Error("no network")) }
    }

    private wifi(reboot: () => Promise<void>): Wifi {
        return {
            look: async () => {},
            join: async () => {},
            leaveNetwork: async () => {},
            // Ends the program, as on the ESP32.
            tellOpen: async ssid => {
                this.toldOpen.push(ssid)
                await reboot()
            },
            network: () => (this.online ? this.parts.settings.text(Key.WifiSsid) : ""),
            connected: () => this.online,
            address: async () => (this.online ? "192.0.2.17" : ""),
        }
    }
}

/** A fully equipped board, started on 2026-11-22 at noon. */
export async function equippedBoard(card: MemoryStore, flash?: MemoryFlash): Promise<NodeBoard> {
    const start = "2026-11-22T11:59:59.500Z"
    const pack = new Pack({ startHour: 12 })
    return await new NodeBoard({ start, card, flash, pack, network: true }).start()
}
