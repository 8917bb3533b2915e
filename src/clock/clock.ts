import { Alarm, AlarmSink } from "../core/alarm"
import { Fault, FaultCode, faultMessage } from "../core/fault"
import { Exclusive, Flash, TcpConnector, Ticks, TimeSource, WallClock } from "../core/seams"
import { fieldAt } from "../core/text"
import { offsetMinutesAt, parseTimeZone, TimeZoneRule } from "../core/timezone"
import { Key, SettingsReader } from "../settings/keys"
import { fetchTime } from "./timeserver"

/**
 * The flash key of the last known time: Unix seconds, u32; a byte behind it says that the chip has
 * not got it.
 */
const flashKey = "clock"
/**
 * 2024-01-01 and 2100-01-01: no other time is believed. The first is also where a new board starts.
 */
const earliestSeconds = 1704067200
const endSeconds = 4102444800
/** 2026-12-01, about when this version was made: a new board knows no later time. */
const releaseSeconds = 1796083200
/** Ten years of 365 days: for longer the chip's cell does not last, and no board is put away. */
const absenceSecondsMax = 315360000
/** Sources count whole seconds, so that smaller differences mean nothing. */
const toleranceSeconds = 2
/** After a day without a word from it, a source no longer outranks the lesser ones. */
const trustSeconds = 86400
/** The processor's crystal drifts some seconds a day at most. */
const driftSecondsMax = 60
/**
 * For the socket, and again for the answer: longer than the runtime takes to give up a connection.
 */
const syncTimeoutMs = 30000

function believable(epochSeconds: number): boolean {
    return epochSeconds >= earliestSeconds && epochSeconds < endSeconds
}

/** What the clock needs of a real-time clock chip. */
export interface TimeChip {
    read(): Promise<number | undefined>
    write(seconds: number): Promise<void>
}

/** The source's name as the console shows it. */
export function timeSourceName(source: TimeSource): string {
    return fieldAt("none,flash,RTC chip,time server,person", source, ",")
}

/**
 * The wall clock. It counts the ticks since its base, and a source moves the base: person, time
 * server, chip, flash, in falling order of trust. With none but flash the time is a lower bound:
 * the clock goes on from the last time it stored, and the CLOCK flag is up.
 */
export class Clock implements WallClock {
    /** What the clock runs on. */
    source = TimeSource.None
    /** When that source spoke last, by this clock. */
    sinceSeconds = earliestSeconds
    /** Why the chip could not be used the last time; "" when it could. */
    chipError = ""

    /**
     * The chip has not got the time, which is known: its own is not believed, after a start either.
     */
    private chipMissed = false

    private baseSeconds = earliestSeconds
    private baseMs: number
    private zone = ""
    private rule: TimeZoneRule = [0]

    constructor(
        private readonly ticks: Ticks,
        private readonly settings: SettingsReader,
        private readonly flash: Flash,
        private readonly alarms: AlarmSink,
        private readonly chip: TimeChip,
    ) {
        this.baseMs = ticks.nowMs()
    }

    /**
     * Takes the time from the flash, then from the chip. Throws the flash's faults, after the chip.
     */
    async start(): Promise<void> {
        try {
            const stored = await this.flash.read(flashKey)
            const seconds = stored && stored.length >= 4 ? stored.getAt(0, "u32") : 0
            if (believable(seconds)) {
                this.baseSeconds = seconds
                this.source = TimeSource.Flash
                this.chipMissed = stored.length > 4
            }
        } finally {
            await this.readChip()
            this.alarms.set(Alarm.Clock, !this.trusted(), this.chipError)
        }
    }

    /** Milliseconds since 1970. */
    nowMs(): number {
        return this.baseSeconds * 1000 + this.ticks.nowMs() - this.baseMs
    }

    nowSeconds(): number {
        return Math.floor(this.nowMs() / 1000)
    }

    trusted(): boolean {
        return this.source >= TimeSource.Chip
    }

    offsetMinutes(epochSeconds: number): number {
        const zone = this.settings.text(Key.TimeZone)
        if (zone !== this.zone) {
            this.rule = parseTimeZone(zone) || [0]
            this.zone = zone
        }
        return offsetMinutesAt(this.rule, epochSeconds)
    }

