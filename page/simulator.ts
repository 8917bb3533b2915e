import { type ChildProcess, spawn } from "node:child_process"
import { createServer, type AddressInfo } from "node:net"
import { createRequire } from "node:module"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type OpenLine, openLine } from "../console/ports"
import { projectFolder } from "../tools/firmware"

const require = createRequire(import.meta.url)
/** It may have to compile the firmware first. */
const startMs = 120_000
const lookMs = 200

/** The simulator in a separate process, started when its board is needed. */
export class SimulatorProcess {
    private child: ChildProcess | undefined
    private address = ""
    private said = ""

    /** @param flags further flags of `npm start --` */
    constructor(private readonly flags: readonly string[] = []) {}

    /** The serial line of its board. Throws an Error with the reason if there is none. */
    async open(): Promise<OpenLine> {
        if (!this.child) await this.start()
        for (const endMs = Date.now() + startMs; ; await sleep(lookMs)) {
            if (!this.child) throw new Error(this.said.trim().split("\n").at(-1) || "no simulator")
            try {
                return await openLine(this.address)
            } catch (failure) {
                if (Date.now() > endMs) throw failure
            }
        }
    }

    /** Like `exit` at its prompt: records are kept. */
    async stop(): Promise<void> {
        const child = this.child
        if (!child) return
        const ended = new Promise(resolve => child.once("exit", resolve))
        child.kill("SIGTERM")
        await ended
    }

    private async start(): Promise<void> {
        this.address = `127.0.0.1:${await freePort()}`
        this.said = ""
        const tsx = join(require.resolve("tsx/package.json"), "../dist/cli.mjs")
        const args = [tsx, "sim/cli.ts", "--serial", this.address, ...this.flags]
        const child = spawn(process.execPath, args, {
            cwd: projectFolder,
            stdio: ["ignore", "ignore", "pipe"],
        })
        child.stderr.on("data", text => (this.said = (this.said + text).slice(-2000)))
        child.on("exit", () => (this.child = undefined))
        this.child = child
    }
}

function freePort(): Promise<number> {
    return new Promise((resolve, reject) => {
        const server = createServer()
        server.once("error", reject)
        server.listen(0, "127.0.0.1", () => {
            const { port } = server.address() as AddressInfo
            server.close(() => resolve(port))
        })
    })
}
