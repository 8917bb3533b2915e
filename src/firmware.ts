import { BatteryMonitor } from "./battery/monitor"
import { SdCard } from "./card/sdcard"
import { Clock } from "./clock/clock"
import { Ds3231 } from "./clock/ds3231"
import { Access } from "./console/access"
import { Parts } from "./console/parts"
import { Shell } from "./console/shell"
import { Alarm } from "./core/alarm"
import { formatDateTime } from "./core/calendar"
import { faultMessage } from "./core/fault"
import { Lock } from "./core/lock"
import { Board, Flash, Ticks, Wifi } from "./core/seams"
import { fieldAt, formatScaled } from "./core/text"
import { Storage } from "./fat/storage"
import { WholeFiles } from "./fat/wholefile"
import { Alarms } from "./journal/alarms"
import { Journal, journalKey, journalPositions } from "./journal/journal"
import { Logger } from "./logs/logger"
import { LogKind } from "./logs/record"
import { Retention } from "./logs/retention"
import { Backup } from "./settings/backup"
import { Key } from "./settings/keys"
import { nameOf, publicPlaces } from "./settings/schema"
import { Settings } from "./settings/settings"
import { Scheduler } from "./tasks/scheduler"
import { showStatus } from "./tasks/statuslight"
import { startCauseName, Supervisor } from "./tasks/supervisor"
import { WifiKeeper } from "./tasks/wifikeeper"
import { Uploader } from "./upload/uploader"

const secondMs = 1000
const minuteMs = 60000
const hourMs = 3600000
/** How long to wait for the card. */
const cardWaitMs = 30000
/** How long a reset waits for the upload to end, and again for the tasks. */
const stopMs = 10000
/** Flash key of the gauge's charge. */
const chargeKey = "charge"

/** Steps of a start and of a reset; each is run even if earlier ones failed. */
const enum Step {
    CountStart,
    LoadSettings,
    RestoreBackup,
    StartClock,
    RestoreCharge,
    StoreTime,
    StoreCharge,
    WriteRecords,
    SyncCard,
}

/** All parts of the firmware, built on one board; the only place that knows them all. */
export class Firmware implements Parts {
    version: string
    program: number
    ticks: Ticks
    flash: Flash
    wifi: Wifi
    spawn: (work: () => Promise<void>) => void
    log: (line: string) => void
    reboot: () => Promise<void>
    journal: Journal
    alarms: Alarms
    settings: Settings
    access: Access
    clock: Clock
    battery: BatteryMonitor
    storage: Storage
    logger: Logger
    uploader: Uploader
    scheduler: Scheduler
    supervisor: Supervisor
    backup: Backup
    private readonly socketLock: Lock
    private readonly files: WholeFiles
    readonly wifiKeeper: WifiKeeper

    constructor(private readonly board: Board) {
        const { ticks, flash, log, spawn } = board
        this.spawn = spawn
        this.log = log
        this.reboot = board.reboot
        this.version = board.version
        this.program = board.program
        this.ticks = ticks
        this.flash = flash
        this.wifi = board.wifi
        const journal = (this.journal = new Journal(flash))
        const alarms = (this.alarms = new Alarms(ticks, journal))
        const settings = new Settings(flash, alarms, board.shortId, new Lock(ticks, "settings"))
        const clock = new Clock(ticks, settings, flash, alarms, new Ds3231(board.i2c))
        const battery = new BatteryMonitor(board.i2c, ticks, settings, alarms, async charge => {
            await flash.write(chargeKey, charge)
        })
        const cardLock = new Lock(ticks, "the card", "logger")
        const card = new SdCard(board.spi, ticks)
        const storage = new Storage(
            async () => await card.openAgain(),
            async (owner, work) => await cardLock.run(owner, cardWaitMs, work),
            ticks,
            alarms,
            async () => await cardLock.pause(),
        )
        this.socketLock = new Lock(ticks, "the socket")
        const uploader = new Uploader(board, settings, clock, storage, this.socketLock, alarms, log)
        const retention = new Retention(ticks, [uploader.logs.history, uploader.cells.history])
        const sample = async () => battery.last
        this.settings = settings
        this.access = new Access(ticks, settings, board.hashing)
        this.clock = clock
        this.battery = battery
        this.storage = storage
        this.logger = new Logger(clock, settings, storage, sample, alarms, retention, log, journal)
        this.uploader = uploader
        const scheduler = (this.scheduler = new Scheduler(ticks, () => clock.nowMs(), spawn, log))
        this.wifiKeeper = new WifiKeeper(ticks, settings, board.wifi, flash, alarms, () => {
            scheduler.trigger("time")
        })
        this.backup = new Backup(flash, board.shortId, backupKey, board.hashing)
        this.files = new WholeFiles(storage)
        this.supervisor = new Supervisor(this)
        this.connect()
    }

