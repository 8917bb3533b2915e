import { afterEach, beforeAll, expect, test } from "vitest"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { formatVolume } from "../../src/fat/format"
import { Volume } from "../../src/fat/volume"
import { firmware, readManifest } from "../../tools/firmware"
import { DeviceBuffer } from "../support/devicebuffer"
import { ForeignFiles } from "../support/foreignfiles"
import { blankStore, MemoryBlockDevice } from "../support/memorycard"
import { SleepTicks } from "../support/sleepticks"
import { SimulatedBoard } from "../support/simulatedboard"

const line =
    "2026-01-01 13:19:45,+01:00,ACME-7,52.900,5.700,59.1,3.306,3.307,1,2,21.9,22.0,0x00000000\r\n"
const lineCount = 2000

/** A card with 3,000 foreign files in the root and an old log of 180 KB. */
async function crowdedCard(): Promise<MemoryStore> {
    const store = blankStore(512)
    const device = new MemoryBlockDevice(store)
    await formatVolume(device, "BMSMINI    ")
    const volume = await Volume.mount(device, new SleepTicks())
    const log = await volume.openForAppend("LOG/20260101.CSV", "time,x\r\n")
    const text = DeviceBuffer.from(line.repeat(20)) as unknown as Buffer
    for (let i = 0; i < lineCount; i += 20) await log.append(text)
    await volume.sync()
    const files = new ForeignFiles(store, 200)
    const root = files.directory()
    for (let i = 0; i < 3000; ++i) {
        const number = String(i).padStart(4, "0")
        files.addFile(root, `PI${number}~1TXT`, "text\n", `picture ${number}.text`)
    }
    return store
}

let imagePath: string
let board: SimulatedBoard

beforeAll(async () => {
    imagePath = (await firmware(readManifest().entries.simulator)).imagePath
})

afterEach(async () => {
    await board.end()
})

async function begin(card: MemoryStore): Promise<void> {
    board = new SimulatedBoard(imagePath, { card })
    await board.simulation.start()
}

/** The longest time between successive moments. */
function longestGap(moments: number[]): number {
    return Math.max(...moments.slice(1).map((at, i) => at - moments[i]))
}

/** The `time` column of records that a command printed, as Unix seconds. */
function recordSeconds(lines: string[]): number[] {
    const records = lines.filter(one => /^\d{4}-/.test(one))
    return records.map(one => Date.parse(one.slice(0, 19).replace(" ", "T") + "Z") / 1000)
}

