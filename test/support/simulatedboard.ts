import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import type { CpuName } from "../../sim/cpu"
import { runEvent } from "../../sim/events"
import { LinePrinter } from "../../sim/lineprinter"
import { Simulation } from "../../sim/simulation"
import { createCard } from "../../sim/state"
import { saveImage } from "./fatimage"
import { MemoryState } from "./memorystate"
import { requireTool } from "./tools"

/** The virtual date at the start. */
const startMs = Date.UTC(2026, 2, 1)

/** The answer to a console line. */
export interface Answer {
    /** 1 for a refusal. */
    status: number
    text: string
    lines: string[]
}

/** One simulated board with its console; nothing outlives `end`. */
export class SimulatedBoard {
    readonly simulation: Simulation
    /** The board's log, with the board time in ms. */
    readonly log: { atMs: number; text: string }[] = []
    /** The whole output: these lines and the simulator's own. */
    shown = ""
    /** Called with each of these lines. */
    onLog: (text: string) => void = () => undefined
    private readonly folder = mkdtempSync(join(tmpdir(), "bms-board-"))
    private readonly state: MemoryState

    constructor(
        imagePath: string,
        options: { cpu?: CpuName; cardBytes?: number; card?: MemoryStore; seed?: number } = {},
    ) {
        if (options.card) saveImage(options.card, join(this.folder, "card.img"))
        if (options.cardBytes) createCard(join(this.folder, "card.img"), options.cardBytes)
        this.state = new MemoryState(this.folder)
        const output = new PassThrough()
        output.on("data", text => this.take(String(text)))
        const { cpu = "esp32", seed = 1 } = options
        const printer = new LinePrinter(output, this.state)
        this.simulation = new Simulation(
            { speed: "max", cpu, seed, dateMs: startMs },
            this.state,
            imagePath,
            printer,
        )
    }

    /** The output of a line. Throws when the board refuses it. */
    async run(line: string): Promise<string> {
        const { status, text } = await this.answer(line)
        if (status !== 0) throw new Error(`"${line}" was refused: ${text}`)
        return text
    }

    /** The answer to a line, refused or not; `watch` gets its output up to now. */
    async answer(line: string, watch?: (text: string) => void): Promise<Answer> {
        let text = ""
        await this.simulation.consoleReady()
        const { status } = await this.simulation.console.execute(line, part => {
            text += part
            watch?.(text)
        })
        return { status, text, lines: text.split("\n").slice(0, -1) }
    }

    /** Runs one of the simulator's events: "!card out". */
    async event(text: string): Promise<void> {
        await runEvent(text, this.simulation)
    }

    nowMs(): number {
        return this.simulation.clock.nowMs()
    }

    async sleep(ms: number): Promise<void> {
        await this.simulation.clock.sleep(ms)
    }

    /** A file of the card image, read with mtools. */
    cardFile(path: string): Buffer {
        const target = join(this.folder, "copy")
        const args = ["-n", "-i", join(this.folder, "card.img"), `::${path}`, target]
        execFileSync(requireTool("mcopy"), args)
        return readFileSync(target)
    }

    async end(): Promise<void> {
        await this.simulation.end()
        this.state.release()
        rmSync(this.folder, { recursive: true, force: true })
    }

    /** The first time, from a board time on, of a log line. Throws when there is none. */
    loggedMs(pattern: RegExp, fromMs = 0): number {
        const [atMs] = this.momentsMs(pattern, fromMs)
        if (atMs === undefined) throw new Error(`the board has not logged ${pattern}`)
        return atMs
    }

    /** All times, from a board time on, of a log line. */
    momentsMs(pattern: RegExp, fromMs = 0): number[] {
        return this.log
            .filter(one => one.atMs >= fromMs && pattern.test(one.text))
            .map(one => one.atMs)
    }

    private take(text: string): void {
        this.shown += text
        for (const line of text.split("\n")) {
            const [, stamp, words] = /^\[ *([\d.]+)\] (.*)$/.exec(line) ?? []
            if (words === undefined) continue
            this.log.push({ atMs: Number(stamp) * 1000, text: words })
            this.onLog(words)
        }
    }
}
