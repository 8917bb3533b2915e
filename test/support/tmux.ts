import { spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { projectFolder } from "../../tools/firmware"

const shownMs = 50_000

/** A terminal on its own tmux server that runs a program of the project. */
export class Tmux {
    private readonly server = `bms-${process.pid}-${randomUUID().slice(0, 8)}`

    private run(...args: string[]): string {
        const done = spawnSync("tmux", ["-L", this.server, "-f", "/dev/null", ...args], {
            encoding: "utf8",
            cwd: projectFolder,
        })
        if (done.status !== 0) throw new Error(`tmux ${args.join(" ")}: ${done.stderr}`)
        return done.stdout
    }

    open(command: string): void {
        this.run("new-session", "-d", "-x", "110", "-y", "45", "-s", "test", command)
        this.run("set-option", "-g", "remain-on-exit", "on")
    }

    keys(...keys: string[]): void {
        this.run("send-keys", "-t", "test", ...keys)
    }

    type(text: string): void {
        this.run("send-keys", "-t", "test", "-l", text)
    }

    paste(text: string): void {
        this.run("set-buffer", text)
        this.run("paste-buffer", "-t", "test")
    }

    screen(): string {
        return this.run("capture-pane", "-p", "-J", "-t", "test").trimEnd()
    }

    /** The last non-empty row, which has the prompt. */
    row(): string {
        return this.screen().split("\n").at(-1)!
    }

    /** Waits until the screen matches. @returns the screen */
    async shows(what: RegExp): Promise<string> {
        for (const endMs = Date.now() + shownMs; ; await sleep(50)) {
            const screen = this.screen()
            if (what.test(screen)) return screen
            if (Date.now() > endMs) throw new Error(`${what} is not shown:\n${screen}`)
        }
    }

    /** Presses Tab, as an impatient person does, until the screen matches. */
    async completes(what: RegExp): Promise<void> {
        for (const endMs = Date.now() + shownMs; !what.test(this.screen()); await sleep(300)) {
            if (Date.now() > endMs) throw new Error(`${what} is not shown:\n${this.screen()}`)
            this.keys("Tab")
        }
    }

    /**
     * Returns when the program has ended. Asks tmux, because its note on the screen may be missing.
     */
    async ends(): Promise<void> {
        const endMs = Date.now() + shownMs
        while (this.run("display-message", "-p", "-t", "test", "#{pane_dead}").trim() !== "1") {
            if (Date.now() > endMs) throw new Error(`it does not end:\n${this.screen()}`)
            await sleep(50)
        }
    }

    clear(): void {
        this.keys("C-l")
        this.run("clear-history", "-t", "test")
    }

    close(): void {
        spawnSync("tmux", ["-L", this.server, "kill-server"])
    }
}