    /** What parts call without knowing it. */
    private connect(): void {
        const self = this
        this.storage.recover = async volume => await self.logger.recover(volume)
        this.settings.onChange = key => self.changed(key)
    }

    /**
     * Only the steps that the first record needs come before it. No failed step blocks the others:
     * without its flash the board logs with the defaults.
     */
    async start(): Promise<void> {
        const self = this
        const { settings, supervisor } = this
        this.log("BMS Mini " + this.version)
        // Comes first, so that a start that dies later counts as an early death.
        await this.attempt(Step.CountStart)
        await this.attempt(Step.LoadSettings)
        const safeMode = supervisor.safeMode
        // The card may be what killed the starts.
        if (!safeMode) await this.attempt(Step.RestoreBackup)
        await this.attempt(Step.StartClock)
        this.log(`start: ${startCauseName(supervisor.cause)}, ${settings.text(Key.UserSerial)}`)
        if (safeMode) {
            this.log(
                "safe mode: the last starts ended early; a normal start follows in ten minutes",
            )
            // No task would ever run uploads that the console requests.
            await this.uploader.stop(0)
        } else {
            // Runs while the steps below wait for the flash.
            this.spawn(async () => await self.storage.poll())
            await this.attempt(Step.RestoreCharge)
            await this.sampleFirst()
            this.addTasks()
            this.wifiKeeper.mayRestart = true
        }
        this.addTask("alarms", secondMs, async () => await self.tickAlarms())
        this.addTask("wifi", 2 * secondMs, async () => await self.wifiKeeper.run())
        this.addTask("clock", hourMs, async () => await self.clock.persist())
        this.addTask("chip", minuteMs, async () => await self.clock.catchUp())
        this.scheduler.start()
        this.scheduler.trigger("wifi")
        this.spawn(async () => await supervisor.run())
        this.board.serveConsole(new Shell(this))
        await this.openJournal()
    }

    /**
     * Loads the journal, and settings that the start could not load, retrying until the flash
     * answers.
     */
    private async openJournal(): Promise<void> {
        const { settings, journal, ticks } = this
        while (true) {
            try {
                if (settings.unread) {
                    await settings.load()
                    // The only part that already acted on the defaults.
                    this.battery.reconfigure()
                }
                await journal.load()
                break
            } catch (thrown) {
                this.failed(thrown)
            }
            await ticks.sleep(5 * secondMs)
        }
        this.log(`journal: last record ${journal.lastSequence}`)
        this.alarms.start(this.clock)
        this.scheduler.trigger("backup")
    }

    /** Runs a step, and logs a fault so that the next steps still run. */
    private async attempt(step: Step): Promise<void> {
        try {
            switch (step) {
                case Step.CountStart:
                    await this.supervisor.start()
                    break
                case Step.LoadSettings:
                    await this.settings.load()
                    break
                case Step.RestoreBackup:
                    await this.restoreBackup()
                    break
                case Step.StartClock:
                    await this.clock.start()
                    break
                case Step.RestoreCharge:
                    this.battery.restore(await this.flash.read(chargeKey))
                    break
                case Step.StoreTime:
                    await this.clock.persist()
                    break
                case Step.StoreCharge:
                    await this.battery.save()
                    break
                case Step.WriteRecords:
                    await this.logger.flush()
                    break
                default:
                    await this.storage.sync()
            }
        } catch (thrown) {
            this.failed(thrown)
        }
    }

    private failed(thrown: any): void {
        this.log("fault: " + faultMessage(thrown))
    }

    /** So that the first record has measurements. */
    private async sampleFirst(): Promise<void> {
        try {
            await this.battery.sample()
        } catch (thrown) {
            // The task tries again, and reports it.
        }
    }

    /** Queries time.server; false if none is set. */
    async syncTime(): Promise<boolean> {
        return await this.clock.sync(this.board.tcp, this.socketLock)
    }

    /** Ends all work in an orderly way before a reset. */
    async shutdown(): Promise<void> {
        await this.uploader.stop(stopMs)
        await this.scheduler.stop(stopMs)
        await this.attempt(Step.StoreTime)
        if (this.supervisor.safeMode) return
        // Before the card, which may be locked for longer than a reset waits.
        await this.attempt(Step.StoreCharge)
        await this.attempt(Step.WriteRecords)
        await this.attempt(Step.SyncCard)
    }

    private addTask(name: string, periodMs: number, job: () => Promise<void>): void {
        this.scheduler.add({ name, periodMs: () => periodMs, deadlineMs: minuteMs, job })
    }

