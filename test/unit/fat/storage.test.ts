import { describe, expect, it } from "vitest"
import { SdCard } from "../../../src/card/sdcard"
import { Alarm } from "../../../src/core/alarm"
import { FaultCode } from "../../../src/core/fault"
import { formatVolume } from "../../../src/fat/format"
import { Storage } from "../../../src/fat/storage"
import { Lock } from "../../../src/core/lock"
import { SdCardChip, type SdCardOptions } from "../../../sim/chips/sdcard"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { blankStore, ChipSpiBus, MemoryBlockDevice } from "../../support/memorycard"
import { SleepTicks } from "../../support/sleepticks"

const record = DeviceBuffer.from("2026-11-22 12:00:00,x\r\n") as unknown as Buffer

async function formatted(mebibytes = 16): Promise<MemoryStore> {
    const store = blankStore(mebibytes)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    return store
}

function board(store: MemoryStore, options: SdCardOptions = {}) {
    const chip = new SdCardChip(store, options)
    const bus = new ChipSpiBus(chip)
    const ticks = new SleepTicks()
    const alarms = new Map<Alarm, boolean>()
    let held = ""
    const exclusive = async (owner: string, work: () => Promise<unknown>) => {
        if (held !== "") throw new Error(`${owner} came while ${held} had the card`)
        held = owner
        try {
            return await work()
        } finally {
            held = ""
        }
    }
    const sink = {
        set(alarm: Alarm, active: boolean) {
            alarms.set(alarm, active)
        },
    }
    const storage = new Storage(() => new SdCard(bus, ticks).openAgain(), exclusive, ticks, sink)
    const append = () =>
        storage.use("logger", async volume => {
            const file = await volume.openForAppend("LOG/A.CSV", "time,x\r\n")
            await file.append(record)
            await file.close()
        })
    const pollFor = async (ms: number) => {
        for (const end = ticks.ms + ms; ticks.ms < end; ticks.ms += 2000) await storage.poll()
    }
    return { chip, ticks, storage, alarm: () => alarms.get(Alarm.SdCard), append, pollFor }
}

