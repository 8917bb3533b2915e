import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import type { ConsoleClient } from "../../console/client"
import { HeapGauge } from "../../sim/heap"
import { LinePrinter } from "../../sim/lineprinter"
import { Simulation } from "../../sim/simulation"
import { MemoryState } from "../../test/support/memorystate"
import { Random } from "../../test/support/random"
import { changing, complaint } from "./judge"
import { LineFuzzer } from "./lines"

const lineBytesMax = 231
/** The settings are compared after every this many lines. */
const comparedLines = 20
/**
 * The first use of each method enlarges its class's table, and each alarm keeps its last reason:
 * after this many lines most of that has happened. A leak of a quarter of a byte per line would be
 * found in the second half.
 */
const settlingLines = 6000
const firstUseBytesMax = 4096
const heapGrowthBytesMax = 1536
/**
 * Lines that make everything made on first use, including the files of records and cell records.
 */
const firstLines = [
    "describe",
    "card ls",
    "show",
    "import",
    "abort",
    "set sd.cells on",
    "set sd.period 1",
]
/** Lines that would end the test, or need absent servers; other tests cover them. */
const leftOut =
    /reset\.enable|reset"?\s+"?now|format|eject|passwd|ftp\.(host|gateway|enable)|wifi\.ssid|time\.server/
const cells = /^(cell \d+ +\d\.\d{3} V.*\n){3,16}$|^error: no answer/

export interface VmCounts {
    done: number
    refused: number
    /** Heap kept by the idle program: before, after half the lines, and at the end. */
    heapBytes: [number, number, number]
}

/** The firmware in the VM, with two consoles. */
export class FuzzedBoard {
    readonly simulation: Simulation
    /** The whole log. */
    shown = ""
    private readonly folder = mkdtempSync(join(tmpdir(), "bms-fuzz-"))
    private readonly consoles: ConsoleClient[]

    constructor(imagePath: string) {
        const screen = new PassThrough()
        screen.on("data", data => (this.shown += data))
        const state = new MemoryState(this.folder)
        const options = { state: this.folder, speed: "max" as const }
        const printer = new LinePrinter(screen, state)
        this.simulation = new Simulation(options, state, imagePath, printer)
        this.consoles = [this.simulation.console, this.simulation.secondConsole()]
    }

    async start(): Promise<void> {
        await this.simulation.start()
        await this.run("card format yes")
    }

    async end(): Promise<void> {
        await this.consoles[1].close()
        await this.simulation.end()
        rmSync(this.folder, { recursive: true, force: true })
    }

    /** Runs a line at one of the two consoles. */
    async run(line: string | Uint8Array, from = 0): Promise<{ done: boolean; text: string }> {
        let text = ""
        const { status } = await this.consoles[from].execute(line, part => (text += part))
        return { done: status === 0, text }
    }

    /** Runs fuzzed lines. Throws an Error that names the line and the fault in its effect. */
    async fuzz(lines: number, seed: number): Promise<VmCounts> {
        const random = new Random(seed)
        const fuzzer = new LineFuzzer(random, lineBytesMax)
        const counts = { done: 0, refused: 0 }
        const block = new Block()
        // One of each, so that everything made on first use exists.
        for (const line of firstLines) await this.run(line, 1)
        await this.simulation.clock.sleep(5000)
        const heapBefore = await this.quietHeapBytes(block)
        let heapHalfway = heapBefore
        const halfway = Math.round(lines / 2 / comparedLines) * comparedLines
        let before = await this.settings()
        let mayHaveChanged = false
        for (let i = 1; i <= lines; ++i) {
            const { line, done } = await this.step(fuzzer, random, block)
            counts[done ? "done" : "refused"]++
            mayHaveChanged ||= done && changing.test(line)
            if (i % comparedLines !== 0) continue
            const after = await this.settings()
            if (!mayHaveChanged && after !== before)
                throw new Error(`refused lines have changed a setting:\n${before}\n${after}`)
            before = after
            mayHaveChanged = false
            if (i !== halfway) continue
            heapHalfway = await this.quietHeapBytes(block)
            before = await this.settings()
        }
        const heapAfter = await this.quietHeapBytes(block)
        const heapBytes: VmCounts["heapBytes"] = [heapBefore, heapHalfway, heapAfter]
        const grown = heapAfter - heapHalfway > heapGrowthBytesMax && halfway >= settlingLines
        if (grown || heapAfter - heapBefore > firstUseBytesMax)
            throw new Error(`the heap went from ${heapBytes.join(" to ")} bytes`)
        await this.judgeLife()
        return { ...counts, heapBytes }
    }

    private async step(fuzzer: LineFuzzer, random: Random, block: Block) {
        const { bytes, line, secret } = nextLine(fuzzer)
        const inBlock = block.open
        // The other console runs a line at the same time.
        const aside = random.chance(0.1) ? this.run("cells", 1) : undefined
        const { done, text } = await this.run(bytes)
        block.after(line, done)
        const outcome = { done, text, before: "", after: "", inBlock }
        let wrong = complaint({ bytes, secret }, line, outcome)
        if (aside && !cells.test((await aside).text))
            wrong ??= "another console got different output"
        if (wrong) throw new Error(`${wrong}: ${JSON.stringify(line)}\n${text}`)
        return { line, done }
    }

    /** There must have been only one start, without a panic. */
    private async judgeLife(): Promise<void> {
        const { resets } = this.simulation.summary(0)
        const starts = this.shown.match(/\] start: /g)?.length
        const { text } = await this.run("status")
        if (resets !== 0 || starts !== 1 || !/^last start +deployed$/m.test(text))
            throw new Error(`${resets} resets, ${starts} starts\n${text}`)
        const bad = /^.*(PANIC|Exception|task .* failed).*$/m.exec(this.shown)
        if (bad) throw new Error(bad[0])
    }

    /** The median over two minutes: a task running during a collection adds more than 1 kB. */
    private async quietHeapBytes(block: Block): Promise<number> {
        if (block.open) await this.run("abort")
        block.open = false
        // Setting texts count too, and an ejected card has no open files.
        await this.run("defaults all yes", 1)
        this.simulation.cardOut()
        await this.simulation.clock.sleep(10_000)
        this.simulation.cardIn()
        await this.simulation.clock.sleep(20_000)
        const gauge = new HeapGauge()
        const seenBytes: number[] = []
        for (let i = 0; i < 240; ++i) {
            gauge.sample(this.simulation.board.memory()!)
            if (gauge.liveBytes !== seenBytes.at(-1)) seenBytes.push(gauge.liveBytes!)
            await this.simulation.clock.sleep(500)
        }
        return seenBytes.sort((one, other) => one - other)[seenBytes.length >> 1]
    }

    /** The settings as shown to a person. */
    private async settings(): Promise<string> {
        const { text } = await this.run("show", 1)
        return text.replace(/^ {2}(ftp\.last|reset\.(count|last)).*$/gm, "")
    }
}

function nextLine(fuzzer: LineFuzzer): { bytes: Uint8Array; line: string; secret?: string } {
    for (;;) {
        const { bytes, secret } = fuzzer.next()
        const line = new TextDecoder().decode(bytes)
        if (!leftOut.test(line)) return { bytes, line, secret }
    }
}

/** Tracks whether a console is in an import block. */
class Block {
    open = false

    after(line: string, done: boolean): void {
        const word = line.trim().replaceAll('"', "").split(" ")[0]
        if (!this.open) this.open = done && word === "import"
        else if (word === "end" || word === "abort") this.open = false
    }
}
