import { Alarm, AlarmSink } from "../core/alarm"
import { secondsPerDay } from "../core/calendar"
import { faultMessage } from "../core/fault"
import { Flash, Ticks, WallClock } from "../core/seams"
import { fieldAt } from "../core/text"
import { Key } from "../settings/keys"
import { Settings } from "../settings/settings"
import { Scheduler, Spawn } from "./scheduler"
import { WifiKeeper } from "./wifikeeper"

/** Flash key: the cause of the next start, the weight of consecutive early deaths, the program. */
const flashKey = "boot"
const programAt = 2
const lookMs = 2000
/** A start that lives this long has succeeded. */
const earlyMs = 60000
/**
 * The weight of consecutive early deaths that leads to safe mode: five panics. One that looks like
 * a power failure weighs only 1, since that is not the program's fault; but an abort of the runtime
 * looks the same, so twenty of them count too.
 */
const deathsMax = 20
const panicWeight = 4
/** Safe mode ends this long after the start. */
const safeModeMs = 600000
/**
 * A program that starts this long after the processor did was restarted by the runtime after a
 * panic.
 */
const panicRestartMs = 4500
const stuckGraceMs = 60000
/** How long TASK_STUCK stays up after the reset that it caused. */
const stuckShownMs = 600000
const shutdownMsMax = 30000
/** 45 days: at 49.7 the runtime's timers stop. */
const uptimeMsMax = 3888000000
/** No scheduled reset this soon after a start. */
const hourMs = 3600000
/** A last reset further ahead than this was dated by a wrong clock. */
const daysAheadMax = 31

/** Why the board started. */
export const enum StartCause {
    PowerOn = 0,
    Scheduled = 1,
    Supervisor = 2,
    Uptime = 3,
    Console = 4,
    Panic = 5,
    Deployed = 6,
    SafeModeEnd = 7,
    Network = 8,
}

export function startCauseName(cause: StartCause): string {
    return fieldAt(
        "power-on,scheduled,supervisor,uptime,console,panic,deployed,end of safe mode,network",
        cause,
        ",",
    )
}

/**
 * True if today's scheduled reset is due: today is one of `days`, its time of day has passed while
 * the board was running with this schedule, and none was made today. All in local seconds, by the
 * present clock and zone.
 * @param days bit 0 is Monday
 * @param timeMinutes time of day, minutes since midnight
 * @param lastSeconds of the last reset; in 1970 for never
 * @param sinceSeconds when the board began to run with this schedule
 */
export function resetIsDue(
    days: number,
    timeMinutes: number,
    nowSeconds: number,
    lastSeconds: number,
    sinceSeconds: number,
): boolean {
    const today = Math.floor(nowSeconds / secondsPerDay)
    // 1970-01-01 was a Thursday.
    if (((days >> ((today + 3) % 7)) & 1) === 0) return false
    const momentSeconds = today * secondsPerDay + timeMinutes * 60
    if (nowSeconds < momentSeconds || sinceSeconds >= momentSeconds) return false
    const daysAhead = Math.floor(lastSeconds / secondsPerDay) - today
    return daysAhead < 0 || daysAhead > daysAheadMax
}

/** What the supervisor watches and acts with. */
export interface SupervisorParts {
    /** A number that differs from program to program. */
    program: number
    ticks: Ticks
    clock: WallClock
    settings: Settings
    flash: Flash
    alarms: AlarmSink
    scheduler: Scheduler
    wifiKeeper: Pick<WifiKeeper, "restartFor" | "beforeReboot">
    spawn: Spawn
    log: (line: string) => void
    /** Ends all work in an orderly way: records, upload, card. */
    shutdown: () => Promise<void>
    reboot: () => Promise<void>
}

/** Resets the board: on schedule, if a task is stuck, before its timers run out, on request. */
export class Supervisor {
    /** The cause of this start. */
    cause = StartCause.PowerOn
    /** Too many starts died early: console, settings and journal only. */
    safeMode = false
    private readonly startMs: number
    private scheduleMs: number
    /** When this start is recorded as successful, in ms since the start. */
    private succeedMs = earlyMs
    private resetting: boolean
    private stopped: boolean

    constructor(private readonly parts: SupervisorParts) {
        this.startMs = parts.ticks.nowMs()
        this.scheduleMs = this.startMs
    }

