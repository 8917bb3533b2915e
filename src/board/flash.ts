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
 * What a removed key holds. The runtime's own deletion writes a value of no bytes, which the
 * ESP32's flash driver refuses: the board aborts.
 */
const tombstone = hex`00`

/** True for what an absent key reads as: also the empty value that the simulator once stored. */
function isAbsent(value: Buffer): boolean {
    return value.length < 2 && !value[0]
}

/**
 * Key/value store on the runtime's settings service. Raw bytes; one access at a time, in the order
 * of arrival; a write is read back, since the service acknowledges nothing.
 */
export class DeviceFlash implements Flash {
    private readonly service = new ds.Settings()
    private waiter: ds.Fiber
    private awaitedKey = ""
    private answer: Buffer
    private asked = 0
    private tries = triesMax

    constructor(private readonly lock: Exclusive) {
        this.service.report().subscribe(this.take)
    }

    /** Undefined when the key is absent. Throws Fault FlashNoAnswer. */
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
            // No tombstone for a key that never was.
            if (isAbsent(value) && isAbsent(await self.ask(key))) return
            for (let i = 0; i < writesMax; ++i) {
                await self.service.set(key, value)
                const stored = await self.ask(key)
                // Packets on their way keep the runtime's main loop from its turn: so do many
                // writes in a row.
                await ds.sleep(restMs)
                if (isSame(stored, value)) return
            }
            throw new Fault(
                FaultCode.FlashWriteFailed,
                `flash: ${key} was not stored; the store may be full`,
            )
        })
    }

    /** The value as it is stored, empty for a key that never was. */
    private async ask(key: string): Promise<Buffer> {
        this.awaitedKey = key
        for (let i = 0; i < this.tries; ++i) {
            this.answer = undefined
            await this.service.get(key)
            // The answer may have come while the request was leaving.
            if (!this.answer) {
                // Not the library's emitter: an answer at the time-out would wake a fiber that has
                // ended.
                this.waiter = ds.Fiber.self()
                await ds.suspend(answerMs)
                this.waiter = undefined
            }
            if (this.answer) {
                this.tries = triesMax
                const answer = this.answer
                // Many in a row keep the main loop from its turn, as writes do.
                if ((++this.asked & 3) === 0) await ds.sleep(restMs)
                return answer
            }
        }
        // Who asks next is not to wait as long in vain.
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
            // Garbled: that is no answer, and is asked again.
        }
    }
}

/** Compared byte by byte, since texts of both would be among the largest pieces of the heap. */
function isSame(stored: Buffer, value: Buffer): boolean {
    let at = 0
    while (at < value.length && stored[at] === value[at]) at++
    return at === value.length && at === stored.length
}
