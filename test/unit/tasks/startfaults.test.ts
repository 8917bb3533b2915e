import { beforeEach, expect, test } from "vitest"
import { formattedStore } from "../../support/cardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { NodeBoard } from "../../support/nodeboard"

// The whole firmware with a flash that does not answer. An uncaught exception ends the program on
// the board; here it ends the test.

let board: NodeBoard

beforeEach(async () => {
    const card = await formattedStore(64)
    board = await new NodeBoard({ start: "2027-01-04T02:30:00Z", card }).start()
    for (const line of ["sd.period 1", "user.serial PACK-7", "time.zone +02:00"])
        expect(await board.console("set " + line)).toBe("ok\n")
    await board.live(70)
})

/** A start in which the first `accesses` accesses to the flash get no answer. */
async function startSilent(accesses: number, seconds: number): Promise<void> {
    board.lines.length = 0
    board.flash.silentAccesses = accesses
    void board.begin()
    expect(await board.live(seconds)).toBe(0)
}

async function records(day: string): Promise<string[]> {
    return (await board.cardFile(`LOG/${day}.CSV`)).split("\r\n").slice(1, -1)
}

const faults = () => board.lines.filter(line => line.startsWith("fault: "))

test("with a silent flash the board still serves the console and logs", async () => {
    const before = (await records("20270104")).length
    await startSilent(Infinity, 60)
    expect(faults()[0]).toBe("fault: flash: no answer for boot")
    expect(board.lines).toContain("start: power-on, BMS-AB12")
    const status = await board.console("status")
    expect(status).toMatch(/^alarms .*SETTINGS/m)
    expect(status).toMatch(/^time +2027-01-04 .* from RTC chip$/m)
    expect(await board.console("journal")).toContain("empty")
    expect(await board.console("set sd.period 5")).toBe(
        "error: the flash returned no settings: try again in a minute, else reset the board\n",
    )
    // One record per minute, by the defaults.
    await board.live(180)
    const after = await records("20270104")
    expect(after.length - before).toBeGreaterThanOrEqual(3)
    expect(after.at(-1)).toContain(",BMS-AB12,")
    // The flash is unchanged.
    board.flash.silentAccesses = 0
    await board.start()
    expect(await board.console("show user.serial")).toContain("PACK-7")
})

test.each([1, 2, 3, 5, 8, 12, 20, 24, 30, 45])(
    "with a flash silent for the first %i accesses the board retries, and keeps everything",
    async silent => {
        const journalBefore = await board.console("journal")
        await startSilent(silent, 150)
        expect(faults().length).toBeGreaterThan(0)
        expect(board.lines.some(line => line.startsWith("journal: last record"))).toBe(true)
        expect(board.flash.silentAccesses).toBe(0)
        expect(await board.console("show user.serial")).toContain("PACK-7")
        expect(await board.console("show time.zone")).toContain("+02:00")
        const kept = journalBefore.split("\n").filter(line => line.includes("#1 "))
        // The reason of an entry is known until the next start.
        const plain = (line: string) => line.replace(/ \([^)]*\)(?=; now)/, "")
        const journal = plain(await board.console("journal"))
        for (const line of kept) expect(journal).toContain(plain(line))
        expect(await board.console("set sd.cells on")).toBe("ok\n")
        await board.live(10)
        expect(await board.console("status")).not.toContain("SETTINGS")
        expect((await records("20270104")).at(-1)).toContain(",PACK-7,")
    },
)

test("a reset writes the waiting records even with a silent flash", async () => {
    await board.live(3)
    board.flash.silentAccesses = Infinity
    board.lines.length = 0
    expect(await board.console("reset now")).toBe("ok\n")
    while (!board.lines.includes("reset: console")) await board.ticks.advance(100)
    const asked = Date.parse("2027-01-04T02:30:00Z") / 1000
    await board.ticks.advance(20_000)
    expect(faults()).toContain("fault: flash: no answer for clock")
    const last = (await records("20270104")).at(-1)!
    expect(last).toContain(",PACK-7,")
    expect(
        Date.parse(last.slice(0, 10) + "T" + last.slice(11, 19) + "+02:00") / 1000,
    ).toBeGreaterThan(asked + 70)
    board.flash.silentAccesses = 0
    expect(await board.live(1)).toBe(1)
    expect(await board.console("show user.serial")).toContain("PACK-7")
})

test("a backup that the flash refuses in part does not mix with the defaults", async () => {
    await board.live(30)
    const { flash } = board
    flash.values.clear()
    const write = flash.write.bind(flash)
    flash.write = async (key, value) => {
        if (key === "sh") flash.failWrites = 1
        await write(key, value)
    }
    board.lines.length = 0
    await board.start()
    expect(faults()).toEqual(["fault: flash: sh was not stored"])
    expect(board.lines).toContain("start: deployed, BMS-AB12")
    await board.live(5)
    // The restored values are in force, and remain beside new settings.
    expect(await board.console("show sd.period")).toContain(" 1 s ")
    expect(await board.console("set sd.cells on")).toBe("ok\n")
    expect(flash.values.get("sa")!.toString()).toMatch(/^1\n1.1\n2.1$/)
    // The next start restores the rest.
    flash.write = write
    await board.start()
    expect(await board.console("show user.serial")).toContain("PACK-7")
})

test("a settings store with nonsense does not stop the start", async () => {
    for (const key of board.flash.values.keys())
        board.flash.values.set(key, DeviceBuffer.from("ffee00112233", "hex"))
    board.lines.length = 0
    await board.start()
    await board.live(10)
    expect(board.lines.some(line => line.startsWith("journal: last record"))).toBe(true)
    expect(await board.console("status")).toMatch(/^alarms .*SETTINGS/m)
})