test("the logger misses no second during ls of 3,000 files and cat of a long one", async () => {
    await begin(await crowdedCard())
    await board.answer("set sd.period 1")
    await board.answer("set sd.cells on")
    await board.sleep(3000)
    const beganMs = board.nowMs()
    const readsBefore = board.simulation.summary(0).card.sectorReads
    const root = await board.answer("card ls")
    expect(root.lines[0]).toBe("LOG                <DIR>")
    const pictures = root.lines.filter(one => /^PI\d{4}~1\.TXT {11}5$/.test(one))
    expect(new Set(pictures).size).toBe(3000)
    // The card must not keep the console waiting: at most two reads per file, with the logger's.
    expect(board.simulation.summary(0).card.sectorReads - readsBefore).toBeLessThan(6000)

    const cat = await board.answer("card cat /log/20260101.csv")
    const progress = cat.lines.filter(one => one.startsWith("#"))
    expect(progress).toHaveLength(2)
    for (const one of progress) expect(one).toMatch(/^# \d+ of 180008 bytes$/)
    const content = cat.lines.filter(one => !one.startsWith("#")).join("\n") + "\n"
    expect(content).toBe("time,x\r\n" + line.repeat(lineCount))

    const written = board.momentsMs(/^records: 1 main, 1 cell/, beganMs - 1000)
    expect(written.length).toBeGreaterThan(15)
    // Opening a path for the first time reads the whole root. Meanwhile records wait in the queue,
    // which holds 32. None may be missing.
    expect(longestGap(written)).toBeLessThan(16_000)
    expect(board.simulation.summary(0).records.lost).toBe(0)
    const today = (await board.answer("card ls log")).lines.at(-1)!
    expect(Number(today.split(/ +/)[1])).toBeGreaterThan(1500)
    const name = `log/${today.split(" ")[0]}`
    const seconds = recordSeconds((await board.answer(`card cat ${name}`)).lines)
    const steps = seconds.slice(1).map((at, i) => at - seconds[i])
    const steady = steps.indexOf(1)
    expect(steps.slice(steady).filter(step => step !== 1)).toEqual([])
    expect(steps.length - steady).toBeGreaterThan(30)
    expect(board.simulation.summary(0).heap.peakBytes).toBeLessThan(48 * 1024)
})

test("a card pulled while it is listed, printed or formatted is reported missing", async () => {
    await begin(await crowdedCard())
    await board.answer("set sd.period 1")
    await board.sleep(3000)
    for (const command of ["card ls", "card cat log/20260101.csv", "card format yes"]) {
        let pulled = false
        const { status, lines } = await board.answer(command, text => {
            if (pulled || text.length < 100) return
            pulled = true
            board.simulation.cardOut()
        })
        expect(status).toBe(1)
        expect(lines.at(-1)).toBe("error: no SD card, or it does not answer: put one in")
        await board.event("!card in")
        await board.sleep(5000)
    }
    expect((await board.answer("card")).text).toBe(
        "error: no FAT file system on the card: format as FAT32 (card format)\n",
    )
    expect((await board.answer("card format yes")).lines.at(-1)).toBe("ok")
    // Records made meanwhile are written now.
    await board.sleep(3000)
    const path = (await board.answer("card ls log")).lines[0].split(" ")[0]
    const seconds = recordSeconds((await board.answer(`card tail log/${path} 100`)).lines)
    expect(seconds.length).toBeGreaterThan(5)
    expect(longestGap(seconds)).toBe(1)
})

test("records wait during a long format and are written afterwards", async () => {
    const store = blankStore(16 * 1024)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    await begin(store)
    await board.answer("set sd.period 1")
    await board.sleep(3000)
    const other = board.simulation.secondConsole()
    const beganMs = board.nowMs()
    let status = ""
    const format = await board.answer("card format yes", text => {
        if (status === "" && text.includes("50 %"))
            void other.execute("status", part => (status += part))
    })
    const tookSeconds = (board.nowMs() - beganMs) / 1000
    expect(format.lines.at(-1)).toBe("ok")
    expect(format.lines).toContain("formatting, 90 %")
    // The other console was served meanwhile.
    expect(status).toMatch(/^version /)
    expect(status).not.toMatch(/^card +mounted/m)
    await board.sleep(3000)
    const path = (await board.answer("card ls log")).lines[0].split(" ")[0]
    const seconds = recordSeconds((await board.answer(`card tail log/${path} 100`)).lines)
    expect(longestGap(seconds)).toBe(1)
    expect(seconds.length).toBeGreaterThanOrEqual(tookSeconds + 2)
    expect((await board.answer("status")).text).toContain("0 queued, 0 lost")
    await other.close()
})

test("the status light shows faults, and after eject that the card can be pulled", async () => {
    await begin(await crowdedCard())
    const light = async () => {
        const before = board.shown.length
        await board.event("!light")
        return board.shown.slice(before).trim()
    }
    /** Within ten seconds the light shows this. */
    const shows = async (pattern: string) => {
        for (let i = 0; i < 20 && (await light()) !== `light: ${pattern}`; ++i)
            await board.sleep(500)
        expect(await light()).toBe(`light: ${pattern}`)
    }
    await shows("one flash: all is well")
    await board.event("!temp 1 70")
    await shows("two flashes: an error flag is up")
    await board.event("!temp 1 25")
    await shows("one flash: all is well")
    const ejected = await board.answer("card eject")
    expect(ejected.text).toBe("ok, the card can be pulled: the status light stays on\n")
    await shows("steadily on: safe to remove the card")
    await board.event("!card out")
    await shows("three flashes: no card, or it cannot be used")
    await board.event("!card in")
    await board.sleep(5000)
    await shows("one flash: all is well")
    expect((await board.answer("card")).lines[3]).toBe(
        "health      20 MHz, 0 retries, 0 errors since mount 2",
    )
    // The board's log has each change.
    expect(board.momentsMs(/^light: steadily on/)).toHaveLength(1)
    expect(board.momentsMs(/^light: three flashes/)).toHaveLength(1)
})
