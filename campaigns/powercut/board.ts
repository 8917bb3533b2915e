import { Alarm } from "../../src/core/alarm"
import { faultMessage } from "../../src/core/fault"
import type { Flash } from "../../src/core/seams"
import type { CardDevice } from "../../src/core/seams"
import type { Storage } from "../../src/fat/storage"
import { WholeFiles } from "../../src/fat/wholefile"
import { Firmware } from "../../src/firmware"
import type { Journal } from "../../src/journal/journal"
import type { Logger } from "../../src/logs/logger"
import { LogKind } from "../../src/logs/record"
import type { Backup, BackupFiles } from "../../src/settings/backup"
import { Key } from "../../src/settings/keys"
import type { History } from "../../src/upload/history"
import { bareBoard } from "../../test/support/bareboard"
import { DeviceBuffer } from "../../test/support/devicebuffer"
import { SleepTicks } from "../../test/support/sleepticks"
import { measurement } from "../../test/support/measurement"
import { storable } from "../../test/support/memoryflash"
import { u32 } from "./fatreader"
import { chanceOf } from "./faults"
import type { Event, FlashImage } from "./trace"

/** The relevant settings, and the form of the measurements. */
export interface BoardSettings {
    seed: number
    serial: string
    periodSeconds: number
    offsetMinutes: number
    cellLog: boolean
    cells: number
    thermistors: number
}

/** State that survives a power cut. */
export interface Memory {
    flash: FlashImage
    seconds: number
}

const backupKey = (index: number) => ["sa", "sh", "j01", "j02", "clock"][index] ?? ""

/** Owners of what is promised. */
const promising = ["logger", "history", "upload"]

/**
 * The firmware as `startFirmware` builds it, with nothing mounted and no task running: only the
 * scenario acts. Clock, settings, flags and measurements are the scenario's. `tell` gets the
 * promises of the parts around the card.
 */
export class Board {
    readonly ticks = new SleepTicks()
    readonly storage: Storage
    readonly logger: Logger
    readonly mainHistory: History
    readonly cellHistory: History
    readonly backup: Backup
    readonly journal: Journal
    settings: BoardSettings
    seconds: number
    flash: FlashImage
    readonly complaints: string[] = []
    cardAlarm = false

    constructor(
        openDevice: (ticks: SleepTicks) => Promise<CardDevice>,
        settings: BoardSettings,
        memory: Memory,
        private readonly tell: (event: Event) => void,
    ) {
        this.settings = settings
        this.seconds = memory.seconds
        this.flash = memory.flash
        const firmware = this.build(this.flashStore())
        const { alarms, clock, battery, storage, uploader } = firmware
        alarms.set = (alarm, active) => {
            if (alarm === Alarm.SdCard) this.cardAlarm = active
        }
        alarms.flags = () => 0
        clock.nowSeconds = () => this.seconds
        clock.trusted = () => true
        clock.offsetMinutes = () => this.settings.offsetMinutes
        firmware.settings.number = this.number
        firmware.settings.text = () => this.settings.serial
        Object.defineProperty(battery, "last", { get: () => this.sample() })
        ;(storage as any).openDevice = () => openDevice(this.ticks)
        const use = storage.use.bind(storage)
        storage.use = async (owner: string, work: (volume: any) => Promise<any>, early?: boolean) =>
            await use(
                owner,
                async volume => await work(promising.includes(owner) ? this.track(volume) : volume),
                early,
            )
        this.storage = storage
        this.mainHistory = uploader.logs.history
        this.cellHistory = uploader.cells.history
        this.journal = firmware.journal
        this.logger = firmware.logger
        this.storage.recover = async volume => await this.logger.recover(this.track(volume))
        this.backup = firmware.backup
        this.watch(LogKind.Main)
        this.watch(LogKind.Cell)
        this.watch(LogKind.Event)
    }

    private build(flash: Flash): Firmware {
        const none: any = {}
        const firmware = new Firmware(
            bareBoard({
                ticks: this.ticks,
                flash,
                spi: none,
                i2c: none,
                tcp: none,
                wifi: none,
                shortId: "1A2B",
                log: line => void this.complaints.push(line),
                serveConsole: () => {},
                reboot: async () => {},
            }),
        )
        // What the scenarios put into flash.
        ;(firmware.backup as any).keyAt = backupKey
        return firmware
    }

    /**
     * Runs the next releases of the logging period: each record is logged and written, then the
     * card is maintained.
     */
    async logRecords(count: number): Promise<void> {
        for (let i = 0; i < count; ++i) {
            this.pass(this.settings.periodSeconds)
            await this.logger.logRecord()
            await this.logger.flush()
            await this.storage.poll()
        }
    }

    /** Advances time, or sets the clock back for a negative number. */
    pass(seconds: number): void {
        this.seconds += seconds
        this.ticks.ms += Math.abs(seconds) * 1000
        this.tell({ kind: "time", seconds: this.seconds })
    }

    /** Changes an alarm: its journal entry comes to the card with the records. */
    async enterAlarm(alarm: Alarm): Promise<void> {
        const { journal } = this
        await journal.record(this.seconds, journal.lastFlags ^ (1 << alarm), alarm, 0)
    }

