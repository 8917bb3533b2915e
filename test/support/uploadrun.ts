import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { recordSeconds, type SimulatorBench, type SimulatorRun } from "./simulator"
import { requireTool } from "./tools"

const pastDay = "20250101.CSV"
/** The simulated board has joined its network by the end of this. */
const joining = "sleep 14s"

/** An upload of the simulated board, in real time. */
export interface UploadRun extends SimulatorRun {
    /** The confirmed size and name of the past day's file, and the time from log-in until then. */
    bytes: number
    remoteName: string
    seconds: number
}

/** Numbered records, so that no two places are alike. */
export function pastDayLog(bytes: number): Buffer {
    let text = "time,number\r\n"
    for (let number = 0; text.length < bytes; ++number)
        text += `2025-01-01 13:19:45,${String(number).padStart(8, "0")},3.306,3.307,1,2,21.9\r\n`
    return Buffer.from(text.slice(0, bytes - 2) + "\r\n")
}

/** Makes a board with no records and one log of a past day, of this many bytes. */
export async function prepareUpload(bench: SimulatorBench, bytes: number): Promise<void> {
    const lines = ["set ftp.enable off", "set sd.enable off", "set sd.period 1", "set sd.cells on"]
    // Removes the demo's logs.
    const run = await bench.exec([...lines, "card format yes"], ["--speed", "max"])
    if (run.exit !== 0) throw new Error(`the board was not prepared:\n${run.output}`)
    const file = join(bench.folder, "past.csv")
    writeFileSync(file, pastDayLog(bytes))
    const image = join(bench.state, "card.img")
    execFileSync(requireTool("mmd"), ["-i", image, "::LOG"])
    execFileSync(requireTool("mcopy"), ["-i", image, file, `::LOG/${pastDay}`])
}

/**
 * Starts the prepared board in real time and makes it send everything; runs `lines` before and
 * `after` afterwards.
 */
export async function runUpload(
    bench: SimulatorBench,
    ftpPort: number,
    lines: string[] = [],
    after: string[] = [],
): Promise<UploadRun> {
    const flags = ["--speed", "1", "--ftp", `127.0.0.1:${ftpPort}`]
    const run = await bench.exec([...lines, joining, "ftp send", ...after], flags)
    const confirmed = /^\[ *([\d.]+)\] ftp: confirmed (\d+) bytes of (\S+20250101\S*)$/m.exec(
        run.output,
    )
    const loggedIn = /^\[ *([\d.]+)\] ftp: logged in$/m.exec(run.output)
    if (run.exit !== 0 || !confirmed || !loggedIn)
        throw new Error(`the upload failed:\n${run.output}`)
    const seconds = Number(confirmed[1]) - Number(loggedIn[1])
    return { ...run, bytes: Number(confirmed[2]), remoteName: confirmed[3], seconds }
}

export interface Fairness {
    /** Records of both logs missing on the card, with one due per second. */
    missed: number
    records: number
    /** Lateness of the logger's task since the start. */
    latenessMsMax: number
    upload: UploadRun
}

/** An upload of the prepared board that writes main and cell log every second. */
export async function measureFairness(bench: SimulatorBench, ftpPort: number): Promise<Fairness> {
    const upload = await runUpload(bench, ftpPort, ["set sd.enable on"], ["sleep 3s", "tasks"])
    let missed = upload.summary.records.lost
    let records = 0
    for (const folder of ["LOG", "CELL"]) {
        const names = bench.cardNames(folder).filter(name => name !== pastDay)
        const seconds = names
            .sort()
            .flatMap(name => recordSeconds(bench.cardFile(`${folder}/${name}`)))
        const due = seconds.at(-1)! - seconds[0] + 1
        if (!(due > upload.seconds)) throw new Error(`${folder}: hardly any records on the card`)
        missed += due - seconds.length
        records += seconds.length
    }
    const late = /^log .*late by (\d+) ms/m.exec(upload.answer("tasks").join("\n"))
    if (!late) throw new Error("tasks does not say how late the log was")
    const latenessMsMax = Number(late[1])
    return { missed, records, latenessMsMax, upload }
}
