import { crc16 } from "../core/checksum"

const backOffMsMin = 10000
/** Enough for the longest period. */
const doublingsMax = 16
/**
 * Boards that start together spread their first sessions over a quarter of the period beyond five
 * minutes, but at most ten minutes; with a period of up to five minutes, as on the bench, they
 * start at once.
 */
const spreadMsMax = 600000
const unspreadMs = 300000

/**
 * When the next session is due: a period after the last one, sooner after a failure. All in board
 * time.
 */
export class Pacing {
    failures = 0
    failuresInRow = 0
    /** Start of the last session; undefined before the first. */
    private startedMs: number
    private endedMs: number
    /** When it is due for another reason than the period. */
    private dueMs: number = undefined
    /** Part of the back-off to wait, so that many boards do not return to a server at once. */
    private jitter = 1
    private loginRefused: boolean

    begin(nowMs: number): void {
        this.startedMs = nowMs
        this.dueMs = undefined
    }

    end(nowMs: number): void {
        this.endedMs = nowMs
    }

    /**
     * Time until the next session is due; due if 0 or less. The serial number sets the first one's
     * time.
     */
    waitMs(nowMs: number, periodMs: number, serial: string): number {
        let dueMs = this.dueMs
        if (this.failuresInRow > 0 && !this.loginRefused) {
            const backOffMs = backOffMsMin << Math.min(this.failuresInRow - 1, doublingsMax)
            dueMs = this.endedMs + Math.min(backOffMs, periodMs) * this.jitter
        } else if (dueMs === undefined)
            dueMs =
                this.startedMs === undefined
                    ? spreadMs(periodMs, serial)
                    : this.startedMs + periodMs
        return dueMs - nowMs
    }

    succeeded(): void {
        this.failuresInRow = 0
        this.loginRefused = false
    }

    /** @param loginRefused retrying more than once per period would only get the account locked */
    failed(loginRefused: boolean): void {
        this.failures++
        this.failuresInRow++
        this.jitter = 1 - Math.random() / 4
        this.loginRefused = loginRefused
    }

    /** Finding no card costs the server nothing, and is no failure. */
    foundNoCard(nowMs: number, periodMs: number): void {
        this.dueMs = nowMs + Math.min(backOffMsMin, periodMs)
    }

    /**
     * Settings have changed: anything that failed with the old ones, or was not tried yet, is tried
     * at once.
     */
    settingsChanged(hasFailed: boolean): void {
        if (hasFailed || this.startedMs === undefined) this.dueMs = 0
    }
}

function spreadMs(periodMs: number, serial: string): number {
    const bytes = Buffer.from(serial)
    const mostMs = Math.min((periodMs - unspreadMs) / 4, spreadMsMax)
    return (mostMs / 65536) * crc16(0, bytes, 0, bytes.length)
}
