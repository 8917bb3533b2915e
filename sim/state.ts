import {
    appendFileSync,
    chmodSync,
    closeSync,
    existsSync,
    ftruncateSync,
    mkdirSync,
    openSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { type BatteryCondition, parseCondition } from "./profile"
import type { StoredNetwork } from "./wifi/runtime"

/** A new blank card; the file is sparse. */
const CARD_BYTES = 512 * 1024 * 1024

/** The flash holds passwords, and the transcript may. */
const OWNER_ONLY = 0o600

/** The folder that keeps a simulated board between runs. */
export class StateFolder {
    readonly cardPath: string
    readonly ftpPath: string
    /** True if the folder held no board before. */
    readonly fresh: boolean
    /** The simulator itself ended the last run; known once the clock is loaded. */
    endedInOrder = false
    /** Remarks about the folder for the person. */
    readonly remarks: string[] = []
    private readonly lockPath: string
    private readonly flashPath: string
    private readonly clockPath: string
    private readonly batteryPath: string
    private readonly wifiPath: string
    private readonly transcriptPath: string

    constructor(readonly path: string) {
        this.cardPath = join(path, "card.img")
        this.ftpPath = join(path, "ftp")
        this.flashPath = join(path, "flash.bin")
        this.clockPath = join(path, "rtc.json")
        this.batteryPath = join(path, "battery.json")
        this.wifiPath = join(path, "wifi.json")
        this.transcriptPath = join(path, "console.log")
        this.fresh = !existsSync(this.flashPath)
        mkdirSync(this.ftpPath, { recursive: true })
        this.lockPath = join(path, "lock")
        this.lock()
        // An older version's transcript is readable by all.
        if (existsSync(this.transcriptPath)) chmodSync(this.transcriptPath, OWNER_ONLY)
        if (existsSync(this.cardPath)) return
        createCard(this.cardPath)
        if (!this.fresh)
            this.remarks.push(`${this.cardPath} was missing: a blank card is in the socket`)
    }

    /** Frees the folder for the next run. */
    release(): void {
        rmSync(this.lockPath, { force: true })
    }

    // Two boards on one card image would overwrite each other's records.
    private lock(): void {
        const owner = existsSync(this.lockPath) ? Number(readFileSync(this.lockPath, "utf8")) : 0
        if (owner > 0 && owner !== process.pid && isRunning(owner))
            throw new Error(
                `another simulator (process ${owner}) uses ${this.path}: stop it, or give --state`,
            )
        writeFileSync(this.lockPath, `${process.pid}\n`)
    }

    loadFlash(): Uint8Array {
        return existsSync(this.flashPath) ? readFileSync(this.flashPath) : new Uint8Array(0)
    }

    /** Writes the whole flash or nothing, as the chip does per page. */
    saveFlash(data: Uint8Array): void {
        writeWhole(this.flashPath, data)
    }

    /**
     * The clock chip's time now, Unix ms: it kept running since it was saved. Host time for a new
     * board.
     */
    loadClock(hostMs: number): number {
        if (!existsSync(this.clockPath)) return hostMs
        try {
            const saved = JSON.parse(readFileSync(this.clockPath, "utf8"))
            const { chipMs, savedMs } = saved
            this.endedInOrder = saved.endedInOrder === true
            if (Number.isFinite(chipMs) && Number.isFinite(savedMs))
                return chipMs + Math.max(0, hostMs - savedMs)
        } catch {
            // Damaged: as if the chip had been set again.
        }
        this.remarks.push(`${this.clockPath} cannot be read: the clock chip shows the host's time`)
        return hostMs
    }

    saveClock(chipMs: number, hostMs: number, endedInOrder: boolean): void {
        writeWhole(this.clockPath, JSON.stringify({ chipMs, savedMs: hostMs, endedInOrder }) + "\n")
    }

    /** The saved state of battery and monitor chip; empty for new ones. */
    loadBattery(): BatteryCondition {
        if (!existsSync(this.batteryPath)) return {}
        const condition = parseCondition(readFileSync(this.batteryPath, "utf8"))
        if (condition === undefined)
            this.remarks.push(`${this.batteryPath} cannot be read: the battery is new`)
        return condition ?? {}
    }

    saveBattery(condition: BatteryCondition): void {
        writeWhole(this.batteryPath, JSON.stringify(condition) + "\n")
    }

    /**
     * The network stored by the runtime; the chip keeps it in flash, so without flash there is
     * none.
     */
    loadWifi(): StoredNetwork {
        if (!existsSync(this.flashPath) || !existsSync(this.wifiPath)) return {}
        try {
            const saved = JSON.parse(readFileSync(this.wifiPath, "utf8")) as StoredNetwork
            const { ssid, psk } = saved
            if ([ssid, psk].every(one => one === undefined || typeof one === "string"))
                return { ssid, psk }
        } catch {
            // Damaged: as if nothing had been stored.
        }
        this.remarks.push(`${this.wifiPath} cannot be read: the station knows no network`)
        return {}
    }

    saveWifi(network: StoredNetwork): void {
        writeWhole(this.wifiPath, JSON.stringify(network) + "\n")
    }

    /** Adds to console.log. */
    record(text: string): void {
        appendFileSync(this.transcriptPath, text, { mode: OWNER_ONLY })
    }
}

function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0)
        return true
    } catch {
        return false
    }
}

/** Makes a blank card image, all zeros. */
export function createCard(path: string, bytes = CARD_BYTES): void {
    const file = openSync(path, "wx")
    ftruncateSync(file, bytes)
    closeSync(file)
}

function writeWhole(path: string, data: Uint8Array | string): void {
    writeFileSync(path + ".new", data, { mode: OWNER_ONLY })
    renameSync(path + ".new", path)
}