    private addTasks(): void {
        const self = this
        const { scheduler, settings } = this
        scheduler.add({
            name: "battery",
            periodMs: () => secondMs,
            alignToClock: true,
            deadlineMs: minuteMs,
            job: async () => {
                await self.battery.sample()
            },
        })
        scheduler.add({
            name: "log",
            periodMs: () => settings.number(Key.SdPeriod) * secondMs,
            alignToClock: true,
            enabled: () => settings.number(Key.SdEnable) !== 0,
            deadlineMs: minuteMs,
            job: async () => await self.logRecord(),
        })
        // A year's backlog takes long; each step of an upload has its own timeout.
        scheduler.add({
            name: "upload",
            periodMs: () => secondMs,
            deadlineMs: 6 * hourMs,
            job: async () => await self.uploader.run(),
        })
        this.addTask("write", 2 * secondMs, async () => await self.writeRecords())
        this.addTask("card", 2 * secondMs, async () => await self.storage.poll())
        this.addTask("time", 24 * hourMs, async () => await self.syncTimeOnline())
        this.addTask("light", 2 * secondMs, async () => await self.showStatus())
        this.addTask("backup", 10 * secondMs, async () => await self.keepBackup())
    }

    private async tickAlarms(): Promise<void> {
        const self = this
        const journal = this.journal
        let sequence = journal.lastSequence
        await this.alarms.tick()
        if (journal.lastSequence !== sequence) this.backup.changed()
        while (sequence < journal.lastSequence)
            this.log(
                "journal: record " +
                    journal.describe(++sequence, seconds => self.formatTime(seconds)),
            )
    }

    private async logRecord(): Promise<void> {
        await this.logger.logRecord()
        this.scheduler.trigger("write")
    }

    /** Logs the written records once they are on the card. */
    private async writeRecords(): Promise<void> {
        const { logger, battery } = this
        const main = logger.recordsWritten(LogKind.Main)
        const cell = logger.recordsWritten(LogKind.Cell)
        await logger.flush()
        const newMain = logger.recordsWritten(LogKind.Main) - main
        const newCell = logger.recordsWritten(LogKind.Cell) - cell
        if (newMain + newCell === 0) return
        const last = battery.last
        const measured = last
            ? `: ${formatScaled(last.packMv, 3)} V, ${formatScaled(last.currentMa, 3)} A`
            : ""
        this.log(`records: ${newMain} main, ${newCell} cell${measured}`)
    }

    private async syncTimeOnline(): Promise<void> {
        if (this.wifi.connected()) await this.syncTime()
    }

    private async showStatus(): Promise<void> {
        await showStatus(this.board, this.alarms, this.storage)
    }

    private async keepBackup(): Promise<void> {
        await this.backup.keep(this.files, this.ticks.nowMs(), this.storage.mounted())
    }

    /**
     * Restores an empty flash, or one that fell back to an older state, from the copy on the card,
     * and reloads the settings.
     */
    private async restoreBackup(): Promise<void> {
        const { backup, settings } = this
        const unread = settings.unread
        // In case the flash refuses part of the copy.
        settings.unread = true
        if (await backup.restore(this.files, settings.stored)) {
            await settings.load()
            // For the journal, and until a user has checked them.
            this.alarms.set(Alarm.Settings, true)
        } else settings.unread = unread
        if (backup.remark) this.log(backup.remark)
    }

    /** Settings apply at once: notifies the parts that derive something from them. */
    private changed(key: Key): void {
        // The uploader's own notes are not worth a copy on the card.
        if (key === Key.FtpLastLogin || key === Key.FtpLastSuccess) return
        this.backup.changed()
        const section = fieldAt(nameOf(key), 0, ".")
        if (section === "battery") this.battery.reconfigure()
        if (section === "ftp") this.uploader.settingsChanged()
        if (section === "reset" || key === Key.TimeZone) this.supervisor.scheduleChanged()
        if (section === "wifi") this.wifiKeeper.changed = true
        if (key === Key.TimeServer) this.scheduler.trigger("time")
    }

    private formatTime(epochSeconds: number): string {
        return formatDateTime(epochSeconds + this.clock.offsetMinutes(epochSeconds) * 60)
    }
}

/** What the card's copy holds: settings except secrets, journal, counters. "" past the last key. */
function backupKey(index: number): string {
    if (index === 0) return chargeKey
    if (index === 1) return "clock"
    const position = index - 1 - publicPlaces.length
    if (position <= 0) return "s" + publicPlaces[index - 2]
    return position <= journalPositions ? journalKey(position) : ""
}

/** Builds the firmware on a board and starts it. Returns once everything runs. */
export async function startFirmware(board: Board): Promise<void> {
    await new Firmware(board).start()
}
