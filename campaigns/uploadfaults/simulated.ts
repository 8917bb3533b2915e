import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { SimulatorBench } from "../../test/support/simulator"
import { Vsftpd } from "../../test/support/vsftpd"
import { BoardClock } from "./boardclock"
import { type Action, describeFault, type Fault, type Manners } from "./faults"
import { FaultProxy } from "./faultproxy"
import { Random } from "../../test/support/random"

/** Board time runs this many times faster than the faults' real time. */
const speed = 20
/** Allowed heap peak above that of a run without a fault. */
const heapBytesMore = 4096

export interface SimulatedResult {
    what: string
    heapPeakBytes: number | undefined
    failures: number
    violations: string[]
    output: string
}

const troubles: ((random: Random) => { fault?: Fault; manners?: Manners })[] = [
    () => ({}),
    ...(["cut", "reset", "stall", "stall, reset", "outage"] as Action[]).flatMap(action => [
        (random: Random) => ({
            fault: {
                action,
                when: { bytes: 1 + random.below(5000) },
                stallMs: 300 + random.below(2000),
            },
        }),
        (random: Random) => ({
            fault: { action, when: { step: random.below(60) }, stallMs: 300 + random.below(2000) },
        }),
    ]),
    () => ({ manners: { split: true, lines: true } }),
    random => ({ manners: { longLine: random.below(8) } }),
    random => ({ manners: { garbageAt: random.below(8) } }),
    () => ({ manners: { epsvRefused: "500 what?", pasvAddress: "0.0.0.0" } }),
]

/** Number of cases for the simulator; the first has no fault. */
export const simulatedCases = troubles.length

/** Three sessions: the later ones repair what a fault spoiled. */
const lines = [
    "set sd.period 1",
    "set sd.cells on",
    "set ftp.cells on",
    "set ftp.period 86400",
    "sleep 60s",
    "ftp send",
    "sleep 30s",
    "ftp send",
    "sleep 30s",
    "set sd.enable off",
    "ftp send",
    "ftp",
]

/** Every file of the card is on the server, once and complete. */
function judgeFiles(
    bench: SimulatorBench,
    server: Vsftpd,
    check: (holds: boolean, text: string) => void,
): void {
    for (const folder of ["LOG", "CELL", "EVT"])
        for (const name of bench.cardNames(folder)) {
            const card = bench.cardFile(`${folder}/${name}`)
            const found = readdirSync(server.root).filter(file =>
                file.includes(`-${folder}-${name.slice(0, 8)}`),
            )
            check(found.length === 1, `on the server for ${name}: ${found.join(", ")}`)
            if (found.length !== 1) continue
            const there = readFileSync(join(server.root, found[0]))
            check(
                there.equals(card),
                `${found[0]} has ${there.length} bytes instead of ${card.length}`,
            )
        }
}

/**
 * Runs a simulated board against vsftpd behind a proxy with one fault; then everything must arrive.
 */
export async function runSimulated(
    index: number,
    seed: number,
    heapBaseBytes?: number,
): Promise<SimulatedResult> {
    const random = new Random(seed * 1000 + index)
    const { fault, manners } = troubles[index](random)
    const clock = new BoardClock()
    clock.calm = true
    const proxy = new FaultProxy("ftp", clock)
    const server = new Vsftpd()
    const bench = new SimulatorBench()
    const what = fault ? describeFault(fault) : JSON.stringify(manners ?? {})
    try {
        proxy.targetPort = await server.start()
        await proxy.start()
        proxy.arm(fault, manners ?? {})
        const options = ["--speed", String(speed), "--ftp", `127.0.0.1:${proxy.port}`]
        const run = await bench.exec(lines, options)
        const violations: string[] = []
        const check = (holds: boolean, text: string): void => {
            if (!holds) violations.push(text)
        }
        const { resets, records, heap, ftp } = run.summary
        check(resets === 0, `${resets} resets of the board`)
        check(records.lost === 0, `${records.lost} records lost`)
        const limit = (heapBaseBytes ?? Infinity) + heapBytesMore
        check(!(heap.peakBytes! > limit), `the heap's peak is ${heap.peakBytes} bytes`)
        judgeFiles(bench, server, check)
        return {
            what,
            heapPeakBytes: heap.peakBytes,
            failures: ftp.failures,
            violations,
            output: run.output,
        }
    } finally {
        clock.stop()
        await proxy.stop()
        await bench.close()
        await server.remove()
    }
}
