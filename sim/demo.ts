import { runEvent } from "./events"
import type { LinePrinter } from "./lineprinter"
import { FTP_HOST, type Simulation } from "./simulation"
import { defaultNetwork } from "./wifi/air"

/** Settings of a new board that show something at once. */
const loggingLines = [
    "card format yes",
    `set wifi.password ${defaultNetwork.password}`,
    `set wifi.ssid ${defaultNetwork.name}`,
    "set sd.period 5",
    "set sd.cells on",
]
const uploadLines = [
    `set ftp.host ${FTP_HOST}`,
    "set ftp.period 30",
    "set ftp.cells on",
    "set ftp.enable on",
]
/** Battery events of the demo: a load, and a cell that is weak under it. */
const scenes: { afterMs: number; line: string; remark: string }[] = [
    { afterMs: 6_000, line: "!current -18.5", remark: "an 18.5 A load switches on" },
    { afterMs: 5_000, line: "!cell 7 2.93", remark: "cell 7 sags under it: CELL_IMBALANCE" },
    { afterMs: 6_000, line: "!current -9.2", remark: "half of the load switches off" },
    { afterMs: 7_000, line: "!cell 7 free", remark: "cell 7 recovers" },
    { afterMs: 6_000, line: "!current free", remark: "the load switches off, the sun charges" },
]

/** Plays the scenes until the person at the prompt types an event. */
export class Demo {
    private stopped = false

    constructor(
        private readonly simulation: Simulation,
        private readonly printer: LinePrinter,
    ) {}

    async play(): Promise<void> {
        for (const { afterMs, line, remark } of scenes) {
            await this.simulation.clock.sleep(afterMs)
            if (this.stopped) return
            this.printer.line(`[demo: ${line}: ${remark}]`)
            await runEvent(line, this.simulation)
        }
    }

    /** The person has taken over. Overrides stay. */
    stop(): void {
        this.stopped = true
    }
}

/** By then the first record is on the card, so that the first session has something to send. */
const FIRST_RECORD_MS = 6000

/** Types the demo settings into a new board's console and says so. */
export async function applyDemoSettings(
    simulation: Simulation,
    printer: LinePrinter,
): Promise<void> {
    printer.line(
        "A new board: typing demo settings into its console (5 s logging, FTP every 30 s; --no-demo skips them).",
    )
    await type(loggingLines, simulation, printer)
    await simulation.clock.sleep(FIRST_RECORD_MS)
    await type(uploadLines, simulation, printer)
}

async function type(
    lines: readonly string[],
    simulation: Simulation,
    printer: LinePrinter,
): Promise<void> {
    for (const line of lines) {
        printer.line("> " + line)
        const status = await simulation.execute(line)
        if (status !== 0) throw new Error(`the board refused the demo setting "${line}"`)
    }
}
