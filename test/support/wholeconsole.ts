import { Bq76952Chip } from "../../sim/chips/bq76952"
import { Ds3231Chip } from "../../sim/chips/ds3231"
import { SdCardChip } from "../../sim/chips/sdcard"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { Pack } from "../../sim/pack"
import { BatteryMonitor } from "../../src/battery/monitor"
import { SdCard } from "../../src/card/sdcard"
import { Clock } from "../../src/clock/clock"
import { Ds3231 } from "../../src/clock/ds3231"
import { Access } from "../../src/console/access"
import type { Parts } from "../../src/console/parts"
import { Session } from "../../src/console/session"
import { Shell } from "../../src/console/shell"
import { Alarm } from "../../src/core/alarm"
import type { I2cBus } from "../../src/core/seams"
import { Storage } from "../../src/fat/storage"
import { WholeFiles } from "../../src/fat/wholefile"
import { Alarms } from "../../src/journal/alarms"
import { Journal, journalKey, journalPositions } from "../../src/journal/journal"
import { Logger } from "../../src/logs/logger"
import { Retention } from "../../src/logs/retention"
import { Backup } from "../../src/settings/backup"
import { Key } from "../../src/settings/keys"
import { publicPlaces } from "../../src/settings/schema"
import { Settings } from "../../src/settings/settings"
import { Lock } from "../../src/tasks/lock"
import { Scheduler } from "../../src/tasks/scheduler"
import { Supervisor } from "../../src/tasks/supervisor"
import { Uploader } from "../../src/upload/uploader"
import { ChipI2cBus } from "./chipi2cbus"
import { CollectedOutput } from "./consoleparts"
import { FakeTicks } from "./faketicks"
import { NodeHashing } from "./nodehashing"
import { ChipSpiBus } from "./memorycard"
import { MemoryServers } from "./memoryservers"
import { MemoryFlash } from "./memoryflash"
import { SentLines } from "./sentlines"
import { contentWifiKeeper } from "./wifikeeper"
import { Turns } from "./turns"

/** 2026-11-22 12:00:00 UTC. */
const startSeconds = 1_795_348_800
const bootMs = 500

const hashing = new NodeHashing()

/**
 * The firmware's parts, all of them real and put together as firmware.ts does, on emulated chips, with flash
 * and card in memory and a console. Time passes only while a line runs, and when the test says so.
 */
export class WholeConsole {
    readonly ticks = new FakeTicks(bootMs)
    readonly session = new Session()
    readonly chip: SdCardChip
    readonly pack = new Pack({ startHour: 12 })
    readonly settings: Settings
    readonly journal: Journal
    readonly alarms: Alarms
    readonly storage: Storage
    readonly scheduler: Scheduler
    readonly shell: Shell
    /** What the firmware logged. */
    readonly log: string[] = []
    /** What a fiber threw, which would have ended the program. */
    readonly crashes: unknown[] = []
    /** The firmware has called for a restart of the processor: build another one. */
    rebooted = false
    wifiUp = true
    private readonly battery: BatteryMonitor
    private readonly clock: Clock
    private readonly logger: Logger
    private readonly uploader: Uploader
    private readonly supervisor: Supervisor
    private readonly backup: Backup
    private readonly files: WholeFiles
    private readonly syncTime: () => Promise<boolean>

