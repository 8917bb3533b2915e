import { ConsoleClient } from "../../console/client"
import { SimBoard } from "../../sim/board"
import { boardConsole } from "../../sim/boardconsole"
import type { SpiChip } from "../../sim/chips/chip"
import { Bq76952Chip } from "../../sim/chips/bq76952"
import { Ds3231Chip } from "../../sim/chips/ds3231"
import { SdCardChip } from "../../sim/chips/sdcard"
import { MemoryStore } from "../../sim/chips/sdcardstore"
import { SimClock } from "../../sim/clock"
import { type CpuName, cpus } from "../../sim/cpu"
import { Pack } from "../../sim/pack"
import { Chance } from "../../sim/random"
import { firmware, readManifest } from "../../tools/firmware"
import { wholeImage } from "./store"

/** Board time zero: a Sunday, 2026-11-22 10:00 UTC. */
const epochMs = Date.UTC(2026, 10, 22, 10)

const consolePatienceMs = 30_000

/** The board's flash chip, with a hook before each write. */
class FlashChip {
    image: Uint8Array = new Uint8Array(0)
    /** Number of the runtime's writes. */
    saves = 0
    /** Called for each write; false if the power cut prevents it. */
    onSave: (next: Uint8Array, before: Uint8Array) => boolean = () => true

    loadFlash(): Uint8Array {
        return this.image
    }

    saveFlash(data: Uint8Array): void {
        ++this.saves
        // The runtime omits the last byte.
        const next = wholeImage(data)
        if (this.onSave(next, this.image)) this.image = next
    }
}

/** A log line of the board, and its time in board ms. */
export interface LogLine {
    atMs: number
    text: string
}

export interface RigOptions {
    /** The program; by default the firmware's simulator entry. */
    imagePath?: string
    card?: MemoryStore
    /** The clock chip's time at board time zero, Unix ms. */
    startMs?: number
    cpu?: CpuName
    seed?: number
}

/** The path of the simulator's firmware, built if necessary. */
export async function firmwarePath(): Promise<string> {
    return (await firmware(readManifest().entries.simulator)).imagePath
}

/** The whole simulated board with flash and card in memory, at full speed. */
export class Rig {
    readonly clock = new SimClock("max")
    readonly flash = new FlashChip()
    readonly pack = new Pack()
    readonly log: LogLine[] = []
    readonly board: SimBoard
    readonly chip: Ds3231Chip
    /** The card in the slot; undefined if there is none. */
    card: SdCardChip | undefined
    private console: ConsoleClient
    private consoles = 0
    private readonly chance: Chance

    constructor(imagePath: string, options: RigOptions = {}) {
        this.chance = new Chance(options.seed ?? 1)
        const nowMs = () => this.clock.nowMs()
        const monitor = new Bq76952Chip(this.pack, { nowMs })
        monitor.onConfigured = mode =>
            this.pack.useCells(mode.toString(2).replaceAll("0", "").length || 16)
        const startMs = options.startMs ?? epochMs
        this.chip = new Ds3231Chip({
            nowSeconds: () => (epochMs + nowMs()) / 1000,
            startSeconds: startMs / 1000,
        })
        this.insert(options.card)
        this.board = new SimBoard({
            clock: this.clock,
            cpu: cpus[options.cpu ?? "esp32"],
            chance: this.chance,
            state: this.flash,
            imagePath: options.imagePath ?? imagePath,
            epochMs,
            spi: this.slot(),
            i2c: [monitor, this.chip],
            onLog: text => {
                // Anything the runtime still executes after power loss never happened.
                if (this.board.poweredAtMs === Infinity) return
                // A long line is logged in pieces, all but the first with a leading blank.
                if (text.startsWith(">  ")) this.log.at(-1)!.text += text.slice(2).trimEnd()
                else this.log.push({ atMs: this.clock.nowMs(), text: text.trimEnd() })
            },
            onPowerUp: () => this.card?.powerUp(),
            onLight: () => undefined,
        })
        this.console = this.newConsole()
    }

    private newConsole(): ConsoleClient {
        const stream = `console ${++this.consoles}`
        const options = boardConsole(this.clock, epochMs, this.chance, stream)
        return new ConsoleClient(this.board.hub.bus, options)
    }

    insert(store: MemoryStore | undefined): void {
        this.card = store && new SdCardChip(store)
        this.card?.powerUp()
    }

    async start(): Promise<void> {
        await this.board.powerOn()
    }

    /**
     * Waits for the running board's console. Throws if it does not come up.
     * @param sinceMs start of its program; by default the last power-on
     */
    async ready(patienceMs = consolePatienceMs, sinceMs = -1): Promise<void> {
        const endMs = this.clock.nowMs() + patienceMs
        const seen = (atMs: number) => atMs > this.board.poweredAtMs && atMs > sinceMs
        while (!seen(this.console.lastSeenMs() ?? -1)) {
            if (this.clock.nowMs() >= endMs) throw new Error("the console did not come up")
            await this.clock.sleep(50)
        }
    }

    /** Runs one console line. Throws if power fails before the answer. */
    async execute(line: string): Promise<{ status: number; text: string }> {
        let text = ""
        const { status } = await this.console.execute(line, part => (text += part))
        return { status, text }
    }

    /** Runs a line that must succeed. @returns its output */
    async ask(line: string): Promise<string> {
        const { status, text } = await this.execute(line)
        if (status !== 0) throw new Error(`"${line}" was refused: ${text}`)
        return text
    }

    /** Cuts the power now; it is back 0.3 s later. Callers waiting for the console are told. */
    async cut(): Promise<void> {
        this.board.powerCut()
        await this.console.close()
        this.console = this.newConsole()
    }

    /**
     * Waits in board time for a matching log line, from the given one on; undefined after the
     * timeout.
     */
    async logged(pattern: RegExp, from: number, patienceMs: number): Promise<LogLine | undefined> {
        const endMs = this.clock.nowMs() + patienceMs
        for (let next = from; ;) {
            for (; next < this.log.length; ++next)
                if (pattern.test(this.log[next].text)) return this.log[next]
            if (this.clock.nowMs() >= endMs) return undefined
            await this.clock.sleep(50)
        }
    }

    async stop(): Promise<void> {
        this.board.off()
        await this.console.close()
        await this.board.hub.close()
        this.clock.stop()
    }

    private slot(): SpiChip {
        return {
            configure: hz => this.card?.configure(hz),
            select: on => this.card?.select(on),
            transfer: out => this.card?.transfer(out) ?? new Uint8Array(out.length).fill(0xff),
        }
    }
}

/** A new, empty card. */
export function blankCard(megabytes = 64): MemoryStore {
    return new MemoryStore((megabytes * 1024 * 1024) / 512)
}
