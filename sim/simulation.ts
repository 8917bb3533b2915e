import { readFileSync } from "node:fs"
import { ConsoleClient } from "../console/client"
import { SimBoard } from "./board"
import { boardConsole } from "./boardconsole"
import { type CardKind, CardSlot } from "./cardslot"
import { ChipEvents } from "./chipevents"
import { Bq76952Chip } from "./chips/bq76952"
import { Ds3231Chip } from "./chips/ds3231"
import { usualSdCardTiming } from "./chips/sdcardpace"
import { SimClock, type Speed } from "./clock"
import { cpus } from "./cpu"
import type { WorldEvents } from "./events"
import { HeapGauge } from "./heap"
import { LightWatcher } from "./light"
import type { LinePrinter } from "./lineprinter"
import { type FtpServerMode, SimFtpServer } from "./net/ftpserver"
import type { NetworkOptions } from "./net/options"
import type { Options } from "./options"
import { Pack, type Scenario } from "./pack"
import { packOptions } from "./profile"
import { Chance } from "./random"
import type { StateFolder } from "./state"
import { LogCounts, type Summary } from "./summary"
import type { WifiAir } from "./wifi/air"

/** The firmware's host name for the simulation's FTP server. */
export const FTP_HOST = "ftp.sim"

const CONSOLE_PATIENCE_MS = 30_000
const INSTRUMENTS_MS = 200
/** Attempts at the end to send everything: records come in between, or Wi-Fi is not up yet. */
const LAST_SESSIONS = 4
const CLOCK_SAVE_MS = 60_000
/** Board time may lag the requested speed by this much real time before a warning. */
const BEHIND_REAL_MS = 2_000
/** Real time between two checks of that. */
const BEHIND_LOOK_MS = 10_000
/** A station that knows its network has joined by then. */
const JOIN_PATIENCE_MS = 30_000

/** The command-line options of a simulation. */
export type SimulationOptions = Pick<Options, "speed" | "scenario" | "profile"> &
    Partial<Pick<Options, "cpu" | "seed" | "dateMs" | "ftp">> & {
        /** Differences from the usual network. */
        network?: Partial<NetworkOptions>
        /** Differences of an image's card from the usual one. */
        cardKind?: (imagePath: string) => CardKind
    }

/** One run of the simulator: the board, the world around it, and its console. */
export class Simulation implements WorldEvents {
    readonly clock: SimClock
    readonly board: SimBoard
    readonly console: ConsoleClient
    private readonly counts = new LogCounts()
    private readonly heap = new HeapGauge()
    private readonly light: LightWatcher
    private readonly slot: CardSlot
    private readonly pack: Pack
    private readonly monitor: Bq76952Chip
    private readonly clockChip: Ds3231Chip
    readonly chips: ChipEvents
    private readonly epochMs: number
    private readonly speed: Speed
    private readonly chance: Chance
    /** The virtual date was given: the host's clock is not used. */
    private readonly fixedDate: boolean
    /** The simulation's own FTP server, unless another one was given. */
    private readonly ftp: SimFtpServer | undefined
    private safeMode = false

    constructor(
        options: SimulationOptions,
        private readonly state: StateFolder,
        private readonly imagePath: string,
        private readonly printer: LinePrinter,
    ) {
        this.clock = new SimClock(options.speed)
        this.speed = options.speed
        this.fixedDate = options.dateMs !== undefined
        // The clock chip kept running while the simulator did not.
        this.epochMs = options.dateMs ?? Date.now()
        const chance = new Chance(options.seed ?? 1)
        this.chance = chance
        const nowMs = () => this.clock.nowMs()
        const random = chance.stream("card delays")
        const timing = { ...usualSdCardTiming, nowMs, random }
        this.slot = new CardSlot(state.cardPath, timing, options.cardKind)
        const left = state.loadBattery()
        this.pack = new Pack({ ...packOptions(options), condition: left.pack })
        this.monitor = new Bq76952Chip(this.pack, { nowMs, condition: left.monitor })
        this.monitor.onConfigured = vcellMode =>
            this.pack.useCells(vcellMode.toString(2).replaceAll("0", "").length || 16)
        this.clockChip = new Ds3231Chip({
            nowSeconds: () => (this.epochMs + nowMs()) / 1000,
            startSeconds: state.loadClock(this.epochMs) / 1000,
        })
        this.chips = new ChipEvents(this.pack, this.monitor, this.clockChip)
        this.light = new LightWatcher(this.clock, pattern =>
            printer.log(`[${this.stamp()}] light: ${pattern}`),
        )
        this.board = new SimBoard({
            clock: this.clock,
            cpu: cpus[options.cpu ?? "esp32"],
            chance,
            network: options.network,
            state,
            imagePath,
            epochMs: this.epochMs,
            spi: this.slot,
            i2c: [this.monitor, this.clockChip],
            onLog: line => this.log(line),
            onPowerUp: () => this.powerUp(),
            onLight: on => this.light.set(on),
        })
        this.ftp = this.serveFtp(options)
        this.console = this.openConsole("console")
    }

