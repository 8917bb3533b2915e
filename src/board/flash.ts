import * as ds from "@devicescript/core"
import { Fault, FaultCode } from "../core/fault"
import { Exclusive, Flash } from "../core/seams"

const getCommand = 0x80
const keyBytesMax = 13
const valueBytesMax = 200
/** Times and their reasons: docs/reference/times.md. */
const answerMs = 2000
const triesMax = 5
const writesMax = 3
const lockMs = 30000
const restMs = 10
/**
 * The value of a removed key. The runtime's own deletion writes an empty value, which the ESP32's
 * flash driver refuses: the board aborts.
 */
const tombstone = hex`00`

/** True for the value of an absent key, including the empty one that the simulator once stored. */
function isAbsent(value: Buffer): boolean {
    return value.length < 2 && !value[0]
}

/**
 * Key/value store on the runtime's settings service. Raw bytes; one access at a time, in order of
 * arrival. Writes are read back, since the service acknowledges nothing.
 */
export class DeviceFlash implements Flash {
    private readonly service = new ds.Settings()
    private waiter: ds.Fiber
    private awaitedKey = ""
    private answer: Buffer
    private asked = 0
    private tries = triesMax

    constructor(private readonly lock: Exclusive) {
        const self = this
        this.service.report().subscribe(async report => await self.take(report))
    }

    /** Undefined if the key is absent. Throws Fault FlashNoAnswer. */
    async read(key: string): Promise<Buffer | undefined> {
        const self = this
        return await this.lock.run("read", lockMs, async () => {
            const value = await self.ask(key)
            return isAbsent(value) ? undefined : value
        })
    }

    /** Throws Fault FlashKeyOrValueTooLong, FlashWriteFailed, FlashNoAnswer. */
    async write(key: string, value: Buffer): Promise<void> {
        if (key.length > keyBytesMax || value.length > valueBytesMax || isAbsent(value))
            throw new Fault(
                FaultCode.FlashKeyOrValueTooLong,
                `flash: ${key} has ${value.length} bytes`,
                value.length,
            )
        await this.put(key, value)
    }

    async remove(key: string): Promise<void> {
        await this.put(key, tombstone)
    }

    private async put(key: string, value: Buffer): Promise<void> {
        const self = this
        await this.lock.run("write", lockMs, async () => {
            // No tombstone for a key that never existed.
            if (isAbsent(value) && isAbsent(await self.ask(key))) return
            for (let i = 0; i < writesMax; ++i) {
                await self.service.set(key, value)
                const stored = await self.ask(key)
                // Packets in flight keep the runtime's main loop from turning, and so do many
                // consecutive writes.
                await ds.sleep(restMs)
                if (isSame(stored, value)) return
            }
            throw new Fault(
                FaultCode.FlashWriteFailed,
                `flash: ${key} was not stored; the store may be full`,
            )
        })
    }

    /** The stored value, empty for a key that never existed. */
    private async ask(key: string): Promise<Buffer> {
        this.awaitedKey = key
        for (let i = 0; i < this.tries; ++i) {
            this.answer = undefined
            await this.service.get(key)
            // The answer may have arrived while the request was being sent.
            if (!this.answer) {
                // Not the library's emitter: an answer at the timeout would wake a fiber that has
                // ended.
                this.waiter = ds.Fiber.self()
                await ds.suspend(answerMs)
                this.waiter = undefined
            }
            if (this.answer) {
                this.tries = triesMax
                const answer = this.answer
                // Many consecutive reads keep the main loop from turning, as writes do.
                if ((++this.asked & 3) === 0) await ds.sleep(restMs)
                return answer
            }
        }
        // The next caller must not wait as long in vain.
        this.tries = 1
        throw new Fault(
            FaultCode.FlashNoAnswer,
            `flash: no answer for ${key}: if this persists, power-cycle the board`,
        )
    }

    /** A report: the key, a zero byte, the value. */
    private async take(packet: ds.Packet): Promise<void> {
        if (packet.serviceCommand !== getCommand) return
        try {
            const report = packet.decode()
            if (report[0] !== this.awaitedKey) return
            this.answer = report[1]
            if (this.waiter && this.waiter.suspended) this.waiter.resume(undefined)
        } catch {
            // Garbled: no answer, so `ask` repeats its question.
        }
    }
}

/** Compares byte by byte, since texts of both would be among the heap's largest blocks. */
function isSame(stored: Buffer, value: Buffer): boolean {
    let at = 0
    while (at < value.length && stored[at] === value[at]) at++
    return at === value.length && at === stored.length
}
