import { createHash } from "node:crypto"
import { Access } from "../../src/console/access"
import { Parts } from "../../src/console/parts"
import { Session } from "../../src/console/session"
import { Shell } from "../../src/console/shell"
import type { Output } from "../../src/core/seams"
import { Journal } from "../../src/journal/journal"
import { Key } from "../../src/settings/keys"
import { Settings } from "../../src/settings/settings"
import { WifiKeeper } from "../../src/tasks/wifikeeper"
import { DeviceBuffer } from "./devicebuffer"
import { storable } from "./memoryflash"
import { Turns } from "./turns"

/** A key/value store in memory that can refuse writes. */
class FakeFlash {
    readonly values = new Map<string, DeviceBuffer>()
    writes = 0
    refuseAfter = Infinity

    async read(key: string) {
        return this.values.get(key)
    }

    async write(key: string, value: Uint8Array) {
        if (++this.writes > this.refuseAfter) throw new Error("flash refused")
        this.values.set(key, storable(value))
    }

    async remove(key: string) {
        this.values.delete(key)
    }
}

/** Collects the output of a console line. */
export class CollectedOutput implements Output {
    private chunks: Uint8Array[] = []
    flushes = 0
    largestWrite = 0

    async writeOut(data: string | Uint8Array, length = data.length) {
        const bytes = globalThis.Buffer.from(data as string)
        const kept = typeof data === "string" ? bytes : bytes.subarray(0, length)
        this.largestWrite = Math.max(this.largestWrite, kept.length)
        this.chunks.push(kept)
    }

    async sendOut() {
        this.flushes++
    }

    take(): string {
        const text = globalThis.Buffer.concat(this.chunks).toString()
        this.chunks = []
        return text
    }
}

/** A shell on fakes. Settings and journal are real; the test sets everything else. */
export class ConsoleBench {
    nowMs = 5_000_000
    readonly flash = new FakeFlash()
    readonly alarms = { up: 0, set: () => undefined, flags: () => this.alarms.up }
    readonly settings = new Settings(this.flash as never, this.alarms as never, "AB12", new Turns())
    readonly journal = new Journal(this.flash as never)
    readonly output = new CollectedOutput()
    readonly session = new Session()
    readonly acts: string[] = []
    /** The result of a requested upload: "" or why it failed. */
    uploadEnd = ""
    readonly ticks = {
        nowMs: () => this.nowMs,
        sleep: async (ms: number) => void (this.nowMs += ms),
    }
    readonly clock = {
        source: 2,
        chipError: "",
        nowSeconds: () => 1_795_345_200,
        trusted: () => true,
        offsetMinutes: () => 60,
        offer: async (seconds: number, source: number) => this.act(`offer ${seconds} ${source}`),
    }
    /** Enough for `status` and `describe`; CardConsole has a card for the other commands. */
    readonly storage = {
        lastError: "",
        mounted: () => this.storage.lastError === "",
    }
    readonly battery: { last: object | undefined } = {
        last: {
            packMv: 52_800,
            currentMa: -1_200,
            socPermille: 875,
            cellMv: [3_300, 3_301],
            temperatureDeciC: [215, -5],
            chipDeciC: 300,
            balancing: 2,
            safety: 0,
            alerts: 0,
            atMs: 4_999_000,
        },
    }
    readonly supervisor = {
        cause: 0,
        safeMode: false,
        uptimeSeconds: () => 93_784,
        reset: async (cause: number) => this.act(`reset ${cause}`),
    }
    /** The station is connected to the network of the settings unless a test changes that. */
    readonly wifi = {
        connected: () => true,
        address: async () => "192.168.1.7",
        network: () => (this.wifi.connected() ? this.settings.text(Key.WifiSsid) : ""),
    }
    readonly parts = {
        version: "0.1.0",
        ticks: this.ticks,
        settings: this.settings,
        clock: this.clock,
        alarms: this.alarms,
        journal: this.journal,
        battery: this.battery,
        storage: this.storage,
        backup: { remark: undefined as string | undefined },
        supervisor: this.supervisor,
        scheduler: {
            tasks: [
                {
                    options: { name: "log" },
                    runs: 12,
                    failures: 1,
                    longestMs: 34,
                    latenessMsMax: 5,
                    lastError: "no card",
                },
                {
                    options: { name: "time" },
                    runs: 3,
                    failures: 0,
                    longestMs: 20,
                    latenessMsMax: 0,
                    lastError: "",
                },
            ],
        },
        logger: {
            recordsWritten: (kind: number) => 7 - kind,
            recordsLost: () => 3,
            queued: () => 2,
        },
        uploader: {
            activity: () => "waiting",
            lastError: "",
            unsentBytes: () => 1234,
            test: async () => ["mode: direct", "log-in accepted"],
            requested: false,
            finished: async () => this.uploadEnd,
            sender: { filesConfirmed: 2, bytesConfirmed: 8192, logins: 3 },
            pacing: { failures: 1, failuresInRow: 0 },
            resend: async (day: string) => {
                this.act(`resend ${day}`)
                return 4
            },
        },
        wifi: this.wifi,
        wifiKeeper: new WifiKeeper(
            this.ticks,
            this.settings,
            this.wifi as never,
            this.flash as never,
            this.alarms as never,
            () => undefined,
        ),
        syncTime: async () => this.settings.text(Key.TimeServer) !== "",
        spawn: (work: () => Promise<void>) => void work(),
        access: new Access(this.ticks, this.settings, {
            digest: (first: Uint8Array, second: Uint8Array) =>
                DeviceBuffer.from(createHash("sha256").update(first).update(second).digest()),
            random: (bytes: number) => DeviceBuffer.from(new Uint8Array(bytes).fill(7)),
        } as never),
    }
    readonly shell = new Shell(this.parts as unknown as Parts)

    /** Runs a line and returns its output; `refused` says how it ended. */
    async run(line: string, session = this.session): Promise<string> {
        this.refused = !(await this.shell.carryOut(session, line, this.output))
        return this.output.take()
    }
    refused = false

    private act(what: string): void {
        this.acts.push(what)
    }
}