    async saveBackup(): Promise<void> {
        await this.backup.save(this.trackedFiles())
    }

    /**
     * The number of the newest backup that a board with empty flash would take from the card; 0 for
     * none.
     */
    async newestBackup(): Promise<number> {
        const flash: Record<string, Uint8Array> = {}
        const store: any = {
            read: async (key: string) => flash[key],
            write: async (key: string, value: Uint8Array): Promise<void> => {
                flash[key] = storable(value)
            },
            remove: async () => {},
        }
        await this.build(store).backup.restore(this.trackedFiles(), false)
        return generationOf(flash)
    }

    /** The number of this board's newest backup. */
    ownBackup(): number {
        return generationOf(this.flash)
    }

    private trackedFiles(): BackupFiles {
        const files = new WholeFiles(this.storage)
        return {
            read: async (name, offset, into) => await files.read(name, offset, into),
            write: async (name, pieces) => {
                const text = Buffer.concat(pieces).toString("latin1")
                this.tell({ kind: "replace", path: name, text })
                await files.write(name, pieces)
                this.tell({ kind: "replaced", path: name })
            },
        }
    }

    async format(): Promise<void> {
        this.tell({ kind: "format" })
        await this.storage.format()
        this.tell({ kind: "formatted" })
    }

    /** Why the card could not be used; "" if it could. */
    trouble(): string {
        const { logger, storage } = this
        if (logger.lastError !== "") return logger.lastError
        return storage.lastError !== "" ? storage.lastError : (this.complaints[0] ?? "")
    }

    /** The message of the error `work` throws; "" if none. */
    async failure(work: () => Promise<unknown>): Promise<string> {
        try {
            await work()
            return ""
        } catch (thrown) {
            return faultMessage(thrown)
        }
    }

    /** A log's record is promised once the logger counts it as written. */
    private watch(kind: LogKind): void {
        const place = (this.logger as any).files.place(kind)
        let written: number = place.written
        Object.defineProperty(place, "written", {
            get: () => written,
            set: (count: number) => {
                written = count
                this.tell({ kind: "appended", path: place.path })
            },
        })
        if (this.logger.recordsWritten(kind) !== 0) throw new Error("records before the start")
    }

    private readonly number = (key: Key): number => {
        if (key === Key.SdPeriod) return this.settings.periodSeconds
        if (key === Key.SdCells) return this.settings.cellLog ? 1 : 0
        return this.settings.cells
    }

    /** A measurement that depends only on the seed and the second. */
    private sample() {
        const random = chanceOf(this.settings.seed * 7919 + this.seconds)
        const { cells, thermistors } = this.settings
        const cellMv = Array.from({ length: cells }, () => random.between(2700, 3650))
        return measurement(cellMv, {
            currentMa: random.between(-150000, 90000),
            socPermille: random.between(0, 1000),
            temperatureDeciC: Array.from({ length: thermistors }, () => random.between(-150, 600)),
            balancing: random.between(0, 65535),
        })
    }

    private flashStore(): Flash {
        const store: any = {
            read: async (key: string) =>
                this.flash[key] && (DeviceBuffer.from(this.flash[key]) as any),
            write: async (key: string, value: Uint8Array) => {
                this.flash = { ...this.flash, [key]: new Uint8Array(storable(value)) }
                this.tell({ kind: "flash", flash: this.flash })
            },
            remove: async () => {},
        }
        return store
    }

    /** The volume, with its promises about text files reported. */
    private track(volume: any): any {
        const { tell } = this
        const trackFile = (file: any, path: string) => {
            // A history line is promised once its file is closed.
            let line = false
            return {
                byteCount: () => file.byteCount(),
                read: (offset: number, into: any, length: number) =>
                    file.read(offset, into, length),
                syncEntry: async (careful?: boolean) => await file.syncEntry(careful),
                close: async () => {
                    await file.close()
                    if (line) tell({ kind: "appended", path })
                },
                append: async (data: Uint8Array) => {
                    const text = Buffer.from(data).toString("latin1")
                    tell({ kind: "append", path, offset: file.byteCount(), text })
                    await file.append(data)
                    line = !path.includes("/")
                },
            }
        }
        return {
            left: volume.left,
            set stamp(stamp: number) {
                volume.stamp = stamp
            },
            open: (path: string) => volume.open(path),
            list: (directory: string, visit: any) => volume.list(directory, visit),
            sync: () => volume.sync(),
            table: volume.table,
            openForAppend: async (path: string, header: string, ...rest: any[]) => {
                tell({ kind: "open", path, header })
                return trackFile(await volume.openForAppend(path, header, ...rest), path)
            },
            remove: async (path: string) => {
                tell({ kind: "remove", path })
                const done = await volume.remove(path)
                tell({ kind: "removed", path, done })
                return done
            },
        }
    }
}

/** The backup's number in flash. */
function generationOf(flash: FlashImage): number {
    const value = flash["backup"]
    return value ? u32(value, 0) : 0
}
