import { Alarm } from "../../src/core/alarm"
import { secondsFromCivil } from "../../src/core/calendar"
import { Key } from "../../src/settings/keys"
import { Settings } from "../../src/settings/settings"
import { Scheduler } from "../../src/tasks/scheduler"
import { Supervisor, type SupervisorParts } from "../../src/tasks/supervisor"
import { FakeClock } from "./fakeclock"
import { FakeTicks } from "./faketicks"
import { MemoryFlash } from "./memoryflash"
import { Turns } from "./turns"

/** Unix seconds of "2026-11-22 10:00", read as UTC. */
export function at(text: string): number {
    const p = text.split(/[- :]/).map(Number)
    return secondsFromCivil(p[0], p[1], p[2], p[3], p[4], 0)
}

/** A board's supervisor with its settings, flash, tasks and clock; resets restart it. */
export class SupervisorBoard {
    readonly flash = new MemoryFlash()
    ticks!: FakeTicks
    clock!: FakeClock
    settings!: Settings
    scheduler!: Scheduler
    supervisor!: Supervisor
    shutdown: () => Promise<void> = async () => void this.events.push("shutdown")
    reboots = 0
    readonly log: string[] = []
    /** The last value of the alarm; undefined if never set. */
    stuckFlag: boolean | undefined
    safeFlag: boolean | undefined
    program = 0xfedcba98
    /** The steps of a reset, in order. */
    events: string[] = []
    wifiKeeper: SupervisorParts["wifiKeeper"] = {
        restartFor: "",
        beforeReboot: async () => void this.events.push("tell"),
    }

    /** Starts the board at this time; `aliveMs` is the uptime when the program starts. */
    async boot(nowSeconds: number, aliveMs = 500): Promise<void> {
        const ticks = (this.ticks = new FakeTicks(aliveMs))
        const offset = this.clock?.offset ?? (() => 0)
        const clock = (this.clock = new FakeClock(ticks, nowSeconds))
        clock.offset = offset
        const alarms = {
            set: (alarm: Alarm, active: boolean) => {
                if (alarm === Alarm.TaskStuck) this.stuckFlag = active
                if (alarm === Alarm.SafeMode) this.safeFlag = active
            },
        }
        const settings = (this.settings = new Settings(this.flash, alarms, "AB12", new Turns()))
        await settings.load()
        const spawn = (work: () => Promise<void>): void => void work()
        const log = (line: string): void => void this.log.push(line)
        const wallMs = () => clock.wallMs()
        const scheduler = (this.scheduler = new Scheduler(ticks, wallMs, spawn, log))
        const { program, flash, wifiKeeper } = this
        this.supervisor = new Supervisor({
            program,
            ticks,
            clock,
            settings,
            flash,
            alarms,
            scheduler,
            wifiKeeper,
            spawn,
            log,
            shutdown: () => this.shutdown(),
            reboot: async () => {
                ++this.reboots
                this.events.push("reboot")
            },
        })
        await this.supervisor.start()
    }

    /**
     * Lets the board run with one check per minute; a reset restarts it 20 s later.
     * @returns the times of the resets
     */
    async live(minutes: number): Promise<string[]> {
        const resets: string[] = []
        for (let i = 0; i < minutes; ++i) {
            this.ticks.block(60_000)
            const { clock, reboots } = this
            const now = clock.nowSeconds()
            await this.ticks.finish(this.supervisor.check())
            if (this.reboots === reboots) continue
            const local = now + clock.offsetMinutes(now) * 60
            resets.push(new Date(local * 1000).toISOString().slice(0, 16).replace("T", " "))
            await this.boot(clock.nowSeconds() + 20)
        }
        return resets
    }

    async schedule(days: string, time: string): Promise<void> {
        const { settings } = this
        await settings.apply([Key.ResetEnable], [1])
        await settings.apply([Key.ResetDays], [settings.parse(Key.ResetDays, days)])
        await settings.apply([Key.ResetTime], [settings.parse(Key.ResetTime, time)])
        this.supervisor.scheduleChanged()
    }
}