    /** Another console on the board's bus. */
    secondConsole(): ConsoleClient {
        return this.openConsole("second console")
    }

    private openConsole(stream: string): ConsoleClient {
        const options = boardConsole(this.clock, this.epochMs, this.chance, stream)
        return new ConsoleClient(this.board.hub.bus, options)
    }

    private serveFtp({ ftp }: SimulationOptions): SimFtpServer | undefined {
        const { network } = this.board
        if (ftp) network.addHost(FTP_HOST, ftp.host, { 21: ftp.port })
        if (ftp) return undefined
        const { epochMs, state } = this
        const host = network.hosts.host(FTP_HOST)
        return new SimFtpServer(this.clock, host, { root: state.ftpPath, epochMs })
    }

    async start(): Promise<void> {
        await this.board.powerOn()
        this.repeat(INSTRUMENTS_MS, () => {
            const memory = this.board.memory()
            if (memory) this.heap.sample(memory)
        })
        this.repeat(CLOCK_SAVE_MS, () => this.saveClock())
        if (this.speed !== "max") this.repeat(BEHIND_LOOK_MS * this.speed, () => this.tellBehind())
        await this.consoleReady()
        if (this.safeMode && this.state.endedInOrder) await this.leaveSafeMode()
    }

    /** The board takes runs of less than a minute for early deaths; runs ended here were not. */
    private async leaveSafeMode(): Promise<void> {
        this.printer.line(
            "The last runs were shorter than a minute, so the board treats them as early deaths:",
        )
        this.printer.line("resetting it to leave safe mode.")
        const resets = this.board.resets
        await this.ask("reset now")
        await this.resetAfter(resets)
        await this.consoleReady()
    }

    /** Waits in board time until the console of the running board is on the bus. */
    async consoleReady(): Promise<void> {
        const endMs = this.clock.nowMs() + CONSOLE_PATIENCE_MS
        while (!((this.console.lastSeenMs() ?? -1) > this.board.poweredAtMs)) {
            if (this.clock.nowMs() >= endMs)
                throw new Error(
                    `the board's console did not come up within ${CONSOLE_PATIENCE_MS / 1000} s of board time`,
                )
            await this.clock.sleep(50)
        }
    }

    /** Waits in board time until the board has been reset more than `resets` times. */
    async resetAfter(resets: number): Promise<void> {
        const endMs = this.clock.nowMs() + CONSOLE_PATIENCE_MS
        while (this.board.resets === resets && this.clock.nowMs() < endMs)
            await this.clock.sleep(50)
    }

    /** Runs one console line and prints its output. @returns the status, 0 for success */
    async execute(line: string | Uint8Array): Promise<number> {
        await this.consoleReady()
        const { status } = await this.console.execute(line, text => this.printer.text(text))
        return status
    }

    /** Reachable heap bytes at the last sample; undefined before the first. */
    liveHeapBytes(): number | undefined {
        return this.heap.liveBytes
    }

    summary(exit: number): Summary {
        return {
            boardSeconds: Math.round(this.clock.nowMs()) / 1000,
            records: this.counts.records,
            card: this.slot.counters,
            ftp: this.counts.ftp,
            resets: this.board.resets,
            journal: { last: this.counts.lastJournalEntry },
            heap: {
                peakBytes: this.heap.peakBytes,
                freeBytesMin: this.heap.freeBytesMin,
                largestFreeMin: this.heap.largestFreeMin,
            },
            exit,
        }
    }

    /** Changes the battery's use from now on. */
    setScenario(scenario: Scenario): void {
        this.pack.scenario = scenario
    }

    /** Never resolves; rejects with the failure that stopped the board for good. */
    broken(): Promise<never> {
        return this.board.broken
    }

