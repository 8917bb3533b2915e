import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import { formatVolume } from "../../src/fat/format"
import { Volume } from "../../src/fat/volume"
import { runEvent } from "../../sim/events"
import { LinePrinter } from "../../sim/lineprinter"
import { Simulation } from "../../sim/simulation"
import { StateFolder } from "../../sim/state"
import { firmware, readManifest } from "../../tools/firmware"
import { DeviceBuffer } from "../support/devicebuffer"
import { saveImage } from "../support/fatimage"
import { ForeignFiles } from "../support/foreignfiles"
import { blankStore, FakeTicks, MemoryBlockDevice } from "../support/memorycard"

const line =
    "2026-01-01 13:19:45,+01:00,ACME-7,52.900,5.700,59.1,3.306,3.307,1,2,21.9,22.0,00000000\r\n"
const lineCount = 2000

/** A card with 3,000 foreign files in the root and an old log of 176 KB. */
async function crowdedCard(path: string): Promise<void> {
    const store = blankStore(512)
    const device = new MemoryBlockDevice(store)
    await formatVolume(device, "BMSMINI    ")
    const volume = await Volume.mount(device, new FakeTicks())
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
    saveImage(store, path)
}

/** One simulated board whose console and log a test reads. */
class BoardAtHand {
    readonly folder = mkdtempSync(join(tmpdir(), "bms-card-"))
    readonly image = join(this.folder, "card.img")
    simulation!: Simulation
    /** All that was shown. */
    shown = ""

    async start(imagePath: string): Promise<void> {
        const screen = new PassThrough()
        screen.on("data", data => (this.shown += data))
        const state = new StateFolder(this.folder)
        const printer = new LinePrinter(screen, state)
        const options = { state: this.folder, speed: "max" as const }
        this.simulation = new Simulation(options, state, imagePath, printer)
        await this.simulation.start()
    }

    /** Runs a line; `watch` is told what it has printed so far. */
    async run(command: string, watch?: (text: string) => void) {
        let text = ""
        await this.simulation.consoleReady()
        const { status } = await this.simulation.console.execute(command, part => {
            text += part
            watch?.(text)
        })
        return { status, text, lines: text.split("\n").slice(0, -1) }
    }

    async event(text: string): Promise<void> {
        await runEvent(text, this.simulation)
    }

    async sleep(seconds: number): Promise<void> {
        await this.simulation.clock.sleep(seconds * 1000)
    }

    nowSeconds(): number {
        return this.simulation.clock.nowMs() / 1000
    }

    /** When the log said so, in board seconds. */
    logged(pattern: RegExp): number[] {
        return this.shown.split("\n").flatMap(shown => {
            const [, stamp, text] = /^\[ *([\d.]+)\] (.*)/.exec(shown) ?? []
            return text !== undefined && pattern.test(text) ? [Number(stamp)] : []
        })
    }

    async end(): Promise<void> {
        await this.simulation?.end()
        rmSync(this.folder, { recursive: true, force: true })
    }
}

let imagePath: string
let board: BoardAtHand

beforeAll(async () => {
    imagePath = (await firmware(readManifest().entries.simulator)).imagePath
})

beforeEach(() => {
    board = new BoardAtHand()
})

afterEach(async () => {
    await board.end()
})

/** The longest time between two moments. */
function longestGap(seconds: number[]): number {
    return Math.max(...seconds.slice(1).map((at, i) => at - seconds[i]))
}

/** The `time` column of records that a command printed, as Unix seconds. */
function recordSeconds(lines: string[]): number[] {
    const records = lines.filter(one => /^\d{4}-/.test(one))
    return records.map(one => Date.parse(one.slice(0, 19).replace(" ", "T") + "Z") / 1000)
}

