import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { LinePrinter } from "../../sim/lineprinter"
import { SerialOffer } from "../../sim/serial"
import { Simulation } from "../../sim/simulation"
import { StateFolder } from "../../sim/state"
import { firmware, readManifest } from "../../tools/firmware"

/**
 * A simulated board in this process, with its serial port on a pseudo-terminal and FTP_HOST in its
 * network.
 */
export class SerialSimulation {
    /** The simulator's output: the board's log. */
    log = ""
    private offer: SerialOffer | undefined

    private constructor(
        readonly folder: string,
        /** Path or address of the serial port. */
        readonly port: string,
        readonly simulation: Simulation,
        /** The folder with the files sent to FTP_HOST. */
        readonly ftpPath: string,
        output: PassThrough,
    ) {
        output.on("data", text => (this.log += text))
    }

    /**
     * @param address HOST:PORT instead of a pseudo-terminal
     * @param speed of board time
     * @param makeCard writes the card's image, instead of a blank one
     * @param dateMs its date at the start, Unix ms; the host's date by default
     */
    static async start(
        address?: string,
        speed = 1,
        makeCard?: (path: string) => Promise<void>,
        dateMs?: number,
    ): Promise<SerialSimulation> {
        const { imagePath } = await firmware(readManifest().entries.simulator)
        const folder = mkdtempSync(join(tmpdir(), "serial-"))
        mkdirSync(join(folder, "state"))
        await makeCard?.(join(folder, "state", "card.img"))
        const state = new StateFolder(join(folder, "state"))
        const output = new PassThrough()
        const printer = new LinePrinter(output, state)
        const options = { state: state.path, speed, dateMs }
        const simulation = new Simulation(options, state, imagePath, printer)
        const board = new SerialSimulation(
            folder,
            address ?? join(folder, "port"),
            simulation,
            state.ftpPath,
            output,
        )
        await board.plug()
        await simulation.start()
        return board
    }

    async plug(): Promise<void> {
        this.offer = await SerialOffer.open(this.port, this.simulation.board.serial)
    }

    async unplug(): Promise<void> {
        await this.offer?.close()
        this.offer = undefined
    }

    /** Returns when the port is back after the previous console has closed it. */
    async free(): Promise<void> {
        const there = () => this.port.includes(":") || existsSync(this.port)
        for (const endMs = Date.now() + 5_000; this.offer?.open || !there(); await sleep(20))
            if (Date.now() > endMs) throw new Error("the serial port did not come back")
    }

    /** Runs one line without the serial port. @returns its output */
    async ask(line: string): Promise<string> {
        let text = ""
        await this.simulation.consoleReady()
        await this.simulation.console.execute(line, piece => (text += piece))
        return text
    }

    async end(): Promise<void> {
        await this.unplug()
        await this.simulation.end()
        rmSync(this.folder, { recursive: true, force: true })
    }
}
