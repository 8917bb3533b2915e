import * as ds from "@devicescript/core"
import { Fault, FaultCode } from "../core/fault"
import { Exclusive, Flash } from "../core/seams"

const getCommand = 0x80
const keyBytesMax = 13
const valueBytesMax = 200
/** The first access waits for the runtime to bind the service, some 1 s; others take 20 ms. */
const answerMs = 1500
const tries = 3
const lockMs = 15000

/**
 * Key/value store on the runtime's settings service. Raw bytes; one access at a time, in the order
 * of arrival; a write is read back, since the service acknowledges nothing.
 */
export class DeviceFlash implements Flash {
    private readonly service = new ds.Settings()
    private readonly answered = ds.emitter<number>()
    private awaitedKey = ""
    private answer: Buffer

    constructor(private readonly lock: Exclusive) {
        this.service.report().subscribe(this.take)
    }

    /** Undefined when the key is absent or its value empty. Throws Fault FlashNoAnswer. */
    async read(key: string): Promise<Buffer | undefined> {
        const self = this
        return await this.lock.run("read", lockMs, async () => await self.get(key))
    }

    /** Throws Fault FlashKeyOrValueTooLong, FlashWriteFailed, FlashNoAnswer. */
    async write(key: string, value: Buffer): Promise<void> {
        if (key.length > keyBytesMax || value.length > valueBytesMax || value.length === 0)
            throw new Fault(
                FaultCode.FlashKeyOrValueTooLong,
                `flash: ${key} has ${value.length} bytes`,
                value.length,
            )
        await this.put(key, value)
    }

    async remove(key: string): Promise<void> {
        await this.put(key, undefined)
    }

    private async put(key: string, value: Buffer | undefined): Promise<void> {
        const self = this
        await this.lock.run("write", lockMs, async () => {
            // Deleting writes an empty entry, even for a key that never was.
            if (!value && !(await self.get(key))) return
            for (let i = 0; i < tries; ++i) {
                if (value) await self.service.set(key, value)
                else await self.service.delete(key)
                const stored = await self.get(key)
                if (isSame(stored, value)) return
            }
            throw new Fault(
                FaultCode.FlashWriteFailed,
                `flash: ${key} was not stored; the store may be full`,
            )
        })
    }

    private async get(key: string): Promise<Buffer | undefined> {
        this.awaitedKey = key
        for (let i = 0; i < tries; ++i) {
            this.answer = undefined
            await this.service.get(key)
            // The answer may have come while the request was leaving.
            if (!this.answer) await ds.wait(this.answered, answerMs)
            if (this.answer) return this.answer.length === 0 ? undefined : this.answer
        }
        throw new Fault(FaultCode.FlashNoAnswer, "flash: no answer when reading " + key)
    }

    /** A report: the key, a zero byte, the value. */
    private async take(packet: ds.Packet): Promise<void> {
        if (packet.serviceCommand !== getCommand) return
        const report = packet.decode()
        if (report[0] !== this.awaitedKey) return
        this.answer = report[1]
        this.answered.emit(0)
    }
}

/** Compared byte by byte, since texts of both would be among the largest pieces of the heap. */
function isSame(stored: Buffer | undefined, value: Buffer | undefined): boolean {
    if (!stored || !value) return stored === value
    let at = 0
    while (at < value.length && stored[at] === value[at]) at++
    return at === value.length && at === stored.length
}