test("ls of 3,000 files and cat of a long one lose the logger no second", async () => {
    await crowdedCard(board.image)
    await board.start(imagePath)
    await board.run("set sd.period 1")
    await board.run("set sd.cells on")
    await board.sleep(3)
    const beganSeconds = board.nowSeconds()
    const readsBefore = board.simulation.summary(0).card.sectorReads
    const root = await board.run("card ls")
    expect(root.lines[0]).toBe("LOG                <DIR>")
    const pictures = root.lines.filter(one => /^PI\d{4}~1\.TXT {11}5$/.test(one))
    expect(new Set(pictures).size).toBe(3000)
    // The card must not keep the console waiting: two reads a file at most, beside what is logged.
    expect(board.simulation.summary(0).card.sectorReads - readsBefore).toBeLessThan(6000)

    const cat = await board.run("card cat /log/20260101.csv")
    const progress = cat.lines.filter(one => one.startsWith("#"))
    expect(progress).toHaveLength(2)
    for (const one of progress) expect(one).toMatch(/^# \d+ of 176008 bytes$/)
    const content = cat.lines.filter(one => !one.startsWith("#")).join("\n") + "\n"
    expect(content).toBe("time,x\r\n" + line.repeat(lineCount))

    const written = board.logged(/^records: 1 main, 1 cell/).filter(at => at > beganSeconds - 1)
    expect(written.length).toBeGreaterThan(15)
    // Each path that is opened for the first time reads all of the root: records wait meanwhile,
    // and the queue has room for 32. None may be missed.
    expect(longestGap(written)).toBeLessThan(16)
    expect(board.simulation.summary(0).records.lost).toBe(0)
    const today = (await board.run("card ls log")).lines.at(-1)!
    expect(Number(today.split(/ +/)[1])).toBeGreaterThan(1500)
    const name = `log/${today.split(" ")[0]}`
    const seconds = recordSeconds((await board.run(`card cat ${name}`)).lines)
    const steps = seconds.slice(1).map((at, i) => at - seconds[i])
    const steady = steps.indexOf(1)
    expect(steps.slice(steady).filter(step => step !== 1)).toEqual([])
    expect(steps.length - steady).toBeGreaterThan(30)
    expect(board.simulation.summary(0).heap.peakBytes).toBeLessThan(48 * 1024)
})

test("a card that is pulled while it is listed, printed or formatted is said to be gone", async () => {
    await crowdedCard(board.image)
    await board.start(imagePath)
    await board.run("set sd.period 1")
    await board.sleep(3)
    for (const command of ["card ls", "card cat log/20260101.csv", "card format yes"]) {
        let pulled = false
        const { status, lines } = await board.run(command, text => {
            if (pulled || text.length < 100) return
            pulled = true
            board.simulation.cardOut()
        })
        expect(status).toBe(1)
        expect(lines.at(-1)).toBe("error: no SD card, or it does not answer: put one in")
        await board.event("!card in")
        await board.sleep(5)
    }
    expect((await board.run("card")).text).toBe(
        "error: no FAT file system on the card: format as FAT32 (card format)\n",
    )
    expect((await board.run("card format yes")).lines.at(-1)).toBe("ok")
    // What was made meanwhile is written now.
    await board.sleep(3)
    const path = (await board.run("card ls log")).lines[0].split(" ")[0]
    const seconds = recordSeconds((await board.run(`card tail log/${path} 100`)).lines)
    expect(seconds.length).toBeGreaterThan(5)
    expect(longestGap(seconds)).toBe(1)
})

test("a long format lets records wait and writes them afterwards", async () => {
    const store = blankStore(16 * 1024)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    saveImage(store, board.image)
    await board.start(imagePath)
    await board.run("set sd.period 1")
    await board.sleep(3)
    const other = board.simulation.secondConsole()
    const beganSeconds = board.nowSeconds()
    let status = ""
    const format = await board.run("card format yes", text => {
        if (status === "" && text.includes("50 %"))
            void other.execute("status", part => (status += part))
    })
    const tookSeconds = board.nowSeconds() - beganSeconds
    expect(format.lines.at(-1)).toBe("ok")
    expect(format.lines).toContain("formatting, 90 %")
    // Another console is served meanwhile.
    expect(status).toMatch(/^version /)
    expect(status).not.toMatch(/^card +mounted/m)
    await board.sleep(3)
    const path = (await board.run("card ls log")).lines[0].split(" ")[0]
    const seconds = recordSeconds((await board.run(`card tail log/${path} 100`)).lines)
    expect(longestGap(seconds)).toBe(1)
    expect(seconds.length).toBeGreaterThanOrEqual(tookSeconds + 2)
    expect((await board.run("status")).text).toContain("0 queued, 0 lost")
    await other.close()
})

test("the status light says what is the matter, and after eject that the card can be pulled", async () => {
    await crowdedCard(board.image)
    await board.start(imagePath)
    const light = async () => {
        const before = board.shown.length
        await board.event("!light")
        return board.shown.slice(before).trim()
    }
    /** Within ten seconds the light shows this. */
    const shows = async (pattern: string) => {
        for (let i = 0; i < 20 && (await light()) !== `light: ${pattern}`; ++i)
            await board.sleep(0.5)
        expect(await light()).toBe(`light: ${pattern}`)
    }
    await shows("one flash: all is well")
    await board.event("!temp 1 70")
    await shows("two flashes: an error flag is up")
    await board.event("!temp 1 25")
    await shows("one flash: all is well")
    const ejected = await board.run("card eject")
    expect(ejected.text).toBe("ok, the card can be pulled: the status light stays on\n")
    await shows("steadily on: safe to remove the card")
    await board.event("!card out")
    await shows("three flashes: no card, or it cannot be used")
    await board.event("!card in")
    await board.sleep(5)
    await shows("one flash: all is well")
    expect((await board.run("card")).lines[3]).toBe("health      0 retries, 0 errors since mount 2")
    // Each change has told itself in the board's log.
    expect(board.logged(/^light: steadily on/)).toHaveLength(1)
    expect(board.logged(/^light: three flashes/)).toHaveLength(1)
})