describe("the storage", () => {
    it("mounts on the first use and provides the volume", async () => {
        const { storage, alarm, append } = board(await formatted())
        expect(storage.mounted()).toBe(false)
        await append()
        expect([storage.mounted(), storage.generation(), alarm()]).toEqual([true, 1, false])
        expect(storage.lastError).toBe("")
    })

    it("notices a pulled card, and mounts it again within 5 s of its return", async () => {
        const { storage, chip, alarm, append, pollFor } = board(await formatted())
        await append()
        chip.pull()
        await pollFor(2000)
        expect([storage.mounted(), alarm()]).toEqual([false, true])
        expect(storage.lastError).toContain("put one in")
        await pollFor(20000)
        chip.insert()
        await pollFor(4000)
        expect([storage.mounted(), storage.generation(), alarm()]).toEqual([true, 2, false])
        await append()
    })

    it("invalidates handles of the old card", async () => {
        const { storage, chip, append, ticks, pollFor } = board(await formatted())
        const old = await storage.use("logger", async volume => {
            return await volume.openForAppend("LOG/B.CSV", "time,x\r\n")
        })
        chip.exchange(await formatted())
        await pollFor(6000)
        expect(storage.generation()).toBe(2)
        await expect(
            storage.use("logger", async () => await old.append(record)),
        ).rejects.toMatchObject({
            code: FaultCode.StaleHandle,
        })
        ticks.ms += 2000
        await append()
    })

    it("drops the card on the first failing write, and does not mount on every call", async () => {
        const { storage, chip, append, alarm, ticks } = board(await formatted())
        await append()
        chip.pull()
        await expect(append()).rejects.toMatchObject({ code: FaultCode.CardAbsent })
        expect(alarm()).toBe(true)
        ticks.ms += 3000
        await expect(append()).rejects.toMatchObject({ code: FaultCode.CardAbsent })
        const { commands, transfers } = chip.counters
        await expect(append()).rejects.toMatchObject({ code: FaultCode.CardAbsent })
        expect(chip.counters).toMatchObject({ commands, transfers })
        expect(storage.mounted()).toBe(false)
    })

    it("says what to do about a blank card, and formats it", async () => {
        const { storage, alarm, append, pollFor } = board(blankStore(16))
        await pollFor(2000)
        expect(alarm()).toBe(true)
        expect(storage.lastError).toContain("card format")
        const percents: number[] = []
        await storage.format(async percent => void percents.push(percent))
        expect(percents[percents.length - 1]).toBe(100)
        expect([storage.mounted(), alarm(), storage.lastError]).toEqual([true, false, ""])
        await append()
    })

    it("refuses other uses of the card at once while it is being formatted", async () => {
        const store = await formatted()
        const bus = new ChipSpiBus(new SdCardChip(store))
        const ticks = new SleepTicks()
        const sleep = ticks.sleep.bind(ticks)
        ticks.sleep = async ms => {
            // The others get their turn.
            await new Promise<void>(done => setImmediate(done))
            await sleep(ms)
        }
        const lock = new Lock(ticks, "the card")
        const owners: string[] = []
        const storage = new Storage(
            () => new SdCard(bus, ticks).openAgain(),
            (owner, work) => {
                owners.push(owner)
                return lock.run(owner, 1e9, work)
            },
            ticks,
            { set: () => {} },
        )
        let goOn = () => {}
        const before = storage.use("upload", () => new Promise<void>(done => (goOn = done)))
        while (!storage.mounted()) await ticks.sleep(1)
        let percent = -1
        const formatting = storage.format(async now => {
            percent = now
            await refused()
        })
        /** No call waits for the lock or for the format. */
        const refused = async () => {
            for (const work of [
                () => storage.use("logger", async () => {}),
                () => storage.format(),
                () => storage.eject(),
            ]) {
                await expect(work()).rejects.toMatchObject({ code: FaultCode.NotMounted })
                await expect(work()).rejects.toThrow("being formatted: wait for its end")
            }
            await storage.poll()
            expect(owners).toEqual(["upload", "card format"])
        }
        // The format still waits for the earlier use.
        await refused()
        expect(percent).toBe(-1)
        goOn()
        await before
        await formatting
        expect(percent).toBe(100)
        await storage.use("logger", async volume => void (await volume.sync()))
        expect(storage.lastError).toBe("")
    })

    it("is usable again after a failed format", async () => {
        const { storage, append, pollFor } = board(blankStore(1))
        const tooSmall = "the card is too small"
        await expect(storage.format()).rejects.toThrow(tooSmall)
        await expect(append()).rejects.toThrow(tooSmall)
        await pollFor(4000)
        await expect(storage.format()).rejects.toThrow(tooSmall)
    })

    it("leaves an ejected card alone until it has been pulled", async () => {
        const { storage, chip, append, pollFor } = board(await formatted())
        await append()
        await storage.eject()
        const { commands } = chip.counters
        await expect(append()).rejects.toThrow("ejected")
        await pollFor(10000)
        expect(storage.mounted()).toBe(false)
        expect(chip.counters.sectorWrites).toBeGreaterThan(0)
        expect(chip.counters.commands).toBeGreaterThan(commands)
        chip.pull()
        await pollFor(2000)
        chip.insert()
        await pollFor(4000)
        expect(storage.mounted()).toBe(true)
    })

    it("syncs the directory entry once per minute", async () => {
        const store = await formatted()
        const { storage, pollFor } = board(store)
        await storage.use("logger", async volume => {
            const file = await volume.openForAppend("LOG/A.CSV", "time,x\r\n")
            await file.append(record)
            expect(file.unsynced).toBe(true)
            await pollWithin(file)
        })
        async function pollWithin(file: { unsynced: boolean }) {
            // The lock is held here, as for every user of the volume.
            await storage.poll()
            expect(file.unsynced).toBe(true)
        }
        await pollFor(70000)
        const fresh = board(store)
        const size = await fresh.storage.use("reader", async volume => {
            return (await volume.open("LOG/A.CSV"))?.byteCount()
        })
        expect(size).toBe(8 + record.length)
    })

    it("keeps a write-protected card mounted for reading and raises the alarm", async () => {
        const store = await formatted()
        await board(store).append()
        const { storage, append, alarm } = board(store, { writeProtected: true })
        await expect(append()).rejects.toMatchObject({ code: FaultCode.CardWriteProtected })
        expect([storage.mounted(), alarm()]).toEqual([true, true])
        expect(storage.lastError).toContain("unlock it or use another")
        const size = await storage.use("reader", async volume => {
            return (await volume.open("LOG/A.CSV"))?.byteCount()
        })
        expect(size).toBe(8 + record.length)
    })

    it("counts the free space in the background", async () => {
        const store = await formatted()
        const { storage, append, pollFor } = board(store)
        await append()
        const again = board(store)
        await again.pollFor(20000)
        const free = await again.storage.use("info", async volume => volume.freeBytes())
        await pollFor(20000)
        const counted = (await storage.use("info", async volume => volume.freeBytes()))!
        expect(free).toBe(counted)
        await append()
        await storage.use("info", async volume => await volume.remove("LOG/A.CSV"))
        const after = await storage.use("info", async volume => volume.freeBytes())
        expect(after).toBe(counted + 1024)
    })
})
