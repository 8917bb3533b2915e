import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { SimClock } from "../../sim/clock"
import { runEvent } from "../../sim/events"
import type { LinePrinter } from "../../sim/lineprinter"
import { Simulation } from "../../sim/simulation"
import { MemoryState } from "../../test/support/memorystate"
import { firmware, readManifest } from "../../tools/firmware"
import type { World } from "./world"

/** The optimized image in the DeviceScript runtime, in the simulator. */
export class VmWorld implements World {
    readonly name = "virtual machine"
    onLine: (line: string) => void = () => {}
    private answer = ""

    private constructor(
        private readonly folder: string,
        private readonly state: MemoryState,
        imagePath: string,
    ) {
        const printer = {
            line: () => undefined,
            log: (text: string) => {
                const logged = /^\[ *[\d.]+\] (.*)$/s.exec(text)
                if (logged) this.onLine(logged[1])
            },
            text: (text: string): void => void (this.answer += text),
        }
        const options = { speed: "max" as const }
        const asPrinter = printer as unknown as LinePrinter
        this.simulation = new Simulation(options, state, imagePath, asPrinter)
    }

    private readonly simulation: Simulation

    static async create(): Promise<VmWorld> {
        const program = await firmware(readManifest().entries.simulator)
        const folder = mkdtempSync(join(tmpdir(), "bms-soak-"))
        const state = new MemoryState(join(folder, "state"))
        return new VmWorld(folder, state, program.imagePath)
    }

    get clock(): SimClock {
        return this.simulation.clock
    }

    get cardPath(): string {
        return this.state.cardPath
    }

    get serverPath(): string {
        return this.state.ftpPath
    }

    get resets(): number {
        return this.simulation.board.resets
    }

    async start(): Promise<void> {
        await this.simulation.start()
    }

    async execute(line: string): Promise<string> {
        this.answer = ""
        await this.simulation.execute(line)
        return this.answer
    }

    async event(line: string): Promise<void> {
        await runEvent(line, this.simulation)
    }

    liveHeapBytes(): number | undefined {
        return this.simulation.liveHeapBytes()
    }

    async end(): Promise<void> {
        await this.simulation.end()
        this.state.release()
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true })
    }
}
