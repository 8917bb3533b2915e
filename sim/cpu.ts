import type { Delay } from "./random"

/** How fast the board's processor is: what one count of the instrumented runtime takes. */
export interface Cpu {
    name: CpuName
    nsPerCount: number
}

export type CpuName = "esp32" | "slow" | "fast"

/**
 * `esp32`: 160 MHz, flash DIO at 40 MHz, -Og: what the published runtime is built with. `slow`: the
 * same with the cache evicted at each turn. `fast`: 240 MHz, flash QIO at 80 MHz, a build of one's
 * own.
 */
export const cpus: Record<CpuName, Cpu> = {
    esp32: { name: "esp32", nsPerCount: 12.5 },
    slow: { name: "slow", nsPerCount: 22 },
    fast: { name: "fast", nsPerCount: 5 },
}

/** The main loop turns this often; frames and the end of an SPI transfer wake it in between. */
export const tickMs = 10
/** A turn of the main loop that takes longer than this is ended by the task watchdog. */
export const watchdogMs = 5000
/** The ESP32's log cuts its lines there. */
export const logLineBytes = 160
/** The serial line's 1.5 Mbaud, ten bits a byte. */
export const serialMsPerByte = 10 / 1500

/** What takes time beside the processor, on this board. */
export const delays = {
    /**
     * Driver, DMA and interrupt of an SPI transfer; the turn of the main loop behind it is counted.
     */
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
/** The driver waits this long for a chip that does not answer. */
export const i2cNoAnswerMs = 20
