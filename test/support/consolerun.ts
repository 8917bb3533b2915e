import { spawn } from "node:child_process"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import { projectFolder } from "../../tools/firmware"

const runMsMax = 40_000
const untilMs = 20_000

/** The end of a console run. */
export interface Ended {
    status: number | null
    output: string
    errors: string
}

/** `npm run console` with these arguments and this standard input. */
export class ConsoleRun {
    output = ""
    errors = ""
    readonly ended: Promise<Ended>
    private readonly child

    constructor(
        args: string[],
        input?: string,
        environment: NodeJS.ProcessEnv = {},
        program = "console/cli.ts",
    ) {
        this.child = spawn(process.execPath, ["--import", "tsx", program, ...args], {
            cwd: projectFolder,
            timeout: runMsMax,
            env: { ...process.env, ...environment },
        })
        this.child.stdout.setEncoding("utf8").on("data", text => (this.output += text))
        this.child.stderr.setEncoding("utf8").on("data", text => (this.errors += text))
        if (input !== undefined) this.child.stdin.end(input)
        this.ended = once(this.child, "close").then(([status]) => {
            return { status, output: this.output, errors: this.errors }
        })
    }

    type(line: string): void {
        this.child.stdin.write(line + "\n")
    }

    signal(name: NodeJS.Signals): void {
        this.child.kill(name)
    }

    /** Returns when the condition holds; throws on a timeout. */
    async until(condition: () => boolean): Promise<void> {
        for (const endMs = Date.now() + untilMs; !condition(); await sleep(20))
            if (Date.now() > endMs)
                throw new Error(`it did not come; so far: ${this.output}${this.errors}`)
    }
}

/** Runs the console to its end. */
export const runConsole = (
    args: string[],
    input?: string,
    environment?: NodeJS.ProcessEnv,
): Promise<Ended> => new ConsoleRun(args, input, environment).ended

/** Runs `npm run deploy` with these arguments to its end. */
export const runDeploy = (args: string[]): Promise<Ended> =>
    new ConsoleRun(args, "", {}, "console/deploycli.ts").ended
