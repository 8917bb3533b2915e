import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { spawnSync } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { importWithFirmware } from "../test/support/firmwareloader"
import { firmware, projectFolder, readManifest } from "../tools/firmware"
import { boardBench } from "./board"
import { crcBench } from "./crc"
import { flashBench } from "./flash"
import { heapBench, heapBudgets, heapFloors } from "./heap"

// Prints counts and ratios and writes them to bench/results.json. Unmeasured figures are absent.

type Results = Record<string, number>

// jacdac-ts reports its connections here.
console.debug = () => {}

/** Upper limits, and the floors of the heap; a figure beyond its budget makes the bench fail. */
const budgets: Results = {
    "heap.peakBytes": 48 * 1024,
    ...heapBudgets,
    "boot.firstRecordMs": 3000,
    "esp32.secondCpuPercent": 10,
    "esp32.format32GBSeconds": 15,
    "esp32.format32GBRecordsLost": 0,
    "card.fat32-4k.writesPerRecord": 1.2,
    "card.fat32-4k.readsPerRecord": 0.02,
    "card.fat32-32k.writesPerRecord": 1.14,
    "card.fat32-32k.readsPerRecord": 0.02,
    "card.fat16-4k.writesPerRecord": 1.2,
    "card.fat16-4k.readsPerRecord": 0.02,
    "card.twoLogs.writesPerRecord": 1.35,
    "flash.journalEntryBytes": 64,
    "flash.settingBytes": 64,
    "flash.quietDayBytes": 4800,
    "ftp.firstFile.commands": 12,
    "ftp.nextFile.commands": 9,
    "ftp.connectionsPerFile": 2,
    "logger.busy.missed": 0,
    "logger.missed": 0,
    "logger.latenessMsMax": 200,
    "soc.errorPercentMax": 3,
}

/** Lower limits. */
const minima: Results = {
    ...heapFloors,
    "simulator.boardSecondsPerSecond": 1500,
}

async function measureCode(): Promise<Results> {
    const { entries, budgets: limits } = readManifest()
    const program = await firmware(entries.board)
    budgets["code.bytes"] = limits.codeBytes
    budgets["image.bytes"] = limits.imageBytes
    return { "code.bytes": program.codeBytes, "image.bytes": program.imageBytes }
}

async function measureCard(): Promise<Results> {
    const { cardBench } = await importWithFirmware<{ cardBench(): Promise<Results> }>(
        "/bench/card.ts",
    )
    return await cardBench()
}

async function measureUpload(): Promise<Results> {
    const { uploadBench } = await importWithFirmware<{ uploadBench(): Promise<Results> }>(
        "/bench/upload.ts",
    )
    return await uploadBench()
}

async function measureStateOfCharge(): Promise<Results> {
    const { socBench } = await importWithFirmware<{ socBench(): Promise<Results> }>("/bench/soc.ts")
    return await socBench()
}

/**
 * Keeps every task busy: 1 s logging with cells, uploads every 30 s, occasional alarms, the
 * console.
 */
const busyMinute = [
    "!current -300",
    "sleep 20s",
    "status",
    "describe",
    "!current 10",
    "sleep 40s",
    "journal",
]
const busyStart = ["set sd.period 1", "set sd.cells on"]

