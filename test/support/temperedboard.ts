import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimFtpServer } from "../../sim/net/ftpserver"
import type { SimHost } from "../../sim/net/hosts"
import { defaultNetwork } from "../../sim/wifi/air"
import { SimulatedBoard } from "./simulatedboard"

const cardBytes = 64 << 20

/**
 * The whole firmware in the VM. It logs once per second and uploads every ten seconds to the test's
 * server, all in board time.
 */
export class TemperedBoard {
    readonly board: SimulatedBoard
    readonly host: SimHost
    /** The folder of received files. */
    readonly root = mkdtempSync(join(tmpdir(), "bms-temper-"))
    /** Listens on port 21; a test may stop it and put something else there. */
    readonly server: SimFtpServer

    constructor(imagePath: string, seed = 1) {
        this.board = new SimulatedBoard(imagePath, { cardBytes, seed })
        const { simulation } = this.board
        this.host = simulation.board.network.hosts.host("server.test")
        this.server = new SimFtpServer(simulation.clock, this.host, { root: this.root })
    }

    async start(): Promise<void> {
        const { board } = this
        await board.simulation.start()
        for (const line of [
            `set wifi.ssid ${defaultNetwork.name}`,
            `set wifi.password ${defaultNetwork.password}`,
            "set sd.period 1",
            "card format yes",
            "set ftp.period 10",
            "set ftp.enable on",
        ])
            await board.run(line)
        while (!(await board.run("wifi")).includes("connected, ")) await board.sleep(1000)
        await board.run("set ftp.host server.test")
    }

    nowMs(): number {
        return this.board.simulation.clock.nowMs()
    }

    async remove(): Promise<void> {
        await this.board.end()
        rmSync(this.root, { recursive: true, force: true })
    }

    /** The board's faults: panics, resets, and seconds from `fromMs` on without a record. */
    faults(fromMs: number): string[] {
        const { simulation, log } = this.board
        const wrong = log
            .filter(({ text }) => /PANIC|fault:|waited|stuck|out of memory/i.test(text))
            .map(({ atMs, text }) => `${atMs} ms: ${text}`)
        const { resets, records } = simulation.summary(0)
        if (resets > 0) wrong.push(`${resets} resets`)
        if (records.lost > 0) wrong.push(`${records.lost} records lost`)
        const seconds = (this.nowMs() - fromMs) / 1000
        const made = log
            .filter(({ atMs }) => atMs >= fromMs)
            .map(({ text }) => Number(/^records: (\d+) main/.exec(text)?.[1] ?? 0))
            .reduce((sum, records) => sum + records, 0)
        // The board logs the counts every two seconds.
        if (Math.abs(made - seconds) > 3) wrong.push(`${made} records in ${seconds} s`)
        return wrong
    }

    /** All files on the server, by name. */
    received(): Map<string, Buffer> {
        const names = readdirSync(this.root)
        return new Map(names.map(name => [name, readFileSync(join(this.root, name))]))
    }
}
