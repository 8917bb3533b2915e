import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Summary } from "../../sim/summary"
import { requireTool } from "./tools"

/** The result of one simulator run. */
export interface SimulatorRun {
    exit: number | null
    output: string
    /**
     * For each time that it was run: the output's lines after `> command` and before the next
     * command, without board log lines.
     */
    answers(command: string): string[][]
    /** The last of them. */
    answer(command: string): string[]
    summary: Summary
}

/** The same course in every run, at full speed; later flags override these. */
const repeatable = ["--speed", "max", "--seed", "1", "--date", "2026-03-01T08:00:00Z"]

/** One run under way. */
class SimulatorProcess {
    output = ""
    readonly ended: Promise<SimulatorRun>
    private readonly child: ChildProcess
    private heard: () => void = () => {}

    constructor(flags: readonly string[]) {
        const all = ["--import", "tsx", "sim/cli.ts", ...flags]
        this.child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] })
        const hear = (data: string): void => {
            this.output += data
            this.heard()
        }
        this.child.stdout!.on("data", hear)
        this.child.stderr!.on("data", hear)
        this.ended = new Promise<number | null>(done => this.child.on("close", done)).then(exit => {
            this.heard()
            return this.result(exit)
        })
        this.ended.catch(() => undefined)
    }

    /** Returns when the output from `from` on matches; throws when the run ends before. */
    async until(pattern: RegExp, from = 0): Promise<void> {
        while (!pattern.test(this.output.slice(from))) {
            if (this.child.exitCode !== null)
                throw new Error(`it ended before ${pattern}:\n${this.output}`)
            await new Promise<void>(resolve => (this.heard = resolve))
        }
    }

    kill(signal: NodeJS.Signals): void {
        this.child.kill(signal)
    }

    private result(exit: number | null): SimulatorRun {
        const { output } = this
        const last = output.trimEnd().split("\n").at(-1)!
        if (!last.startsWith("{"))
            throw new Error(`the simulator ended without a summary:\n${output}`)
        return {
            exit,
            output,
            answers: command => answersIn(output, command),
            answer: command => answersIn(output, command).at(-1)!,
            summary: JSON.parse(last),
        }
    }
}

/** A state folder and the runs in it. */
export class SimulatorBench {
    readonly folder = mkdtempSync(join(tmpdir(), "bms-simulator-"))
    readonly state = join(this.folder, "state")
    private readonly running = new Set<SimulatorProcess>()

    /**
     * Runs `npm start`'s program with an --exec file of these lines, the same in every run unless
     * flags say otherwise.
     */
    async exec(lines: (string | Uint8Array)[], flags: string[] = []): Promise<SimulatorRun> {
        const script = join(this.folder, "exec.txt")
        const parts = lines.flatMap(line => [Buffer.from(line as string), Buffer.from("\n")])
        writeFileSync(script, Buffer.concat(parts))
        return await this.run(["--exec", script, ...flags])
    }

    async run(flags: string[]): Promise<SimulatorRun> {
        const started = this.start(flags)
        try {
            return await started.ended
        } finally {
            this.running.delete(started)
        }
    }

    /** As `run`, for a run that the test watches or ends. */
    start(flags: string[]): SimulatorProcess {
        const all = ["--state", this.state, "--summary", "json", ...repeatable, ...flags]
        const started = new SimulatorProcess(all)
        this.running.add(started)
        return started
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

    /** The findings of fsck.fat; undefined for a sound volume. */
    cardComplaint(): string | undefined {
        const args = ["-n", join(this.state, "card.img")]
        const checked = spawnSync(requireTool("fsck.fat"), args, { encoding: "utf8" })
        return checked.status === 0 ? undefined : checked.stdout + checked.stderr
    }

    async close(): Promise<void> {
        for (const run of this.running) run.kill("SIGKILL")
        rmSync(this.folder, { recursive: true, force: true })
    }
}

function answersIn(output: string, command: string): string[][] {
    const lines = output.split("\n")
    const answers = lines.flatMap((line, at) => {
        if (line !== `> ${command}`) return []
        const rest = lines.slice(at + 1)
        const end = rest.findIndex(line => line.startsWith("> ") || line.startsWith("Stopping:"))
        const shown = (one: string) => one !== "" && !/^\[ *\d+\.\d{3}\] /.test(one)
        return [rest.slice(0, end).filter(shown)]
    })
    if (answers.length === 0) throw new Error(`"${command}" was not run:\n${output}`)
    return answers
}

/** The `time` column of a log, as Unix seconds. */
export function recordSeconds(csv: Buffer): number[] {
    const lines = csv.toString("utf8").split("\r\n").slice(1, -1)
    return lines.map(line => Date.parse(line.slice(0, 19).replace(" ", "T") + "Z") / 1000)
}