/** The output of a new simulated board for these lines at speed max. */
function runBoard(lines: string[]): string {
    const folder = mkdtempSync(join(tmpdir(), "bms-bench-"))
    try {
        const script = join(folder, "exec.txt")
        writeFileSync(script, lines.join("\n"))
        const cli = join(projectFolder, "node_modules/tsx/dist/cli.mjs")
        const state = join(folder, "state")
        const flags = ["--state", state, "--speed", "max", "--exec", script, "--summary", "json"]
        const run = spawnSync(process.execPath, [cli, "sim/cli.ts", ...flags], {
            cwd: projectFolder,
            encoding: "utf8",
            maxBuffer: 64 * 1024 * 1024,
        })
        if (run.status !== 0) throw new Error(`the busy run failed:\n${run.stdout}${run.stderr}`)
        return run.stdout
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
}

/**
 * The whole board for ten busy minutes. The heap figure is what a collection could not free,
 * sampled in the runtime's memory every 200 ms of board time.
 */
function measureBusyBoard(): Results {
    // The second start is timed: from power-on to the first record on the card.
    const lines = [...busyStart, ...Array(10).fill(busyMinute).flat(), "!power cut", "sleep 10s"]
    return readBusyRun(runBoard([...lines, "tasks"]))
}

function readBusyRun(output: string): Results {
    const lines = output.trimEnd().split("\n")
    const summary = JSON.parse(lines.at(-1)!)
    const logged = lines.flatMap(line => {
        const match = /^\[ *([\d.]+)\] records: (\d+) main/.exec(line)
        return match ? [{ atSeconds: Number(match[1]), main: Number(match[2]) }] : []
    })
    const cut = lines.indexOf("> !power cut")
    const stamp = (line: string) => Number(/^\[ *([\d.]+)\]/.exec(line)?.[1])
    const started = lines.slice(cut).find(line => line.includes("* DeviceScript Simulator"))!
    const first = lines.slice(cut).find(line => / records: /.test(line))!
    const tasks = lines.slice(lines.lastIndexOf("> tasks"))
    const log = tasks.find(line => line.startsWith("log "))!
    const beforeCut = logged.filter(one => one.atSeconds < stamp(started))
    const fromSeconds = beforeCut[2].atSeconds
    const seconds = beforeCut.at(-1)!.atSeconds - fromSeconds
    const records = beforeCut.slice(3).reduce((sum, one) => sum + one.main, 0)
    return {
        "heap.peakBytes": summary.heap.peakBytes,
        "heap.freeBytesMin": summary.heap.freeBytesMin,
        "heap.largestFreeMin": summary.heap.largestFreeMin,
        "boot.firstRecordMs": Math.round((stamp(first) - stamp(started)) * 1000),
        "logger.busy.missed": Math.max(0, Math.round(seconds) - records),
        "logger.busy.latenessMsMax": Number(/late by (\d+) ms/.exec(log)![1]),
        "ftp.busy.filesConfirmed": summary.ftp.filesConfirmed,
    }
}

function print(results: Results): boolean {
    let good = true
    console.log("figure".padEnd(40) + "measured".padStart(12) + "budget".padStart(12))
    for (const [name, value] of Object.entries(results)) {
        const budget = budgets[name]
        const over =
            (budget !== undefined && value > budget) ||
            (minima[name] !== undefined && value < minima[name])
        good &&= !over
        const shown = Number.isInteger(value) ? String(value) : value.toFixed(4)
        const limit = budget ?? (minima[name] === undefined ? "" : `>= ${minima[name]}`)
        console.log(
            name.padEnd(40) +
                shown.padStart(12) +
                String(limit).padStart(12) +
                (over ? "  OVER" : ""),
        )
    }
    return good
}

const results = {
    ...(await measureCode()),
    ...(await measureCard()),
    ...(await crcBench()),
    ...(await boardBench()),
    ...measureBusyBoard(),
    ...(await heapBench()),
    ...(await measureUpload()),
    ...(await flashBench()),
    ...(await measureStateOfCharge()),
}
mkdirSync(join(projectFolder, "bench"), { recursive: true })
const path = join(projectFolder, "bench", "results.json")
const before: Results = (() => {
    try {
        return JSON.parse(readFileSync(path, "utf8"))
    } catch {
        return {}
    }
})()
// A campaign's figures stay until it is run again.
const campaigns = Object.entries(before).filter(([name]) => /^(powercut|flashcut)\./.test(name))
const kept = { ...results, ...Object.fromEntries(campaigns) }
writeFileSync(path, JSON.stringify(kept, undefined, 4) + "\n")
const good = print(results)
for (const [name, value] of Object.entries(results))
    if (before[name] !== undefined && before[name] !== value)
        console.log(`${name}: ${before[name]} before`)
process.exit(good ? 0 : 1)
