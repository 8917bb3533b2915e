import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimFtpServer, type SimFtpServerOptions } from "../../sim/net/ftpserver"
import type { NetworkOptions } from "../../sim/net/options"
import { SimNetwork } from "../../sim/network"
import { Chance } from "../../sim/random"
import { vi } from "vitest"
import { Alarm } from "../../src/core/alarm"
import type { TcpConnector, WallClock } from "../../src/core/seams"
import { Key } from "../../src/settings/keys"
import type { Uploader } from "../../src/upload/uploader"
import { MemoryFlash } from "./memoryflash"
import type { natives } from "./simnatives"
import { MemoryCard } from "./uploadcard"
import { builtForUpload } from "./builtfirmware"
import { MapSettings } from "./mapsettings"
import { noonSeconds } from "./uploadboard"
import { VirtualClock } from "./virtualclock"

/**
 * The firmware's uploader with its own socket code, on the simulated network with the simulation's
 * FTP server, all in board time. Tests that import it must mock "@devicescript/core" with
 * simnatives.ts.
 */
export class SimUpload {
    readonly clock = new VirtualClock()
    readonly card = new MemoryCard()
    readonly flash = new MemoryFlash()
    readonly settings = new MapSettings()
    readonly network: SimNetwork
    readonly server: SimFtpServer
    readonly root = mkdtempSync(join(tmpdir(), "bms-simupload-"))
    /** The log, with the board's time. */
    readonly lines: string[] = []
    /** Names received, in order. */
    readonly received: string[] = []
    /** Number of times the alarm was raised. */
    alarms = 0
    alarm = false
    uploader!: Uploader
    tcp!: TcpConnector

    private constructor(
        options: Partial<NetworkOptions>,
        seed: number,
        server: Partial<SimFtpServerOptions>,
    ) {
        const { clock } = this
        this.network = new SimNetwork(clock, options, new Chance(seed))
        const host = this.network.hosts.host("ftp.sim")
        this.server = new SimFtpServer(clock, host, { root: this.root, ...server })
        this.server.on("received", name => void this.received.push(name))
        this.settings.set(Key.FtpHost, "ftp.sim")
        this.settings.set(Key.FtpPeriod, 60)
    }

    static async start(
        options: Partial<NetworkOptions> = {},
        seed = 1,
        server: Partial<SimFtpServerOptions> = {},
    ): Promise<SimUpload> {
        const world = new SimUpload(options, seed, server)
        await world.boot()
        return world
    }

    /** Runs one session now. @returns the uploader's last error, "" for none */
    async session(): Promise<string> {
        this.uploader.requested = true
        await this.clock.finish(this.uploader.run())
        return this.uploader.lastError
    }

    /** Runs the upload's task once per second for this long. */
    async run(ms: number): Promise<void> {
        const endMs = this.clock.nowMs() + ms
        while (this.clock.nowMs() < endMs) {
            await this.clock.finish(this.uploader.run())
            this.clock.advance(1000)
        }
    }

    /** Cuts the power and restores it; the uploader starts afresh. */
    async cutPower(): Promise<void> {
        this.network.dropAll()
        this.card.release()
        this.clock.advance(3000)
        await this.boot()
    }

    /** Files in the server's folder that are missing or differ from the card. */
    differences(folder = ""): string[] {
        const wrong: string[] = []
        const root = join(this.root, folder)
        const names = existsSync(root) ? readdirSync(root) : []
        for (const [path, content] of this.card.files) {
            if (!path.startsWith("LOG/")) continue
            const name = `BMS-1-LOG-${path.slice(4)}`
            if (!names.includes(name)) wrong.push(`${name} is missing`)
            else if (!readFileSync(join(root, name)).equals(Buffer.from(content)))
                wrong.push(`${name} is not what the card has`)
        }
        const count = [...this.card.files.keys()].filter(path => path.startsWith("LOG/")).length
        if (names.length > count) wrong.push(`more than the card has: ${names.join(", ")}`)
        return wrong
    }

    remove(): void {
        rmSync(this.root, { recursive: true, force: true })
    }

    /** Starts the program: its modules have no state of an earlier start. */
    private async boot(): Promise<void> {
        const { clock } = this
        vi.resetModules()
        const runtime = (await import("@devicescript/core")) as unknown as typeof natives
        const { DeviceTcpConnector } = await import("../../src/board/socket")
        const { Firmware } = await import("../../src/firmware")
        runtime.plugIn(clock, this.network.socket)
        this.tcp = new DeviceTcpConnector()
        const wallClock: WallClock = {
            nowSeconds: () => noonSeconds + Math.floor(clock.nowMs() / 1000),
            trusted: () => true,
            offsetMinutes: () => 60,
            offer: async () => {},
        }
        const board = {
            ticks: { nowMs: () => Math.floor(clock.nowMs()), sleep: runtime.sleep },
            flash: this.flash,
            tcp: this.tcp,
            log: (line: string) => void this.lines.push(`${Math.round(clock.nowMs())} ${line}`),
        }
        const alarms = {
            set: (alarm: Alarm, active: boolean) => {
                if (alarm !== Alarm.Ftp) return
                if (active && !this.alarm) this.alarms++
                this.alarm = active
            },
        }
        const { settings, card: storage } = this
        const around = { settings, clock: wallClock, storage, alarms }
        this.uploader = builtForUpload(Firmware, board, around).uploader
    }
}
