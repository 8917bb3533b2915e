import { DeviceBuffer } from "./devicebuffer"

type Handler = (packet: unknown) => void

/** A write of no bytes: the port checks the answer of the chip's flash driver and aborts. */
const abortion = "flash write of no bytes: the ESP32 aborts"

/**
 * The runtime's settings store on the ESP32's flash, as seen by a program. It programs a changed
 * value, then its entry; a key's last entry counts; a deletion is a value of no bytes. Source:
 * jd_fstor.c, and flash.c of the ESP32's port.
 */
export class ChipFlash {
    readonly values = new Map<string, DeviceBuffer>()
    /** Writes that aborted the board. */
    aborts = 0
    /** Writes that reached the chip. */
    writes = 0
    /**
     * Number of requests that get no answer next, as while the service is unbound or the board is
     * busy.
     */
    silent = 0
    /** Number of answers to garble next. */
    garbled = 0
    /** Time that programs have waited for missing answers, in ms. */
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

// A program finds the service on its own, so the chip is a variable of this module.
let chip = new ChipFlash()

/** Sets the chip for services made from now on. */
export function useChip(next: ChipFlash): void {
    chip = next
}

class Emitter {
    emit(): void {
        // The answer comes at once here, before the program waits for it.
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

/** The substitute for @devicescript/core. */
export const natives = {
    Settings: SettingsService,
    emitter: () => new Emitter(),
    wait: async (_: Emitter, ms: number) => void (chip.waitedMs += ms),
    sleep: async () => undefined,
}
