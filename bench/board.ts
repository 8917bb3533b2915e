import type { CpuName } from "../sim/cpu"
import { FTP_HOST } from "../sim/simulation"
import { defaultNetwork } from "../sim/wifi/air"
import { SimulatedBoard } from "../test/support/simulatedboard"
import { firmware, readManifest } from "../tools/firmware"

// Figures of the whole board, in the ESP32's counted time: the same on every machine, except the
// last one.

type Results = Record<string, number>

const GIB = 1024 ** 3
/** The real capacity of a 32 GB card. */
const largeCardBytes = 30_500 * 1024 ** 2
const joinedMs = 20_000
const quietHourMs = 3_600_000

const round = (value: number, digits = 0) => Number(value.toFixed(digits))

/** The board's activities, each added to the previous ones. */
const secondSteps: [string, string[]][] = [
    ["batteryAndTasks", ["set sd.enable off", "set sd.period 1"]],
    ["mainLog", ["set sd.enable on"]],
    ["cellLog", ["set sd.cells on"]],
]

/** Processor load in a logging second with cells, its shares by activity, and a start. */
async function secondAndStart(imagePath: string, cpu: CpuName): Promise<Results> {
    const board = new SimulatedBoard(imagePath, { cpu })
    const { clock } = board.simulation
    await board.simulation.start()
    await board.run("card format yes")
    const busyPercent: number[] = []
    for (const [, lines] of secondSteps) {
        for (const line of lines) await board.run(line)
        await board.sleep(joinedMs)
        const before = { busyMs: clock.busyMs, atMs: clock.nowMs() }
        await board.sleep(600_000)
        busyPercent.push((100 * (clock.busyMs - before.busyMs)) / (clock.nowMs() - before.atMs))
    }
    const whole = busyPercent.at(-1)!
    const shares = secondSteps.map(([name], i) => {
        const added = busyPercent[i] - (busyPercent[i - 1] ?? 0)
        return [`${cpu}.second.share.${name}`, round(added / whole, 2)]
    })
    board.simulation.powerCut()
    await board.sleep(joinedMs)
    const startMs = board.simulation.board.poweredAtMs
    const firstMs = board.loggedMs(/^records: /, startMs) - startMs
    await board.end()
    return {
        [`${cpu}.secondCpuPercent`]: round(whole, 1),
        ...Object.fromEntries(shares),
        [`${cpu}.bootFirstRecordMs`]: round(firstMs),
    }
}

/** `card format yes` on a 32 GB card with a record every five seconds. */
async function format(imagePath: string): Promise<Results> {
    const board = new SimulatedBoard(imagePath, { cardBytes: largeCardBytes })
    await board.simulation.start()
    await board.run("set sd.period 5")
    const beganMs = board.simulation.clock.nowMs()
    await board.run("card format yes")
    const seconds = (board.simulation.clock.nowMs() - beganMs) / 1000
    await board.sleep(joinedMs)
    const { lost } = board.simulation.summary(0).records
    await board.end()
    return { "esp32.format32GBSeconds": round(seconds, 1), "esp32.format32GBRecordsLost": lost }
}

/**
 * An upload of an hour's records at a period of 1 s, with the shares of interpreter, buses and
 * network in its time.
 */
async function upload(imagePath: string): Promise<Results> {
    const board = new SimulatedBoard(imagePath)
    const { clock } = board.simulation
    const { port } = board.simulation.board
    await board.simulation.start()
    const lines = [
        "card format yes",
        `set wifi.ssid ${defaultNetwork.name}`,
        `set wifi.password ${defaultNetwork.password}`,
        "set sd.period 1",
        "set sd.cells on",
        `set ftp.host ${FTP_HOST}`,
        "set ftp.period 604800",
        "set ftp.cells on",
    ]
    for (const line of lines) await board.run(line)
    await board.sleep(3_600_000)
    for (const line of ["set sd.enable off", "set ftp.enable on"]) await board.run(line)
    const before = { busyMs: clock.busyMs, busMs: port.busyMs, atMs: clock.nowMs() }
    await board.run("ftp send")
    const { bytesConfirmed } = board.simulation.summary(0).ftp
    const endMs = Math.max(
        ...board.log.filter(one => /^ftp: confirmed/.test(one.text)).map(one => one.atMs),
    )
    const beganMs = board.loggedMs(/^ftp: logged in/, before.atMs - 1)
    const wholeMs = clock.nowMs() - before.atMs
    const shares = {
        interpreter: (clock.busyMs - before.busyMs) / wholeMs,
        bus: (port.busyMs - before.busMs) / wholeMs,
    }
    await board.end()
    return {
        "esp32.uploadKBs": round(bytesConfirmed / 1000 / ((endMs - beganMs) / 1000), 1),
        "esp32.uploadPercent.interpreter": round(100 * shares.interpreter),
        "esp32.uploadPercent.bus": round(100 * shares.bus),
        "esp32.uploadPercent.network": round(100 * (1 - shares.interpreter - shares.bus)),
    }
}

/** Board seconds per real second in a quiet hour at a period of 60 s; depends on the machine. */
async function quietHour(imagePath: string): Promise<Results> {
    const board = new SimulatedBoard(imagePath, { cardBytes: GIB })
    await board.simulation.start()
    await board.run("card format yes")
    await board.sleep(joinedMs)
    const began = performance.now()
    await board.sleep(quietHourMs)
    const realSeconds = (performance.now() - began) / 1000
    await board.end()
    return { "simulator.boardSecondsPerSecond": round(quietHourMs / 1000 / realSeconds) }
}

export async function boardBench(): Promise<Results> {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    return {
        ...(await secondAndStart(imagePath, "esp32")),
        ...(await secondAndStart(imagePath, "slow")),
        ...(await format(imagePath)),
        ...(await upload(imagePath)),
        ...(await quietHour(imagePath)),
    }
}
