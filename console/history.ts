import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"

const linesMax = 1000

/** The usual folder of the user's programs for such files. */
export function historyPath(environment: NodeJS.ProcessEnv = process.env): string {
    const home = homedir()
    const state =
        process.platform === "win32"
            ? (environment.LOCALAPPDATA ?? join(home, "AppData", "Local"))
            : environment.XDG_STATE_HOME || join(home, ".local", "state")
    return join(state, "bms-mini", "history")
}

/** Typed lines, kept between runs. Callers must not add lines with secrets. */
export class History {
    private last = ""
    private failed = false

    /** @param onTrouble called once if the file cannot be kept */
    constructor(
        private readonly path: string,
        private readonly onTrouble: (message: string) => void,
    ) {}

    /** The lines, oldest first. Trims a file that has grown too long. */
    load(): string[] {
        let text: string
        try {
            text = readFileSync(this.path, "utf8")
        } catch (failure) {
            if ((failure as NodeJS.ErrnoException).code !== "ENOENT") this.trouble(failure)
            return []
        }
        const lines = text.split("\n").filter(line => line !== "")
        this.last = lines.at(-1) ?? ""
        if (lines.length <= linesMax) return lines
        const kept = lines.slice(-linesMax / 2)
        this.attempt(() => writeFileSync(this.path, kept.join("\n") + "\n", { mode: 0o600 }))
        return kept
    }

    add(line: string): void {
        if (this.failed || line === this.last || /[\r\n]/.test(line)) return
        this.last = line
        this.attempt(() => {
            mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
            appendFileSync(this.path, line + "\n", { mode: 0o600 })
        })
    }

    private attempt(work: () => void): void {
        try {
            work()
        } catch (failure) {
            this.trouble(failure)
        }
    }

    private trouble(failure: unknown): void {
        if (this.failed) return
        this.failed = true
        this.onTrouble(`the history cannot be saved: ${(failure as Error).message}`)
    }
}
