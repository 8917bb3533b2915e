import type { Delay } from "./random"

/** The speed of the board's processor: the time per count of the instrumented runtime. */
export interface Cpu {
    name: CpuName
    nsPerCount: number
}

export type CpuName = "esp32" | "slow" | "fast"

/**
 * `esp32`: 160 MHz, flash DIO at 40 MHz, -Og, as the published runtime is built. `slow`: the same
 * with the cache evicted at each turn. `fast`: 240 MHz, flash QIO at 80 MHz, a custom build.
 */
export const cpus: Record<CpuName, Cpu> = {
    esp32: { name: "esp32", nsPerCount: 12.5 },
    slow: { name: "slow", nsPerCount: 22 },
    fast: { name: "fast", nsPerCount: 5 },
}

/** The period of the main loop; frames and the end of an SPI transfer wake it in between. */
export const tickMs = 10
/** The task watchdog ends a longer turn of the main loop. */
export const watchdogMs = 5000
/** The ESP32 cuts its log lines to this length. */
export const logLineBytes = 160
/** The serial line's 1.5 Mbaud, ten bits per byte. */
export const serialMsPerByte = 10 / 1500

/** Delays on this board outside the processor. */
export const delays = {
    /** Driver, DMA and interrupt of an SPI transfer; the main loop's turn after it is counted. */
    spi: { ms: [0.04, 0.1] },
    /** Driver and start of an I²C transfer at 400 kHz. */
    i2c: { ms: [0.18, 0.22] },
    /** Programming a piece of a flash page. */
    flashProgram: { ms: [0.1, 0.7], tail: { share: 0.01, ms: [0.7, 3] } },
    /** Erasing a flash page of 4 KiB. */
    flashErase: { ms: [40, 50], tail: { share: 0.02, ms: [50, 300] } },
    /** From the reset line's release to the runtime's first instruction. */
    boot: { ms: [280, 320] },
} satisfies Record<string, Delay>

/** A byte on the I²C bus at 400 kHz, acknowledge included. */
export const i2cMsPerByte = 0.0225
/** The driver's timeout for a chip that does not answer. */
export const i2cNoAnswerMs = 20
