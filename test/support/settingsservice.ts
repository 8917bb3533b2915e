import { DeviceBuffer } from "./devicebuffer"

type Handler = (packet: unknown) => void

/**
 * What the chip's flash driver does with a write of no bytes: the port's check of its answer ends
 * the board.
 */
const abortion = "flash write of no bytes: the ESP32 aborts"

/**
 * The runtime's settings store on the ESP32's flash, as far as a program meets it: a value that
 * changed is programmed, then its entry; of a key's entries the last one counts; a deletion is a
 * value of no bytes. Source: jd_fstor.c, and flash.c of the ESP32's port.
 */
export class ChipFlash {
    readonly values = new Map<string, DeviceBuffer>()
    /** Writes that ended the board. */
    aborts = 0
    /** Writes that reached the chip. */
    writes = 0
    /**
     * The next so many questions get no answer, as while the service is not bound or the board is
     * busy.
     */
    silent = 0
    /** The next so many answers are garbled. */
    garbled = 0
    /** How long a program has waited for answers in vain, in ms. */
    waitedMs = 0

    set(key: string, value: Uint8Array): void {
        const before = this.values.get(key)
        if (before && before.toString("hex") === DeviceBuffer.from(value).toString("hex")) return
        if (value.length === 0) {
            ++this.aborts
            throw new Error(abortion)
        }
        ++this.writes
        this.values.set(key, DeviceBuffer.from(value))
    }
}

// A program finds the service by itself, so that the chip is set down here.
let chip = new ChipFlash()

/** The chip that services made from now on are on. */
export function useChip(next: ChipFlash): void {
    chip = next
}

class Emitter {
    emit(): void {
        // Whoever waits finds the answer before it waits: it comes at once here.
    }
}

/** The client of the runtime's settings service. */
class SettingsService {
    private readonly chip = chip
    private handler: Handler = () => undefined

    report(): unknown {
        return { subscribe: (handler: Handler) => void (this.handler = handler) }
    }

    async get(key: string): Promise<void> {
        if (this.chip.silent > 0) {
            --this.chip.silent
            return
        }
        const value = this.chip.values.get(key) ?? DeviceBuffer.alloc(0)
        const garbled = this.chip.garbled-- > 0
        const decode = () => (garbled ? undefined : [key, DeviceBuffer.from(value)])
        this.handler({ serviceCommand: 0x80, decode })
    }

    async set(key: string, value: Uint8Array): Promise<void> {
        this.chip.set(key, value)
    }

    async delete(key: string): Promise<void> {
        this.chip.set(key, new Uint8Array())
    }
}

/** What stands for @devicescript/core. */
export const natives = {
    Settings: SettingsService,
    emitter: () => new Emitter(),
    wait: async (_: Emitter, ms: number) => void (chip.waitedMs += ms),
    sleep: async () => undefined,
}
