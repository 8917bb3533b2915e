import { localText, offsetMinutesAt } from "./localtime"

/** A time window, in seconds since the start of the soak. */
export interface Window {
    from: number
    to: number
}

/** A required journal entry, made within the window. */
export interface ExpectedEntry extends Window {
    flag: string
    appears: boolean
}

export interface ExpectedRecord {
    /** The board clock's time, Unix seconds. */
    seconds: number
    /** Seconds since the start of the soak. */
    elapsed: number
}

export interface Jump {
    at: number
    bySeconds: number
}

/** Weekdays of the reset (0 is Sunday), and its time in minutes of the local day. */
export interface ResetSchedule {
    days: number[]
    minutes: number
}

const logPeriod = 60
const uploadPeriod = 3600
/**
 * The supervisor checks every 2 s and ends all work; then the board needs some seconds to start.
 */
const resetSeconds = 40
/**
 * A flag is entered 3 s after its change; tasks check every 1 or 2 s, and a restart may come in
 * between.
 */
const entrySeconds = resetSeconds + 20
/** A task that keeps failing is held back for a minute at most. */
const heldSeconds = 60
const dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

/**
 * A soak: events of the board with their times, and the required results, derived from the events
 * and the specification only, not from any run.
 */
export class Plan {
    /** Console lines and events (with `!`), by time. */
    readonly steps: { at: number; line: string }[] = []
    readonly cardOut: Window[] = []
    readonly serverDown: Window[] = []
    readonly journal: ExpectedEntry[] = []
    readonly jumps: Jump[] = []

    /**
     * @param startSeconds the clock's initial setting, Unix seconds
     * @param seconds duration of the run
     */
    constructor(
        readonly startSeconds: number,
        readonly seconds: number,
        readonly resets: ResetSchedule,
    ) {}

    /** Console lines that set the board up. */
    setUp(): string[] {
        const { days, minutes } = this.resets
        const two = (value: number) => String(value).padStart(2, "0")
        return [
            "set sd.enable off",
            "card format yes",
            "set user.serial SOAK-1",
            "set time.zone CET-1CEST,M3.5.0,M10.5.0/3",
            `set sd.period ${logPeriod}`,
            "set sd.cells on",
            "set wifi.ssid bms-simulator",
            "set wifi.password simulator",
            "set ftp.host ftp.sim",
            `set ftp.period ${uploadPeriod}`,
            "set ftp.cells on",
            `set reset.days ${days.map(day => dayNames[day]).join(",")}`,
            `set reset.time ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`,
            "set reset.enable on",
            // One wrong cell must raise only one flag.
            "set battery.imbalance 2000",
            // A charger takes the cells to 3.6 V every day.
            "set battery.cell_overvoltage 3900",
        ]
    }

    /** The first line of the soak, and those right after it. */
    begin(): string[] {
        return [`time set ${localText(this.startSeconds)}`, "set ftp.enable on", "set sd.enable on"]
    }

    /** The board clock's time then, Unix seconds. */
    wall(elapsed: number): number {
        const passed = this.jumps.filter(jump => jump.at <= elapsed)
        return this.startSeconds + elapsed + passed.reduce((sum, jump) => sum + jump.bySeconds, 0)
    }

    pullCard(at: number, seconds: number): void {
        const to = at + seconds
        this.step(at, "!card out", to, "!card in")
        this.cardOut.push({ from: at, to })
        this.expect("SD_CARD", at, to)
        // A battery record has about 95 bytes, one of 16 cells 150, and 4 KiB of them wait.
        const full = at + 15 * logPeriod
        if (seconds > 25 * logPeriod) {
            this.journal.push({ flag: "RECORDS_LOST", appears: true, from: full, to })
            const gone = { from: to, to: to + entrySeconds + 20 }
            this.journal.push({ flag: "RECORDS_LOST", appears: false, ...gone })
        }
    }

    /**
     * The server refuses connections. The flag is up after the third consecutive failure, within a
     * period and the pauses.
     */
    stopServer(at: number, seconds: number): void {
        const to = at + seconds
        this.step(at, "!ftp down", to, "!ftp up")
        this.serverDown.push({ from: at, to })
        const pauses = 10 + 20 + 60
        const tried = at + uploadPeriod + resetSeconds + pauses + entrySeconds
        this.journal.push({ flag: "FTP", appears: true, from: at, to: tried })
        const sent = to + uploadPeriod + resetSeconds + entrySeconds + 300
        this.journal.push({ flag: "FTP", appears: false, from: to, to: sent })
    }

    /** WIFI is up after 30 s without a connection. */
    stopWifi(at: number, seconds: number): void {
        this.step(at, "!wifi down", at + seconds, "!wifi up")
        this.expect("WIFI", at, at + seconds, 30)
    }

    /** A battery event that raises a flag. */
    upset(at: number, seconds: number, on: string, off: string, flag: string): void {
        this.step(at, on, at + seconds, off)
        this.expect(flag, at, at + seconds, 0, flag === "MONITOR_OFFLINE" ? heldSeconds : 0)
    }

    /** Sets the clock to another time. Must be called in order, before later steps. */
    jump(at: number, bySeconds: number): void {
        this.jumps.push({ at, bySeconds })
        this.steps.push({ at, line: `time set ${localText(this.wall(at))}` })
    }

    /** All records in order. */
    records(): ExpectedRecord[] {
        const records: ExpectedRecord[] = []
        let last = -Infinity
        let from = 0
        for (const to of [...this.jumps.map(jump => jump.at), this.seconds]) {
            const start = this.wall(from)
            // A release skipped by the clock is made up for at once, with the new time.
            const passed = Math.floor(start / logPeriod) * logPeriod
            if (from > 0 && passed > last) records.push({ seconds: passed, elapsed: from })
            const end = start + (to - from)
            for (let at = passed + logPeriod; at < end; at += logPeriod)
                records.push({ seconds: at, elapsed: from + (at - start) })
            last = records.at(-1)?.seconds ?? last
            from = to
        }
        return records
    }

    /** The number of scheduled resets: one for each scheduled day on which the time is reached. */
    resetCount(): number {
        let count = 0
        for (let at = 60; at <= this.seconds; at += 60) {
            const wall = this.wall(at)
            const local = wall + offsetMinutesAt(wall) * 60
            const day = new Date(local * 1000).getUTCDay()
            const minutes = Math.floor((local % 86400) / 60)
            if (this.resets.days.includes(day) && minutes === this.resets.minutes) count++
        }
        return count
    }

    private step(at: number, line: string, to: number, after: string): void {
        this.steps.push({ at, line }, { at: to, line: after })
        this.steps.sort((a, b) => a.at - b.at)
    }

    /** @param held maximum time until the board checks again after the cause has gone */
    private expect(flag: string, from: number, to: number, delay = 0, held = 0): void {
        const appears = { from: from + delay, to: from + delay + entrySeconds }
        this.journal.push({ flag, appears: true, ...appears })
        this.journal.push({ flag, appears: false, from: to, to: to + held + entrySeconds })
    }
}
