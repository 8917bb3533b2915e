import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { Summary } from "../../sim/summary"
import { requireTool } from "./tools"

const tsx = resolve("node_modules/tsx/dist/cli.mjs")

/** What one run of the simulator left behind. */
export interface SimulatorRun {
    exit: number | null
    output: string
    /** The output's lines after the line `> command` and before the next one, board log lines left out. */
    answer(command: string): string[]
    summary: Summary
}

/** A state folder of its own and what is run in it. */
export class SimulatorBench {
    readonly folder = mkdtempSync(join(tmpdir(), "bms-simulator-"))
    readonly state = join(this.folder, "state")
    private readonly running = new Set<ChildProcess>()

    /** Runs `npm start`'s program with an --exec file of these lines. */
    async exec(lines: (string | Uint8Array)[], flags: string[] = []): Promise<SimulatorRun> {
        const script = join(this.folder, "exec.txt")
        const parts = lines.flatMap(line => [Buffer.from(line as string), Buffer.from("\n")])
        writeFileSync(script, Buffer.concat(parts))
        return await this.run(["--exec", script, ...flags])
    }

    async run(flags: string[]): Promise<SimulatorRun> {
        const all = [tsx, "sim/cli.ts", "--state", this.state, "--summary", "json", ...flags]
        const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] })
        this.running.add(child)
        let output = ""
        child.stdout.on("data", data => (output += data))
        child.stderr.on("data", data => (output += data))
        const exit = await new Promise<number | null>(done => child.on("close", done))
        this.running.delete(child)
        const last = output.trimEnd().split("\n").at(-1)!
        if (!last.startsWith("{"))
            throw new Error(`the simulator ended without a summary:\n${output}`)
        return {
            exit,
            output,
            answer: command => answerIn(output, command),
            summary: JSON.parse(last),
        }
    }

    /** A file of the card image, by mtools. */
    cardFile(path: string): Buffer {
        const target = join(this.folder, "copy")
        const args = ["-n", "-i", join(this.state, "card.img"), `::${path}`, target]
        const copied = spawnSync(requireTool("mcopy"), args, { encoding: "utf8" })
        if (copied.status !== 0) throw new Error(`mcopy ${path}: ${copied.stderr}`)
        return readFileSync(target)
    }

    /** Names in a directory of the card image, by mtools. */
    cardNames(directory: string): string[] {
        const args = ["-b", "-i", join(this.state, "card.img"), `::${directory}`]
        const listed = spawnSync(requireTool("mdir"), args, { encoding: "utf8" })
        const paths = listed.stdout.split("\n").filter(line => line.startsWith("::"))
        return paths.map(path => path.slice(path.lastIndexOf("/") + 1).trim()).filter(name => name)
    }

    /** What fsck.fat finds; undefined when it is content. */
    cardComplaint(): string | undefined {
        const args = ["-n", join(this.state, "card.img")]
        const checked = spawnSync(requireTool("fsck.fat"), args, { encoding: "utf8" })
        return checked.status === 0 ? undefined : checked.stdout + checked.stderr
    }

    async close(): Promise<void> {
        for (const child of this.running) child.kill("SIGKILL")
        rmSync(this.folder, { recursive: true, force: true })
    }
}

function answerIn(output: string, command: string): string[] {
    const lines = output.split("\n")
    const start = lines.lastIndexOf(`> ${command}`)
    if (start < 0) throw new Error(`"${command}" was not run:\n${output}`)
    const rest = lines.slice(start + 1)
    const end = rest.findIndex(line => line.startsWith("> ") || line.startsWith("Stopping:"))
    return rest.slice(0, end).filter(line => line !== "" && !/^\[ *\d+\.\d{3}\] /.test(line))
}

/** The `time` column of a log, as Unix seconds. */
export function recordSeconds(csv: Buffer): number[] {
    const lines = csv.toString("utf8").split("\r\n").slice(1, -1)
    return lines.map(line => Date.parse(line.slice(0, 19).replace(" ", "T") + "Z") / 1000)
}