    /**
     * Before an ordinary end: if uploads are on, all records go to the FTP server, so that the
     * server has what the card has; else the card is synced. Records logged during the last session
     * stay for the next run, because a board that logs faster than it sends would never end.
     */
    async deliverRest(): Promise<void> {
        this.printer.line("Stopping: sending what was logged, then switching the power off.")
        try {
            const problem = await this.sendRest()
            if (problem === undefined) return
            if (problem) this.printer.line("not sent: " + problem)
            await this.ask("card eject")
        } catch (failure) {
            this.printer.line("not sent: " + (failure as Error).message)
        }
    }

    /**
     * @returns undefined if all is sent, "" if there is nothing to send, else the reason for the
     * failure
     */
    private async sendRest(): Promise<string | undefined> {
        await this.consoleReady()
        if (!/ftp\.enable +on /.test(await this.ask("show ftp.enable"))) return ""
        while (await this.joining()) await this.clock.sleep(500)
        let problem: string | undefined
        for (let sessions = 0; sessions < LAST_SESSIONS; ++sessions) {
            problem = /^error: (.*)$/m.exec(await this.ask("ftp send"))?.[1]
            if (!problem && this.counts.recordsSinceLogin === 0) return undefined
            if (problem === "no Wi-Fi") await this.clock.sleep(1000)
            else if (problem) break
        }
        return problem
    }

    private async joining(): Promise<boolean> {
        const upMs = this.clock.nowMs() - this.board.poweredAtMs
        if (!this.board.air.powered || upMs > JOIN_PATIENCE_MS) return false
        return (await this.ask("wifi")).includes("not connected")
    }

    /** Runs one console line. @returns its output */
    private async ask(line: string): Promise<string> {
        let answer = ""
        await this.console.execute(line, text => (answer += text))
        return answer
    }

    async end(): Promise<void> {
        this.board.off()
        this.saveClock(true)
        this.slot.pull()
        await this.console.close()
        await this.board.hub.close()
        this.clock.stop()
    }

    cardOut(): void {
        this.slot.pull()
    }

    cardIn(imagePath?: string): void {
        this.slot.insert(imagePath)
    }

    setWifi(up: boolean): void {
        this.air.setPower(up)
    }

    get air(): WifiAir {
        return this.board.air
    }

    async setFtp(mode: FtpServerMode): Promise<void> {
        if (!this.ftp)
            throw new Error("!ftp is for the embedded server, not for the one given with --ftp")
        this.ftp.setMode(mode)
    }

    powerCut(): void {
        this.board.powerCut()
    }

    deploy(): void {
        this.board.deploy(readFileSync(this.imagePath))
    }

    showLight(): void {
        this.printer.line("light: " + this.light.pattern)
    }

    private powerUp(): void {
        this.heap.restarted()
        this.slot.powerUp()
    }

    private tellBehind(): void {
        const behindMs = this.clock.takeBehindMs()
        if (behindMs < BEHIND_REAL_MS * Number(this.speed)) return
        this.printer.line(
            `The PC is too slow for --speed ${this.speed}: the board is behind by ` +
                `${(behindMs / 1000).toFixed(1)} s of its time. Its own timing is still right.`,
        )
    }

    private saveClock(endedInOrder = false): void {
        const { pack, monitor } = this
        this.state.saveBattery({ pack: pack.condition(), monitor: monitor.condition() })
        const hostMs = this.fixedDate ? this.epochMs + this.clock.nowMs() : Date.now()
        this.state.saveClock(this.clockChip.chipSeconds() * 1000, hostMs, endedInOrder)
    }

    private repeat(periodMs: number, work: () => void): void {
        const step = () => {
            work()
            this.clock.setTimeout(step, periodMs)
        }
        this.clock.setTimeout(step, periodMs)
    }

    // The transcript has all lines; the screen shows those of the firmware ("> …"), warnings and
    // panics.
    private log(line: string): void {
        const text = line.trimEnd()
        const firmware = /^> (.*)/s.exec(text)
        if (firmware) this.counts.take(firmware[1])
        if (firmware?.[1].startsWith("safe mode:")) this.safeMode = true
        const shown = firmware !== null || /^[!*?] |^PANIC/.test(text)
        this.printer.log(`[${this.stamp()}] ${firmware?.[1] ?? text}`, shown)
    }

    private stamp(): string {
        return (this.clock.nowMs() / 1000).toFixed(3).padStart(9)
    }
}
