import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Key } from "../src/settings/keys"
import { esp32Socket, NodeConnector } from "../test/support/nodesocket"
import { SimulatorBench } from "../test/support/simulator"
import { findTool } from "../test/support/tools"
import { pattern } from "../test/support/uploadcard"
import { measureFairness, prepareUpload, runUpload } from "../test/support/uploadrun"
import { UploadBoard } from "../test/support/uploadboard"
import { Vsftpd } from "../test/support/vsftpd"
import { FtpMeter } from "./ftpmeter"

type Results = Record<string, number>

/** Further files, in the runs that measure the cost per file. */
const moreFiles = 4
const fileBytes = 4096
const timedBytes = 1 << 20
const curlRounds = 5
const fairnessBytes = 5 << 20

interface Wire {
    commands: number
    connections: number
}

/** A session's traffic for the first file and each further one. */
async function cost(
    meter: FtpMeter,
    prefix: string,
    session: (files: number) => Promise<void>,
): Promise<Results> {
    const measure = async (files: number): Promise<Wire> => {
        meter.reset()
        await session(files)
        return { commands: meter.commands.length, connections: meter.connections }
    }
    const first = await measure(1)
    const all = await measure(1 + moreFiles)
    return {
        [prefix + ".firstFile.commands"]: first.commands,
        [prefix + ".firstFile.connections"]: first.connections,
        [prefix + ".nextFile.commands"]: (all.commands - first.commands) / moreFiles,
        [prefix + ".connectionsPerFile"]: (all.connections - first.connections) / moreFiles,
    }
}

/** The uploader over one socket, with a new serial number for each session. */
async function uploaderCost(meter: FtpMeter, port: number): Promise<Results> {
    return await cost(meter, "ftp", async files => {
        const tcp = new NodeConnector(esp32Socket)
        const board = await UploadBoard.start({ tcp, manual: true, realTime: true })
        await board.set(Key.FtpPort, port)
        await board.set(Key.UserSerial, `W${files}`)
        for (let i = 0; i < files; ++i)
            await board.put(`LOG/2026112${i}.CSV`, pattern(fileBytes, i + 1))
        await board.session()
        if (board.uploader.sender.filesConfirmed !== files)
            throw new Error("a file was not confirmed")
    })
}

async function runCurl(curl: string, file: string, port: number): Promise<void> {
    const login = ["--user", "anonymous:bms-mini@"]
    await promisify(execFile)(curl, ["-sS", ...login, "-T", file, `ftp://127.0.0.1:${port}/`])
}

async function curlCost(
    meter: FtpMeter,
    curl: string,
    folder: string,
    port: number,
): Promise<Results> {
    return await cost(meter, "curl", async files => {
        const names = Array.from({ length: files }, (_, i) => join(folder, `C${files}-${i}.CSV`))
        for (const name of names) writeFileSync(name, pattern(fileBytes))
        await runCurl(curl, files > 1 ? `{${names.join(",")}}` : names[0], port)
    })
}

/** Time from the first connection to the last byte, in ms; the median of several rounds. */
async function curlMs(
    meter: FtpMeter,
    curl: string,
    folder: string,
    port: number,
): Promise<number> {
    const rounds: number[] = []
    const file = join(folder, "TIMED.CSV")
    writeFileSync(file, pattern(timedBytes))
    for (let i = 0; i < curlRounds; ++i) {
        meter.reset()
        await runCurl(curl, file, port)
        rounds.push(meter.durationMs)
    }
    return rounds.sort((a, b) => a - b)[curlRounds >> 1]
}

/** The same for the firmware in the simulator, at real speed, otherwise idle. */
async function boardMs(meter: FtpMeter, port: number): Promise<number> {
    const bench = new SimulatorBench()
    try {
        await prepareUpload(bench, timedBytes)
        meter.reset()
        await runUpload(bench, port)
        return meter.durationMs
    } finally {
        await bench.close()
    }
}

async function fairness(port: number): Promise<Results> {
    const bench = new SimulatorBench()
    try {
        await prepareUpload(bench, fairnessBytes)
        const { missed, records, latenessMsMax, upload } = await measureFairness(bench, port)
        const kibibytes = Math.round(upload.bytes / 1024 / upload.seconds)
        console.log(
            `while ${upload.bytes} bytes went out in ${upload.seconds.toFixed(1)} s (${kibibytes} KiB/s): ` +
                `${missed} of ${records} records missed, logger late by ${latenessMsMax} ms`,
        )
        return { "logger.missed": missed, "logger.latenessMsMax": latenessMsMax }
    } finally {
        await bench.close()
    }
}

/**
 * The upload's traffic and time against vsftpd, and curl's figures if there is curl. Without vsftpd
 * or mtools figures are absent.
 */
export async function uploadBench(): Promise<Results> {
    if (findTool("vsftpd") === undefined) return {}
    const folder = mkdtempSync(join(tmpdir(), "bms-upload-bench-"))
    const server = new Vsftpd()
    const meter = new FtpMeter(await server.start())
    const curl = findTool("curl")
    try {
        const port = await meter.start()
        const results = await uploaderCost(meter, port)
        if (curl) Object.assign(results, await curlCost(meter, curl, folder, port))
        if (findTool("mcopy") === undefined) return results
        const ours = await boardMs(meter, port)
        const curls = curl && (await curlMs(meter, curl, folder, port))
        if (curls) {
            results["ftp.timeVsCurl"] = ours / curls
            console.log(
                `1 MiB: ${ours.toFixed(0)} ms by the simulated board, ${curls.toFixed(0)} ms by curl`,
            )
        }
        return { ...results, ...(await fairness(server.port)) }
    } finally {
        await meter.stop()
        await server.remove()
        rmSync(folder, { recursive: true, force: true })
    }
}
