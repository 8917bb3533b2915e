import { Fault, FaultCode } from "../../src/core/fault"
import type { Flash } from "../../src/core/seams"
import { DeviceBuffer } from "./devicebuffer"

/** Thrown at a power cut, for tests to catch. */
export class PowerCut extends Error {}

/**
 * The moment of a power cut: in the n-th write from now (1 is the next), before or after it took
 * effect.
 */
export interface Cut {
    write: number
    stored: boolean
}

/**
 * The check of every fake flash: the chip's driver refuses a write of no bytes, and one zero byte
 * means a removed key. Neither may ever reach the seam.
 */
export function storable(value: Uint8Array): DeviceBuffer {
    if (value.length === 0) throw new Error("flash write of no bytes: the ESP32 aborts")
    if (value.length === 1 && value[0] === 0)
        throw new Error("flash write of one zero byte: it would read as absent")
    return DeviceBuffer.from(value)
}

/** Flash in memory, with the runtime store's limits and its cost in bytes. */
export class MemoryFlash implements Flash {
    readonly values = new Map<string, DeviceBuffer>()
    reads = 0
    writes = 0
    /** Bytes of flash used: 24 per entry plus the value rounded up to 8. */
    bytesWritten = 0
    /** Number of writes to refuse next. */
    failWrites = 0
    /** Number of accesses that get no answer next. */
    silentAccesses = 0
    private cut: Cut | undefined
    private dead = false

    async read(key: string): Promise<Buffer | undefined> {
        this.checkPower()
        this.checkAnswer(key)
        ++this.reads
        const value = this.values.get(key)
        return value && (DeviceBuffer.from(value) as unknown as Buffer)
    }

    async write(key: string, value: Buffer): Promise<void> {
        this.checkPower()
        const stored = storable(value)
        if (key.length < 1 || key.length > 13 || value.length > 200)
            throw new Fault(FaultCode.FlashKeyOrValueTooLong, `flash: ${key} is refused`)
        this.checkAnswer(key)
        if (this.failWrites > 0) {
            --this.failWrites
            throw new Fault(FaultCode.FlashWriteFailed, `flash: ${key} was not stored`)
        }
        const old = this.values.get(key)
        if (old && old.toString("hex") === value.toString("hex")) return
        this.spend(value.length, () => this.values.set(key, stored))
    }

    async remove(key: string): Promise<void> {
        this.checkPower()
        this.checkAnswer(key)
        if (this.values.has(key)) this.spend(0, () => this.values.delete(key))
    }

    /** Cuts the power in this write; every later access fails too, until `powerUp`. */
    cutPowerAt(cut: Cut): void {
        this.cut = cut
    }

    powerUp(): void {
        this.cut = undefined
        this.dead = false
    }

    /** A separate flash with the same values. */
    copy(): MemoryFlash {
        const copy = new MemoryFlash()
        for (const [key, value] of this.values) copy.values.set(key, value)
        return copy
    }

    /** Overwrites a value as damage would, past all checks. */
    damage(key: string, value: string): void {
        this.values.set(key, DeviceBuffer.from(value))
    }

    private spend(bytes: number, change: () => void): void {
        ++this.writes
        const cutNow = this.cut !== undefined && --this.cut.write === 0
        if (!cutNow || this.cut!.stored) {
            change()
            this.bytesWritten += 24 + Math.max(8, Math.ceil(bytes / 8) * 8)
        }
        if (!cutNow) return
        this.dead = true
        throw new PowerCut("power cut")
    }

    private checkAnswer(key: string): void {
        if (this.silentAccesses <= 0) return
        --this.silentAccesses
        throw new Fault(FaultCode.FlashNoAnswer, `flash: no answer for ${key}`)
    }

    private checkPower(): void {
        if (this.dead) throw new PowerCut("no power")
    }
}
