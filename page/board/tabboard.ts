import "./host/globals"
import { LinePrinter } from "../../sim/lineprinter"
import { applyDemoSettings, Demo } from "../../sim/demo"
import { runEvent } from "../../sim/events"
import { scenarios } from "../../sim/profile"
import { Simulation } from "../../sim/simulation"
import { StateFolder } from "../../sim/state"
import { tree } from "./host/files"
import { loadRuntime } from "./host/runtimesource"
import { BrowserStore } from "./host/store"
import { asset } from "./assets"
import { TabLine } from "./lines"
import type { Speed } from "./messages"

const folder = "/board"
const imagePath = "/firmware.devs"
/** Interval between checks of skipped time. */
const lookMs = 50

/** The whole simulated board, in this worker. */
export class TabBoard {
    private demo: Demo | undefined

    private constructor(
        private readonly simulation: Simulation,
        private readonly store: BrowserStore,
    ) {}

    /** @param onWorld gets the simulation's own messages */
    static async start(onWorld: (line: string) => void): Promise<TabBoard> {
        const [store, image] = await Promise.all([
            BrowserStore.open(),
            asset("simulator.devs"),
            loadRuntime(),
        ])
        tree.add(imagePath).write(image, 0)
        tree.takeChanges()
        tree.files.delete(folder + "/lock")
        const state = new StateFolder(folder)
        // The page keeps the transcript.
        state.record = () => undefined
        const printer = new LinePrinter(
            { write: (text: string) => (onWorld(text.trimEnd()), true) } as never,
            state,
        )
        printer.shows = () => false
        const simulation = new Simulation({ speed: 1 }, state, imagePath, printer)
        // A closed tab is not a supply failure.
        state.endedInOrder = true
        const board = new TabBoard(simulation, store)
        const started = simulation.start()
        simulation
            .broken()
            .catch((failure: Error) => onWorld(`the board has stopped: ${failure.message}`))
        started
            .then(() => (state.fresh ? board.showOff(printer) : undefined))
            .catch((failure: Error) => onWorld(failure.message))
        return board
    }

    /** For a new board: demo settings, and some scenes until the person makes an event. */
    private async showOff(printer: LinePrinter): Promise<void> {
        await applyDemoSettings(this.simulation, printer)
        await this.store.save()
        this.demo = new Demo(this.simulation, printer)
        await this.demo.play()
    }

    get keeps(): boolean {
        return this.store.keeps
    }

    line(): TabLine {
        return new TabLine(this.simulation.board.serial)
    }

    async event(line: string): Promise<void> {
        this.demo?.stop()
        await runEvent(line, this.simulation)
    }

    setSpeed(speed: Speed): void {
        this.simulation.clock.setSpeed(speed)
    }

    async forward(
        boardMs: number,
        speed: Speed,
        onProgress: (done: number) => void,
    ): Promise<void> {
        const { clock } = this.simulation
        const beganMs = clock.nowMs()
        clock.setSpeed("max")
        try {
            for (let passed = 0; passed < boardMs; passed = clock.nowMs() - beganMs) {
                onProgress(passed / boardMs)
                await new Promise(resolve => setTimeout(resolve, lookMs))
            }
        } finally {
            clock.setSpeed(speed)
        }
    }

    setScenario(name: string): void {
        const scenario = scenarios[name]
        if (!scenario) throw new Error(`there is no scenario ${name}`)
        this.simulation.setScenario(scenario)
    }

    ftpFiles(): { name: string; bytes: number }[] {
        const root = folder + "/ftp/"
        return [...tree.files]
            .filter(([path]) => path.startsWith(root))
            .map(([path, file]) => ({ name: path.slice(root.length), bytes: file.size }))
            .sort((one, other) => (one.name < other.name ? -1 : 1))
    }

    ftpFile(name: string): Uint8Array {
        const file = tree.files.get(`${folder}/ftp/${name}`)
        if (!file) throw new Error(`the server has no file ${name}`)
        return file.content()
    }

    /** Built from pieces: a card is larger than browsers like in one piece. */
    cardImage(): Blob {
        const card = tree.files.get(folder + "/card.img")!
        const pieces: Uint8Array<ArrayBuffer>[] = []
        const step = 1024 * 1024
        const zeros = new Uint8Array(step)
        for (let at = 0; at < card.size; at += step) {
            const piece = new Uint8Array(Math.min(step, card.size - at))
            card.read(piece, at)
            pieces.push(piece.some(byte => byte !== 0) ? piece : zeros.subarray(0, piece.length))
        }
        return new Blob(pieces)
    }

    async forget(): Promise<void> {
        await this.simulation.end()
        await this.store.clear()
    }
}