    /**
     * Moves the clock to this time, unless it runs on a better source that spoke within a day. What
     * a server or a person says also goes to the chip and to the flash. Times outside 2024–2099 are
     * nobody's: a person gets a Fault BadValue, other sources are ignored, also when they are ten
     * years ahead of what is known.
     */
    async offer(epochSeconds: number, source: TimeSource): Promise<void> {
        const before = this.nowSeconds()
        const plausible = source === TimeSource.Person || !this.tooFarAhead(epochSeconds)
        if (!plausible || !believable(epochSeconds)) {
            if (source < TimeSource.Person) return
            throw new Fault(FaultCode.BadValue, "the clock takes only 2024-01-01 to 2099-12-31")
        }
        if (source < this.source && before - this.sinceSeconds < trustSeconds) return
        const jumped = Math.abs(epochSeconds - before) >= toleranceSeconds
        if (jumped) {
            this.baseSeconds = epochSeconds
            this.baseMs = this.ticks.nowMs()
        }
        this.source = source
        this.sinceSeconds = this.nowSeconds()
        this.alarms.set(Alarm.Clock, !this.trusted())
        if (source < TimeSource.Http) return
        const missed = this.chipMissed
        await this.writeChip()
        if (jumped || missed !== this.chipMissed) await this.store()
    }

    /** Once a minute: a chip that was away when the time was set, or has lost it, gets it. */
    async catchUp(): Promise<void> {
        // A time that is a lower bound would be trusted after the next start.
        if (!this.chipMissed || !this.trusted()) return
        await this.writeChip()
        if (!this.chipMissed) await this.store()
    }

    /**
     * Once an hour and before a reset: follows the chip, which keeps better time than the
     * processor, and stores the time in flash.
     */
    async persist(): Promise<void> {
        await this.readChip()
        await this.store()
    }

    /**
     * Asks time.server, with the socket to itself. @returns false when none is set. Throws Fault
     * TimeServerNoDate and the socket's faults.
     */
    async sync(tcp: TcpConnector, lock: Exclusive): Promise<boolean> {
        const server = this.settings.text(Key.TimeServer)
        if (server === "") return false
        const ticks = this.ticks
        const seconds = await lock.run("clock", syncTimeoutMs, async () => {
            return await fetchTime(tcp, ticks, server, syncTimeoutMs)
        })
        await this.offer(seconds, TimeSource.Http)
        return true
    }

    private tooFarAhead(epochSeconds: number): boolean {
        return epochSeconds - Math.max(this.nowSeconds(), releaseSeconds) > absenceSecondsMax
    }

    /** Sets the chip, and reads it back: the bus has no checksum. */
    private async writeChip(): Promise<void> {
        this.chipMissed = true
        try {
            await this.chip.write(this.nowSeconds())
            const error = (await this.chip.read()) - this.nowSeconds()
            this.chipMissed = !(Math.abs(error) < toleranceSeconds)
            this.chipError = this.chipMissed ? "the clock chip did not take the time" : ""
        } catch (thrown) {
            this.chipError = faultMessage(thrown)
        }
    }

    private async readChip(): Promise<void> {
        if (this.chipMissed) {
            if (!this.trusted())
                this.chipError = "the clock chip missed the time that was set: set the clock"
            return
        }
        try {
            const seconds = await this.chip.read()
            // The bus has no checksum: what it garbled once is not there the second time.
            const again = await this.chip.read()
            // It was given every time that went to flash: behind it, it has lost count. Far ahead
            // of what has counted by itself, too.
            if (
                !believable(seconds) ||
                Math.abs(again - seconds) >= toleranceSeconds ||
                this.tooFarAhead(seconds) ||
                seconds < this.nowSeconds() - driftSecondsMax ||
                (this.trusted() && seconds > this.nowSeconds() + driftSecondsMax)
            ) {
                this.chipError = "the clock chip has lost the time: set the clock"
                this.chipMissed = this.trusted()
            } else {
                await this.offer(seconds, TimeSource.Chip)
                this.chipError = ""
            }
        } catch (thrown) {
            this.chipError = faultMessage(thrown)
        }
    }

    private async store(): Promise<void> {
        const value = Buffer.alloc(this.chipMissed ? 5 : 4)
        value.setAt(0, "u32", this.nowSeconds())
        await this.flash.write(flashKey, value)
    }
}
