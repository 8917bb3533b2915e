import { SimClock } from "../../sim/clock"
import { type CpuName, cpus } from "../../sim/cpu"
import { BusPort } from "../../sim/port"
import { Chance } from "../../sim/random"
import { Vm } from "../../sim/vm"
import { programImage } from "./compiler"

export interface ProgramRun {
    /** Log lines of the program and the runtime, with the board time in ms. */
    lines: { atMs: number; text: string }[]
    /** The chip's message when it reset itself. */
    abort?: readonly string[]
    panic?: number
    /** The time of the first line with this text. Throws when there is none. */
    at(text: string): number
}

/**
 * Runs a small program of test/vm/programs/chip on the simulated chip, with a chip at I²C
 * address 8.
 */
export async function runProgram(
    entry: string,
    boardMs: number,
    options: { cpu?: CpuName; seed?: number } = {},
): Promise<ProgramRun> {
    const image = await programImage(entry)
    const clock = new SimClock("max")
    const chance = new Chance(options.seed ?? 1)
    const nothing = () => undefined
    const spi = { configure: nothing, select: nothing, transfer: (out: Uint8Array) => out }
    const chip = { address: 8, write: () => true, read: (bytes: number) => new Uint8Array(bytes) }
    const port = new BusPort(spi, [chip], { chance })
    const run: ProgramRun = { lines: [], at: text => timeOf(run, text) }
    let flash = new Uint8Array()
    const vm = await Vm.start(
        {
            clock,
            cpu: cpus[options.cpu ?? "esp32"],
            chance,
            epochMs: Date.UTC(2026, 0, 1),
            deviceId: "1989f4eee0ebe206",
            loadFlash: () => flash,
            saveFlash: data => (flash = data.slice()),
            exchange: buffer => port.exchange(buffer),
            onFrame: frame => {
                if (frame[2] === 0xff) port.fromBoard(frame)
            },
            onLog: text => run.lines.push({ atMs: clock.nowMs(), text }),
            onReboot: () => undefined,
            onAbort: words => (run.abort = words),
            onPanic: code => (run.panic = code),
        },
        image,
    )
    await clock.sleep(boardMs)
    vm.cut()
    clock.stop()
    return run
}

function timeOf(run: ProgramRun, text: string): number {
    const line = run.lines.find(one => one.text.includes(text))
    if (!line)
        throw new Error(`"${text}" was not logged:\n${run.lines.map(one => one.text).join("\n")}`)
    return line.atMs
}
