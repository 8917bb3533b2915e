import { Ds3231Chip } from "../../sim/chips/ds3231"
import { Clock } from "../../src/clock/clock"
import { Ds3231 } from "../../src/clock/ds3231"
import { type I2cBus, TimeSource } from "../../src/core/seams"
import { Key } from "../../src/settings/keys"
import { Settings } from "../../src/settings/settings"
import { Scheduler } from "../../src/tasks/scheduler"
import { Supervisor } from "../../src/tasks/supervisor"
import { ChipI2cBus } from "./chipi2cbus"
import { FakeTicks } from "./faketicks"
import { MemoryFlash } from "./memoryflash"
import { contentWifiKeeper } from "./wifikeeper"
import { Turns } from "./turns"

/** Uptime of the processor when the program begins. */
const bootMs = 500
const hourMs = 3_600_000

/** Where the power goes while a reset is being made. */
export type Cut = "in the stop" | "before the count" | "after the count" | "after the cause"

/** Unix seconds of an ISO time with its offset, "2027-03-28T01:50+01:00". */
function secondsOf(iso: string): number {
    const seconds = Date.parse(iso) / 1000
    if (Number.isNaN(seconds)) throw new Error(`${iso} is no time`)
    return seconds
}

/**
 * A board that consists of clock, clock chip, settings, flash and supervisor, all real but flash and
 * chip, put together as the firmware does. It lives by the look: each jumps to the next multiple of
 * `lookMs` of its clock.
 */
export class ResetWorld {
    /** "2027-03-28 03:00 +02:00", local time when the work was stopped, of each reset that went through. */
    readonly resets: string[] = []
    readonly flash = new MemoryFlash()
    lookMs = 60_000
    /** How long the work takes to stop. */
    stopMs = 700
    /** The next reset is not survived. */
    cut: Cut | undefined
    /** The clock chip is wrong by so much more from the next reset's stop on. */
    chipStepSeconds = 0
    chip: Ds3231Chip
    clock!: Clock
    settings!: Settings
    supervisor!: Supervisor
    private ticks!: FakeTicks
    /** Seconds since the world began at which this start's ticks were 0. */
    private startedMs = 0
    private persistMs = 0
    private begun: (() => void) | undefined
    private readonly format: Intl.DateTimeFormat

    private constructor(zone: string, iso: string) {
        this.format = new Intl.DateTimeFormat("sv-SE", {
            timeZone: zone,
            year: "numeric",
            month: "2-digit",
            day: "2-digit",
            hour: "2-digit",
            minute: "2-digit",
            timeZoneName: "longOffset",
        })
        this.chip = new Ds3231Chip({
            nowSeconds: () => this.worldMs() / 1000,
            startSeconds: secondsOf(iso) - bootMs / 1000,
        })
    }

    /** A board with that zone (its name for the judge, its rule for the board) that starts at a moment. */
    static async start(zone: string, rule: string, iso: string): Promise<ResetWorld> {
        const world = new ResetWorld(zone, iso)
        await world.boot(0)
        await world.settings.apply([Key.TimeZone], [rule])
        return world
    }

    async schedule(days: string, time: string): Promise<void> {
        await this.set(Key.ResetEnable, "on")
        await this.set(Key.ResetDays, days)
        await this.set(Key.ResetTime, time)
    }

    /** As `set` at the console does. */
    async set(key: Key, text: string): Promise<void> {
        await this.settings.apply([key], [this.settings.parse(key, text)])
    }

    /** Lives on until the board's clock shows that time. */
    async until(iso: string): Promise<void> {
        const end = secondsOf(iso)
        while (this.clock.nowSeconds() < end) await this.look()
    }

    /** Lives for that long, whatever the clock shows. */
    async live(hours: number): Promise<void> {
        const endMs = this.worldMs() + hours * hourMs
        while (this.worldMs() < endMs) await this.look()
    }

    async setClock(iso: string, source: TimeSource = TimeSource.Person): Promise<void> {
        await this.clock.offer(secondsOf(iso), source)
    }

    /** The power is away for so long. */
    async losePower(seconds: number): Promise<void> {
        await this.boot(seconds * 1000)
    }

    count(): number {
        return this.settings.number(Key.ResetCount)
    }

    private worldMs(): number {
        return this.startedMs + (this.ticks ? this.ticks.nowMs() : 0)
    }

    private async boot(offMs: number): Promise<void> {
        this.startedMs = this.worldMs() + offMs
        const ticks = (this.ticks = new FakeTicks(bootMs))
        this.flash.powerUp()
        const { flash } = this
        const alarms = { set: () => {} }
        const settings = (this.settings = new Settings(flash, alarms, "AB12", new Turns()))
        const bus = new ChipI2cBus([this.chip]) as unknown as I2cBus
        const clock = (this.clock = new Clock(ticks, settings, flash, alarms, new Ds3231(bus)))
        const spawn = (work: () => Promise<void>): void => void work()
        const log = () => {}
        this.supervisor = new Supervisor({
            program: 1,
            wifiKeeper: contentWifiKeeper,
            ticks,
            clock,
            settings,
            flash,
            alarms,
            scheduler: new Scheduler(ticks, () => clock.nowMs(), spawn, log),
            spawn,
            log,
            shutdown: () => this.shutdown(),
            reboot: async () => {},
        })
        settings.onChange = key => {
            if ((key >= Key.ResetEnable && key <= Key.ResetCount) || key === Key.TimeZone)
                this.supervisor.scheduleChanged()
        }
        this.persistMs = bootMs
        await this.supervisor.start()
        await settings.load()
        await clock.start()
    }

    private async look(): Promise<void> {
        const { ticks, clock, supervisor } = this
        ticks.block(this.lookMs - (clock.nowMs() % this.lookMs))
        if (ticks.nowMs() - this.persistMs >= hourMs) {
            this.persistMs = ticks.nowMs()
            await clock.persist()
        }
        const began = new Promise<boolean>(resolve => (this.begun = () => resolve(true)))
        const atSeconds = clock.nowSeconds()
        const check = supervisor.check()
        if (!(await Promise.race([check, began]))) return
        if (this.cut === "in the stop") await ticks.advance(300)
        else await ticks.finish(check)
        const cut = this.cut
        this.cut = undefined
        if (!cut) this.resets.push(this.local(atSeconds))
        await this.boot(2000)
    }

    /** What the firmware does, and the power cut in what comes after it. */
    private async shutdown(): Promise<void> {
        this.begun!()
        await this.ticks.sleep(this.stopMs)
        this.chip.offsetSeconds += this.chipStepSeconds
        this.chipStepSeconds = 0
        await this.clock.persist()
        // Of the writes that follow, the first has the count and the time, the second the cause.
        if (this.cut) this.flash.cutPowerAt({ ...powerCuts[this.cut] })
    }

    /** By Intl, so that no code under test tells the time. */
    private local(seconds: number): string {
        const text = this.format.format(seconds * 1000).replace(/GMT$/, "GMT+00:00")
        return text.replace("GMT", "").replace("\u2212", "-")
    }
}

const powerCuts: Record<Cut, { write: number; stored: boolean }> = {
    "in the stop": { write: 1, stored: false },
    "before the count": { write: 1, stored: false },
    "after the count": { write: 1, stored: true },
    "after the cause": { write: 2, stored: true },
}
