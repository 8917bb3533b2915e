import { drawMs, type Delay, type Random } from "../random"
import type { SdCardOptions } from "./sdcardoptions"

/** Delays of a card in board time; the default is `usualSdCardTiming`. */
export interface SdCardTiming {
    /** Board time in ms, with fractions. */
    nowMs: () => number
    random: Random
    /** Busy after a single block, and after the end of a stream. */
    write?: Delay
    /** Busy after a block inside a stream. */
    streamBlock?: Delay
    /** From a read command to the block's token. */
    read?: Delay
    /** From one block's end to the next one's token within one command. */
    streamRead?: Delay
    /** The card's housekeeping, added to any busy time. */
    tidying?: Delay
}

/**
 * A current card as measured by others: a single block takes ten to thirty times as long as one of
 * a stream. On bad days a card does housekeeping in one write out of a hundred: `tidying: { ms: [0,
 * 0], tail: { share: 0.01, ms: [20, 250] } }`.
 */
export const usualSdCardTiming: Required<Omit<SdCardTiming, "nowMs" | "random">> = {
    write: { ms: [0.85, 1], tail: { share: 0.03, ms: [2, 5] } },
    streamBlock: { ms: [0.03, 0.08], tail: { share: 0.02, ms: [0.5, 3] } },
    read: { ms: [0.5, 1.5] },
    streamRead: { ms: [0.02, 0.1], tail: { share: 0.02, ms: [0.5, 1.5] } },
    tidying: { ms: [0, 0], tail: { share: 0.0002, ms: [20, 250] } },
}

/** The SPI clock until it is set, Hz. */
const startHz = 400_000

/**
 * Durations of a card's operations: bytes on the wire, or board time. During a transfer, time
 * advances with the bytes clocked.
 */
export class SdCardPace {
    /** The time of the byte being clocked. */
    byteMs = 0
    clockHz = startHz
    private busyBytes = 0
    private busyUntilMs = 0

    constructor(private readonly options: SdCardOptions) {}

    setClockHz(hz: number): void {
        this.clockHz = hz
    }

    beginTransfer(): void {
        // Never before the end of the previous one.
        const { timing } = this.options
        if (timing) this.byteMs = Math.max(this.byteMs, timing.nowMs())
    }

    /** Eight clocks have passed. */
    pass(): void {
        this.byteMs += 8000 / this.clockHz
    }

    /** Eight clocks have passed in which the card was busy. */
    passBusy(): void {
        if (this.busyBytes > 0) this.busyBytes--
    }

    get busy(): boolean {
        return this.options.timing ? this.byteMs < this.busyUntilMs : this.busyBytes > 0
    }

    /** Nothing is under way, except what the card does at power-up. */
    reset(): void {
        const { timing, traits } = this.options
        this.busyBytes = 0
        this.busyUntilMs = (timing?.nowMs() ?? 0) + (traits?.busyAtStartMs ?? 0)
    }

    /** A block is programmed from the next byte on. */
    program(kind: "write" | "streamBlock"): void {
        const { timing, busyBytes } = this.options
        if (!timing) this.busyBytes = busyBytes ?? 3
        else this.busyUntilMs = this.byteMs + this.draw(timing, kind) + this.draw(timing, "tidying")
    }

    /** Busy for no more than a byte. */
    settle(): void {
        this.busyBytes = 1
        this.busyUntilMs = this.byteMs + 8000 / this.clockHz
    }

    /**
     * When the block of a read starting now comes: after this many bytes, and not before that
     * moment.
     */
    readDelay(kind: "read" | "streamRead"): { bytes: number; untilMs: number } {
        const { timing, readDelayBytes } = this.options
        if (!timing) return { bytes: readDelayBytes ?? 2, untilMs: 0 }
        return { bytes: 1, untilMs: this.byteMs + this.draw(timing, kind) }
    }

    private draw(timing: SdCardTiming, kind: keyof typeof usualSdCardTiming): number {
        return drawMs(timing[kind] ?? usualSdCardTiming[kind], timing.random)
    }
}