    constructor(
        store: MemoryStore,
        readonly flash = new MemoryFlash(),
    ) {
        const { ticks } = this
        const nowMs = () => ticks.nowMs()
        this.chip = new SdCardChip(store)
        const monitor = new Bq76952Chip(this.pack, { nowMs })
        // A pack with as many cells as are set.
        monitor.onConfigured = mode =>
            this.pack.useCells(mode.toString(2).replaceAll("0", "").length || 16)
        const clockChip = new Ds3231Chip({ nowSeconds: () => nowMs() / 1000, startSeconds })
        const i2c = new ChipI2cBus([monitor, clockChip]) as unknown as I2cBus
        const log = (line: string) => void this.log.push(line)
        const spawn = (work: () => Promise<void>) =>
            void work().catch(thrown => this.crashes.push(thrown))
        const wifi = { connected: () => this.wifiUp, address: async () => "192.0.2.17" }
        const serverTime = () => startSeconds * 1000 + nowMs()
        const tcp = new MemoryServers(ticks, serverTime)
        this.journal = new Journal(flash)
        this.alarms = new Alarms(ticks, this.journal)
        this.settings = new Settings(flash, this.alarms, "AB12", new Turns())
        const { settings, alarms } = this
        this.clock = new Clock(ticks, settings, flash, alarms, new Ds3231(i2c))
        const { clock } = this
        this.battery = new BatteryMonitor(i2c, ticks, settings, alarms, async charge => {
            await flash.write("charge", charge)
        })
        const cardLock = new Lock(ticks, "the card")
        this.storage = new Storage(
            () => new SdCard(new ChipSpiBus(this.chip), ticks).openAgain(),
            (owner, work) => cardLock.run(owner, 30_000, work),
            ticks,
            alarms,
        )
        const { storage } = this
        const board = { ticks, tcp, wifi, log, spawn } as never
        const socketLock = new Lock(ticks, "the socket")
        this.uploader = new Uploader(board, settings, clock, storage, socketLock, alarms, log)
        const retention = new Retention(ticks, new SentLines().histories)
        const sample = async () => this.battery.last
        const { journal } = this
        this.logger = new Logger(clock, settings, storage, sample, alarms, retention, log, journal)
        storage.recover = async volume => await this.logger.recover(volume)
        this.scheduler = new Scheduler(ticks, () => clock.nowMs(), spawn, log)
        this.backup = new Backup(flash, "AB12", backupKey, hashing)
        this.files = new WholeFiles(storage)
        this.supervisor = new Supervisor({
            program: 1,
            wifiKeeper: contentWifiKeeper,
            ticks,
            clock,
            settings,
            flash,
            alarms,
            scheduler: this.scheduler,
            spawn,
            log,
            shutdown: async () => void (await this.scheduler.stop(5000)),
            reboot: () => {
                this.rebooted = true
                return new Promise<void>(() => undefined)
            },
        })
        settings.onChange = key => this.changed(key)
        this.syncTime = () => clock.sync(tcp, socketLock)
        const parts = {
            version: "0.1.0",
            ticks,
            settings,
            access: new Access(ticks, settings, hashing),
            clock,
            alarms,
            journal: this.journal,
            battery: this.battery,
            scheduler: this.scheduler,
            storage,
            logger: this.logger,
            uploader: this.uploader,
            wifi,
            wifiKeeper: contentWifiKeeper,
            supervisor: this.supervisor,
            backup: this.backup,
            syncTime: this.syncTime,
            spawn,
        }
        this.shell = new Shell(parts as unknown as Parts)
    }

    async start(): Promise<this> {
        await this.ticks.finish(this.boot())
        return this
    }

    /** Lets the board live on. */
    async live(seconds: number): Promise<void> {
        await this.ticks.advance(seconds * 1000)
    }

    /** Runs a line, while all else goes on; how it ended and what it printed. */
    async run(line: string, session = this.session) {
        const output = new CollectedOutput()
        const done = await this.ticks.finish(this.shell.carryOut(session, line, output))
        return { done, text: output.take(), largestWrite: output.largestWrite }
    }

    private async boot(): Promise<void> {
        await this.supervisor.start()
        await this.settings.load()
        if (await this.backup.restore(this.files, this.settings.stored)) {
            await this.settings.load()
            this.alarms.set(Alarm.Settings, true)
        }
        await this.clock.start()
        await this.storage.poll()
        this.battery.restore(await this.flash.read("charge"))
        // The task tries again.
        await this.battery.sample().catch(() => undefined)
        this.addTasks()
        this.scheduler.start()
        void this.supervisor.run().catch(thrown => this.crashes.push(thrown))
        await this.journal.load()
        this.alarms.start(this.clock)
    }

    private addTasks(): void {
        const { settings, scheduler } = this
        const add = (name: string, periodMs: () => number, job: () => Promise<unknown>) =>
            scheduler.add({
                name,
                periodMs,
                alignToClock: name === "battery" || name === "log",
                enabled: () => name !== "log" || settings.number(Key.SdEnable) !== 0,
                deadlineMs: 60_000,
                job: async () => void (await job()),
            })
        add("battery", seconds(1), () => this.battery.sample())
        add(
            "log",
            () => settings.number(Key.SdPeriod) * 1000,
            async () => {
                await this.logger.logRecord()
                scheduler.trigger("write")
            },
        )
        add("upload", seconds(1), () => this.uploader.run())
        add("write", seconds(2), () => this.logger.flush())
        add("card", seconds(2), () => this.storage.poll())
        add("clock", seconds(3600), () => this.clock.persist())
        add("chip", seconds(60), () => this.clock.catchUp())
        add("time", seconds(86_400), async () => {
            if (this.wifiUp) await this.syncTime()
        })
        // Whoever wants to see the status light or the joining of a network has the simulator.
        add("light", seconds(2), async () => {})
        add("backup", seconds(600), async () => {
            if (this.storage.mounted()) await this.backup.save(this.files)
        })
        add("alarms", seconds(1), () => this.alarms.tick())
        add("wifi", seconds(2), async () => {})
    }

    private changed(key: Key): void {
        if (key >= Key.BatteryCells && key <= Key.BatteryDelay) this.battery.reconfigure()
        if (key >= Key.FtpEnable && key <= Key.FtpGateway) this.uploader.settingsChanged()
        if ((key >= Key.ResetEnable && key <= Key.ResetCount) || key === Key.TimeZone)
            this.supervisor.scheduleChanged()
    }
}

function seconds(count: number): () => number {
    return () => count * 1000
}

function backupKey(index: number): string {
    const keys = ["charge", "clock"]
    for (const place of publicPlaces) keys.push("s" + place)
    for (let position = 1; position <= journalPositions; ++position) keys.push(journalKey(position))
    return keys[index] ?? ""
}
