import { SimClock } from "../sim/clock"
import { Vm } from "../sim/vm"

/** A program's log in the runtime. */
export interface Run {
    lines: string[]
    /** The runtime's panic code, if the program died. */
    panic?: number
}

/**
 * Runs a program in a separate runtime, without board and network, at full speed.
 * @param until the last log line to wait for
 * @param boardMs timeout in board time
 * @param look gets the runtime's memory at each line
 * @throws Error if the runtime refuses the program
 */
export async function runImage(
    image: Uint8Array,
    until: string,
    boardMs: number,
    look?: (line: string, memory: Uint8Array) => void,
): Promise<Run> {
    const run: Run = { lines: [] }
    const clock = new SimClock("max")
    let finish: () => void = () => undefined
    const finished = new Promise<void>(resolve => (finish = resolve))
    let flash = new Uint8Array()
    let vm: Vm | undefined = undefined
    const memory = () => vm?.memory()
    vm = await Vm.start(
        {
            clock,
            epochMs: Date.UTC(2026, 0, 1),
            deviceId: "1989f4eee0ebe206",
            loadFlash: () => flash,
            saveFlash: data => (flash = data.slice()),
            onFrame: () => undefined,
            onLog: line => {
                run.lines.push(line)
                const bytes = look && memory()
                if (bytes) look(line.trimEnd(), bytes)
                if (line.endsWith("> " + until)) finish()
            },
            onReboot: finish,
            onPanic: code => {
                run.panic = code
                finish()
            },
        },
        image,
    )
    clock.setTimeout(finish, boardMs)
    await finished
    vm.cut()
    clock.stop()
    return run
}

/**
 * Throws an Error with the verifier's number (verify.c; 1051 is the wall) if the runtime refuses
 * the image.
 */
export async function verifyImage(image: Uint8Array): Promise<void> {
    await runImage(image, "", 0)
}
