import { BatteryState } from "../battery/state"
import { Ticks, TimeSource, Wifi } from "../core/seams"
import { Journal } from "../journal/journal"
import { Settings } from "../settings/settings"
import { Task } from "../tasks/task"
import { Access } from "./access"

/** What the commands ask of the wall clock. */
export interface ClockView {
    source: TimeSource
    chipError: string
    nowSeconds(): number
    trusted(): boolean
    offsetMinutes(epochSeconds: number): number
    offer(epochSeconds: number, source: TimeSource): Promise<void>
}

export interface CardEntry {
    name: string
    sizeBytes: number
    isDirectory: boolean
}

/** A file of the card; to be read only inside `StorageView.use`. */
export interface CardFileView {
    sizeBytes(): number
    read(offset: number, into: Buffer, length: number): Promise<number>
}

export interface VolumeView {
    kind: string
    totalBytes(): number
    freeBytes(): Promise<number>
    open(path: string): Promise<CardFileView | undefined>
    list(path: string, visit: (entry: CardEntry) => Promise<boolean>): Promise<void>
}

export interface StorageView {
    use<T>(owner: string, work: (volume: VolumeView) => Promise<T>): Promise<T>
    mounted(): boolean
    lastError: string
    eject(): Promise<void>
    format(progress: (percent: number) => Promise<void>): Promise<void>
}

export interface UploaderView {
    /** Lines that say how the upload stands. */
    state(): string
    /** Logs in at the server and says how that went in one line. */
    test(): Promise<string>
    /** Sends everything from that day on once more; the day is YYYYMMDD. */
    resend(fromDay: string): Promise<void>
}

/** What the commands show and what they act on; the firmware's own objects, or a test's. */
export interface Parts {
    version: string
    ticks: Ticks
    settings: Settings
    access: Access
    clock: ClockView
    /** Asks time.server; false when none is set. */
    syncTime(): Promise<boolean>
    alarms: { flags(): number }
    journal: Journal
    battery: { last: BatteryState | undefined }
    scheduler: { tasks: Task[]; trigger(name: string): boolean }
    storage: StorageView
    logger: {
        recordsWritten(kind: number): number
        recordsLost(): number
        queued(): number
    }
    uploader: UploaderView
    wifi: Wifi
    supervisor: {
        /** Cause of the last start, in a word. */
        cause: string
        safeMode: boolean
        /** Resets in good order, a little later. */
        resetNow(): void
    }
}
