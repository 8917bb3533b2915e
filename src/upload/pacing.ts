import { crc16 } from "../core/checksum"

const backOffMsMin = 10000
/** As many as the longest period needs. */
const doublingsMax = 16
/**
 * Boards that start together come to the server within ten minutes and a quarter of the period;
 * with a period of five minutes or less, as on the bench, at once.
 */
const spreadMsMax = 600000
const unspreadMs = 300000

/**
 * When the next session is due: a period behind the last one, sooner behind a failure. All in board
 * time.
 */
export class Pacing {
    failures = 0
    failuresInRow = 0
    /** The moment of the last session's start; undefined up to the first. */
    private startedMs: number
    private endedMs: number
    /** When it is due by something else than the period. */
    private dueMs: number = undefined
    /**
     * Part of the back-off that is waited, so that many boards do not come back to a server at
     * once.
     */
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
     * So long until the next session is due; 0 or less: it is. The first one's moment is by the
     * serial number.
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

    /** @param loginRefused trying more often than each period would only have the account locked */
    failed(loginRefused: boolean): void {
        this.failures++
        this.failuresInRow++
        this.jitter = 1 - Math.random() / 4
        this.loginRefused = loginRefused
    }

    /** A look at a slot without a card costs the server nothing, and is no failure. */
    foundNoCard(nowMs: number, periodMs: number): void {
        this.dueMs = nowMs + Math.min(backOffMsMin, periodMs)
    }

    /**
     * Settings have changed: what failed with the old ones, or was not tried yet, is tried at once.
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
