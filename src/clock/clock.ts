import { Alarm, AlarmSink } from "../core/alarm"
import { Fault, FaultCode, faultMessage } from "../core/fault"
import { Exclusive, Flash, TcpConnector, Ticks, TimeSource, WallClock } from "../core/seams"
import { fieldAt } from "../core/text"
import { offsetMinutesAt, parseTimeZone, TimeZoneRule } from "../core/timezone"
import { Key, SettingsReader } from "../settings/keys"
import { fetchTime } from "./timeserver"

/**
 * Flash key of the last known time: Unix seconds, u32; an extra byte means that the chip does not
 * have it.
 */
const flashKey = "clock"
/** 2024-01-01 and 2100-01-01: times outside are not believed. A new board starts at the first. */
const earliestSeconds = 1704067200
const endSeconds = 4102444800
/** 2026-12-01, about when this version was made: a new board knows no later time. */
const releaseSeconds = 1796083200
/**
 * Ten years of 365 days: the chip's cell does not last longer, and no board is stored for longer.
 */
const absenceSecondsMax = 315360000
/** Sources count whole seconds, so smaller differences mean nothing. */
const toleranceSeconds = 2
/** A source that has been silent for a day no longer outranks lesser ones. */
const trustSeconds = 86400
/** The processor's crystal drifts some seconds a day at most. */
const driftSecondsMax = 60
/**
 * For the socket, and again for the answer: longer than the runtime needs to give up a connection.
 */
const syncTimeoutMs = 30000

function believable(epochSeconds: number): boolean {
    return epochSeconds >= earliestSeconds && epochSeconds < endSeconds
}

/** The clock's view of a real-time clock chip. */
export interface TimeChip {
    read(): Promise<number | undefined>
    write(seconds: number): Promise<void>
}

/** The source's name for the console. */
export function timeSourceName(source: TimeSource): string {
    return fieldAt("none,flash,RTC chip,time server,person", source, ",")
}

/**
 * The wall clock. It counts ticks from its base, which sources move: person, time server, chip,
 * flash, in falling order of trust. With flash only, the time is a lower bound: the clock continues
 * from the last stored time, and the CLOCK flag is up.
 */
export class Clock implements WallClock {
    /** The source that the clock runs on. */
    source = TimeSource.None
    /** When that source last spoke, by this clock. */
    sinceSeconds = earliestSeconds
    /** Why the chip was unusable last time; "" if it was usable. */
    chipError = ""

    /**
     * The time is known, but the chip does not have it: the chip's own time is not believed, not
     * after a start either.
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
     * Takes the time from flash, then from the chip. Throws the flash's faults, after reading the
     * chip.
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
     * Moves the clock to this time, unless it runs on a better source that spoke within a day. The
     * time of a server or person also goes to the chip and to flash. Times outside 2024–2099 are
     * refused: a person gets a Fault BadValue, other sources are ignored, as they also are if more
     * than ten years ahead of the known time.
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

    /**
     * Call it once a minute: sets a chip that was absent when the time was set, or that lost it.
     */
    async catchUp(): Promise<void> {
        // The next start would trust a lower bound from the chip.
        if (!this.chipMissed || !this.trusted()) return
        await this.writeChip()
        if (!this.chipMissed) await this.store()
    }

    /**
     * Call it once an hour and before a reset: follows the chip, which keeps better time than the
     * processor, and stores the time in flash.
     */
    async persist(): Promise<void> {
        await this.readChip()
        await this.store()
    }

    /**
     * Queries time.server while holding the socket.
     * @returns false if none is set. Throws Fault TimeServerNoDate and the socket's faults.
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

    /** Sets the chip and reads it back: the bus has no checksum. */
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
            // The bus has no checksum: a garbled value does not repeat.
            const again = await this.chip.read()
            // The chip got every time that went to flash: if its time is before that, it lost
            // count. The same holds if it is far ahead of a trusted clock.
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