    /**
     * Reads the cause of this start and counts the start; call it before anything that could fail.
     */
    async start(): Promise<void> {
        const { flash, alarms, program } = this.parts
        if (this.startMs > panicRestartMs) this.cause = StartCause.Panic
        const stored = await flash.read(flashKey)
        let deaths = 0
        // Older firmware stored two bytes, without a program.
        if (!stored || stored.getAt(programAt, "u32") !== program) this.cause = StartCause.Deployed
        else {
            deaths = stored[1]
            if (stored[0] !== StartCause.PowerOn) this.cause = stored[0]
            // The start that died already counted as 1, if it died early.
            else if (deaths !== 0 && this.cause === StartCause.Panic) deaths += panicWeight - 1
        }
        this.safeMode = deaths >= deathsMax
        alarms.set(Alarm.TaskStuck, this.cause === StartCause.Supervisor)
        alarms.set(Alarm.SafeMode, this.safeMode)
        await this.store(StartCause.PowerOn, this.safeMode ? deathsMax : deaths + 1)
    }

    /** Call it when reset.* changes: a time that has already passed is not made up for. */
    scheduleChanged(): void {
        this.scheduleMs = this.parts.ticks.nowMs()
    }

    /** Seconds since the program started. */
    uptimeSeconds(): number {
        return Math.floor((this.parts.ticks.nowMs() - this.startMs) / 1000)
    }

    /** Watches the board for ever. */
    async run(): Promise<void> {
        const { ticks, log } = this.parts
        while (true) {
            try {
                await this.check()
            } catch (thrown) {
                log("supervisor: " + faultMessage(thrown))
            }
            await ticks.sleep(lookMs)
        }
    }

    /** One check; resets the board if there is a reason. */
    async check(): Promise<void> {
        const parts = this.parts
        const nowMs = parts.ticks.nowMs()
        const aliveMs = nowMs - this.startMs
        if (aliveMs >= stuckShownMs) parts.alarms.set(Alarm.TaskStuck, false)
        const task = parts.scheduler.overdue(stuckGraceMs)
        if (task) {
            parts.log(`supervisor: task ${task.options.name} is stuck`)
            await this.reset(StartCause.Supervisor)
        } else if (nowMs >= uptimeMsMax) await this.reset(StartCause.Uptime)
        else if (parts.wifiKeeper.restartFor) await this.reset(StartCause.Network)
        else if (this.safeMode && aliveMs >= safeModeMs) await this.reset(StartCause.SafeModeEnd)
        else if (aliveMs >= hourMs && scheduledResetDue(parts, nowMs - this.scheduleMs))
            await this.reset(StartCause.Scheduled)
        else if (aliveMs >= this.succeedMs) {
            // If the flash refuses, try again a minute later.
            this.succeedMs = aliveMs + earlyMs
            await this.store(StartCause.PowerOn, 0)
            this.succeedMs = uptimeMsMax
        }
    }

    /** Resets the board in an orderly way, within 40 s whatever hangs. */
    async reset(cause: StartCause): Promise<void> {
        if (this.resetting) return
        this.resetting = true
        const parts = this.parts
        const { ticks, settings, clock, log } = parts
        log("reset: " + startCauseName(cause))
        // Fixes the reset's day: the work may last past midnight, or correct the clock.
        const nowSeconds = clock.nowSeconds()
        const self = this
        parts.spawn(async () => {
            try {
                await parts.shutdown()
            } catch (thrown) {
                log("reset: " + faultMessage(thrown))
            }
            self.stopped = true
        })
        const endMs = ticks.nowMs() + shutdownMsMax
        while (!this.stopped && ticks.nowMs() < endMs) await ticks.sleep(50)
        try {
            if (cause === StartCause.Scheduled)
                await settings.apply(
                    [Key.ResetCount, Key.ResetLast],
                    [settings.number(Key.ResetCount) + 1, nowSeconds],
                )
            await this.store(cause, 0)
            await parts.wifiKeeper.beforeReboot()
        } catch (thrown) {
            log("reset: " + faultMessage(thrown))
        }
        await parts.reboot()
    }

    /** Stores what the next start must know. */
    private async store(cause: StartCause, deaths: number): Promise<void> {
        const value = Buffer.alloc(programAt + 4)
        value[0] = cause
        value[1] = deaths
        value.setAt(programAt, "u32", this.parts.program)
        await this.parts.flash.write(flashKey, value)
    }
}

/** @param waitedMs how long the board has been running with this schedule */
function scheduledResetDue(parts: SupervisorParts, waitedMs: number): boolean {
    const { settings, clock } = parts
    if (settings.number(Key.ResetEnable) === 0 || !clock.trusted()) return false
    if (settings.number(Key.ResetCount) >= settings.number(Key.ResetMax)) return false
    const now = clock.nowSeconds()
    const local = (seconds: number) => seconds + clock.offsetMinutes(seconds) * 60
    return resetIsDue(
        settings.number(Key.ResetDays),
        settings.number(Key.ResetTime),
        local(now),
        local(settings.number(Key.ResetLast)),
        local(now - Math.floor(waitedMs / 1000)),
    )
}
