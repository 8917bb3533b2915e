import { Alarm } from "../../src/core/alarm"
import { type Board, type TcpConnector, TimeSource, type WallClock } from "../../src/core/seams"
import { Key, type StateWriter } from "../../src/settings/keys"
import type { CardStorage } from "../../src/upload/cardreader"
import { Uploader } from "../../src/upload/uploader"
import { MemoryFlash } from "./memoryflash"
import { MemoryCard } from "./uploadcard"

/** Settings held in a map, with the defaults that the upload reads. */
export class MapSettings implements StateWriter {
    /** Number of writes that changed a value. */
    writes = 0
    private readonly values = new Map<Key, number | string>([
        [Key.UserSerial, "BMS-1"],
        [Key.FtpEnable, 1],
        [Key.FtpHost, "127.0.0.1"],
        [Key.FtpPort, 21],
        [Key.FtpUser, "anonymous"],
        [Key.FtpPassword, ""],
        [Key.FtpPeriod, 3600],
        [Key.FtpCells, 0],
        [Key.FtpDirectory, ""],
        [Key.FtpGateway, ""],
        [Key.WifiSsid, ""],
    ])

    set(key: Key, value: number | string): void {
        this.values.set(key, value)
    }

    number(key: Key): number {
        return Number(this.values.get(key) ?? 0)
    }

    text(key: Key): string {
        return String(this.values.get(key) ?? "")
    }

    async apply(keys: Key[], values: (number | string)[]): Promise<void> {
        if (keys.some((key, i) => this.values.get(key) !== values[i])) ++this.writes
        keys.forEach((key, i) => this.values.set(key, values[i]))
    }
}

/** 2026-11-22 12:00:00 UTC. */
export const noonSeconds = 1795348800

/** Everything around an Uploader; time passes only in sleeps or when the test moves it. */
export class UploadWorld {
    readonly card = new MemoryCard()
    readonly flash = new MemoryFlash()
    readonly settings = new MapSettings()
    readonly alarms = new Set<Alarm>()
    readonly lines: string[] = []
    readonly offers: number[] = []
    nowMs = 1000
    wifiUp = true
    readonly uploader: Uploader
    readonly ticks = {
        nowMs: () => this.nowMs,
        sleep: async (ms: number) => {
            this.nowMs += Math.max(1, Math.ceil(ms))
            // Real servers also need a little real time.
            await new Promise(resolve => setTimeout(resolve, this.realSleeps ? ms : 0))
        },
    }
    readonly clock: WallClock = {
        nowSeconds: () => noonSeconds + Math.floor(this.nowMs / 1000),
        trusted: () => true,
        offsetMinutes: () => 60,
        offer: async (seconds: number, source: TimeSource) => {
            if (source === TimeSource.Http) this.offers.push(seconds)
        },
    }

    constructor(
        readonly tcp: TcpConnector,
        private readonly realSleeps = false,
        storage?: CardStorage,
    ) {
        const board = {
            ticks: this.ticks,
            flash: this.flash,
            tcp,
            wifi: { connected: () => this.wifiUp },
        } as unknown as Board
        this.uploader = new Uploader(
            board,
            this.settings,
            this.clock,
            storage ?? this.card,
            { run: async (_owner, _timeoutMs, work) => await work() },
            {
                set: (alarm, active) => {
                    if (active) this.alarms.add(alarm)
                    else this.alarms.delete(alarm)
                },
            },
            line => this.lines.push(line),
        )
        // The board was just set up: its first session is due.
        this.uploader.settingsChanged()
    }

    /** Runs one session now; throws the uploader's last error. */
    async session(): Promise<void> {
        this.uploader.requested = true
        await this.uploader.run()
        if (this.uploader.lastError !== "") throw new Error(this.uploader.lastError)
    }
}
