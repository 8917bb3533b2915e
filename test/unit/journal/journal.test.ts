import { beforeEach, describe, expect, test } from "vitest"
import { Journal, journalKey, Mark } from "../../../src/journal/journal"
import { MemoryFlash, PowerCut } from "../../support/memoryflash"

const time = (seconds: number) => `T${seconds}`
let flash: MemoryFlash

async function boot(): Promise<Journal> {
    const journal = new Journal(flash)
    await journal.load()
    return journal
}

/** The numbers of the entries by position, 0 for an empty one. */
function numbers(journal: Journal): number[] {
    const found: number[] = []
    for (let position = 1; position <= 32; ++position) {
        const text = journal.describe(position, time)
        found.push(text === "empty" ? 0 : parseInt(text.slice(1)))
    }
    return found
}

beforeEach(() => {
    flash = new MemoryFlash()
})

describe("the journal", () => {
    test("is empty on an empty flash", async () => {
        const journal = await boot()
        expect(journal.lastSequence).toBe(0)
        expect(journal.lastFlags).toBe(0)
        expect(journal.describe(1, time)).toBe("empty")
    })

    test("shows what appeared and what is up", async () => {
        const journal = await boot()
        await journal.record(1000, 0x10001, 16, 0)
        await journal.record(2000, 0x00001, 16, 0)
        expect(journal.describe(1, time)).toBe(
            "#1 T1000 SD_CARD appeared; now: CELL_OVERVOLTAGE, SD_CARD",
        )
        expect(journal.describe(2, time)).toBe(
            "#2 T2000 SD_CARD disappeared; now: CELL_OVERVOLTAGE",
        )
    })

    test("marks a time that is a lower bound, and a limited flag", async () => {
        const journal = await boot()
        await journal.record(1000, 0, 0, Mark.ClockUntrusted | Mark.Limited)
        expect(journal.describe(1, time)).toBe(
            "#1 T1000~ CELL_OVERVOLTAGE disappeared (too often: not entered for an hour); now: none",
        )
    })

    test("gives the reason for the last eight entries since the start", async () => {
        const journal = await boot()
        const why = "cell 7: 3.652 V, limit 3.650 V"
        await journal.record(1000, 1, 0, 0, why)
        expect(journal.describe(1, time)).toBe(
            `#1 T1000 CELL_OVERVOLTAGE appeared (${why}); now: CELL_OVERVOLTAGE`,
        )
        for (let i = 0; i < 7; ++i) await journal.record(2000, 1, 16, 0)
        expect(journal.describe(1, time)).toContain(why)
        expect(journal.describe(8, time)).toBe(
            "#8 T2000 SD_CARD disappeared; now: CELL_OVERVOLTAGE",
        )
        const again = await boot()
        expect(again.describe(1, time)).toBe(
            "#1 T1000 CELL_OVERVOLTAGE appeared; now: CELL_OVERVOLTAGE",
        )
        await again.record(3000, 0, 0, 0, "cell 1")
        expect(again.describe(1, time)).not.toContain("(")
        expect(again.describe(9, time)).toContain("disappeared (cell 1); now: none")
        await journal.record(2000, 1, 16, 0)
        expect(journal.describe(1, time)).not.toContain(why)
    })

    test("keeps a bounded piece of foreign text", async () => {
        const journal = await boot()
        await journal.record(1000, 1, 0, 0, "530\r\n" + "x".repeat(1000))
        expect(journal.describe(1, time)).toContain(`appeared (530??${"x".repeat(55)}...); now`)
    })

    test("stores the bytes of the specification", async () => {
        const journal = await boot()
        await journal.record(0x69212345, 0x10001, 16, 1)
        // Sequence 1, time, flags, bit 16, mark 1; CRC by Python's binascii.crc_hqx.
        expect([...flash.values.keys()]).toEqual(["j00"])
        expect(flash.values.get("j00")!.toString("hex")).toBe("010000004523216901000100100198c5")
    })

    test("needs one write and 40 bytes of flash per entry", async () => {
        const journal = await boot()
        await journal.record(1000, 1, 0, 0)
        expect(flash.writes).toBe(1)
        expect(flash.bytesWritten).toBe(40)
    })

    test("puts the next entry at position 1 when all 32 positions are full", async () => {
        const journal = await boot()
        for (let i = 1; i <= 32; ++i) await journal.record(i, 1, 0, 0)
        expect(journal.describe(32, time)).toContain("#32 ")
        await journal.record(33, 1, 0, 0)
        expect(journal.describe(1, time)).toContain("#33 ")
        await journal.record(34, 0, 0, 0)
        expect(numbers(journal).slice(0, 4)).toEqual([33, 34, 3, 4])
        expect(flash.values.size).toBe(32)
    })

    test.each([0, 1, 31, 32, 33, 63, 64, 65, 100])(
        "continues after a boot with %i entries",
        async count => {
            const journal = await boot()
            for (let i = 1; i <= count; ++i) await journal.record(i, i & 1, 0, 0)
            const booted = await boot()
            expect(booted.lastSequence).toBe(count)
            expect(booted.lastFlags).toBe(count & 1)
            expect(numbers(booted)).toEqual(numbers(journal))
            await booted.record(5000, 1, 0, 0)
            expect(booted.lastSequence).toBe(count + 1)
            const position = (count % 32) + 1
            expect(booted.describe(position, time)).toContain(`#${count + 1} `)
            // An entry's number is accepted in place of its position.
            expect(booted.describe(count + 1, time)).toBe(booted.describe(position, time))
        },
    )

    test("keeps times past 2038 and the highest flag", async () => {
        const journal = await boot()
        await journal.record(4100000000, 0x800000, 23, 0)
        expect((await boot()).describe(1, time)).toBe(
            "#1 T4100000000 RECORDS_LOST appeared; now: RECORDS_LOST",
        )
    })

    test("shows a damaged entry as an empty position, without effect on others", async () => {
        const journal = await boot()
        for (let i = 1; i <= 5; ++i) await journal.record(i, 1, 0, 0)
        flash.values.get("j02")![5] ^= 1
        flash.damage("j03", "x")
        const booted = await boot()
        expect(numbers(booted).slice(0, 6)).toEqual([1, 2, 0, 0, 5, 0])
        expect(booted.lastSequence).toBe(5)
    })

    test.each([true, false])("loses no other entry to a power cut (done: %s)", async stored => {
        const journal = await boot()
        for (let i = 1; i <= 40; ++i) await journal.record(i, 1, 0, 0)
        const before = numbers(journal)
        flash.cutPowerAt({ write: 1, stored })
        await expect(journal.record(41, 0, 0, 0)).rejects.toThrow(PowerCut)
        flash.powerUp()
        const booted = await boot()
        if (stored) before[8] = 41
        expect(numbers(booted)).toEqual(before)
    })

    test("stays unchanged after a refused entry", async () => {
        const journal = await boot()
        await journal.record(1, 1, 0, 0)
        flash.failWrites = 1
        await expect(journal.record(2, 0, 0, 0)).rejects.toThrow("flash: j01")
        expect(journal.lastSequence).toBe(1)
        expect(journal.describe(2, time)).toBe("empty")
    })

    test("counts positions from 1, flash keys from j00", () => {
        expect(journalKey(1)).toBe("j00")
        expect(journalKey(32)).toBe("j31")
    })
})
