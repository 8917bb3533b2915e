import { Alarm, AlarmSink } from "../core/alarm"
import { crc16 } from "../core/checksum"
import { Fault, FaultCode, faultCode, faultMessage } from "../core/fault"
import { Board, WallClock } from "../core/seams"
import { Key, StateWriter } from "../settings/keys"
import { Backlog } from "./backlog"
import { CardStorage } from "./cardreader"
import { Courier } from "./courier"
import { DirectCourier, ServerMemory } from "./ftp"
import { Gateway } from "./gateway"
import { dayKey, pieceBytes } from "./history"
import { sectorBytes, Shipment } from "./shipment"

const backOffMsMin = 10000
/** As many as the longest period needs. */
const doublingsMax = 16
const alarmAfterFailures = 3
const growingFileMs = 3600000
/** So many files in a row that the server wants none of end a session; the next one goes on behind them. */
const refusedMax = 2
const dayMs = 24 * 3600000
/**
 * Boards that start together come to the server within ten minutes and a quarter of the period; with a period of
 * five minutes or less, as on the bench, at once.
 */
const spreadMsMax = 600000
const unspreadMs = 300000
const socketWaitMs = 60000
/** A session ends between two files then, and the next one goes on: a task that takes longer counts as stuck. */
const sessionMsMax = 4 * 3600000
/** What a person at the console waits for an upload to end. */
const commandWaitMs = 30000
/** Longer ago than any period: the first try is due at once. */
const longAgoMs = -700000000

/** The lock around the board's one socket. */
export interface SocketLock {
    run<T>(owner: string, timeoutMs: number, work: () => Promise<T>): Promise<T>
}

/**
 * Sends the log files' unsent bytes to the FTP server: the task calls run() every second, and it
 * decides whether a try is due. A byte counts as sent when the server has confirmed it.
 */
export class Uploader implements ServerMemory {
    /** Since the start: sessions that were let in, and what the server has confirmed. */
    logins = 0
    filesConfirmed = 0
    bytesConfirmed = 0
    failures = 0
    failuresInRow = 0
    lastError = ""
    /** Set to have the next run() try, whatever the period. */
    requested: boolean
    pasv: boolean
    gone: string[] = []
    goneMs: number
    readonly logs: Backlog
    readonly cells: Backlog
    readonly events: Backlog
    private stopping: boolean
    /** Part of the back-off that is waited, so that many boards do not come back to a server at once. */
    private jitter = 1
    private loginRefused: boolean
    /** Undefined up to the first session. */
    private startedMs: number
    private endedMs: number
    private loginSeconds: number
    private confirmedSeconds: number
    private pendingBytes = 0
    private running: boolean
    private courier: Courier
    private shipment: Shipment
    /** What was wrong with one file alone, and did not hold up the others. */
    private spoiled: any
    /** Files in a row that the server wants none of. */
    private refused = 0

    constructor(
        private readonly board: Board,
        private readonly settings: StateWriter,
        private readonly clock: WallClock,
        storage: CardStorage,
        private readonly socketLock: SocketLock,
        private readonly alarms: AlarmSink,
        private readonly log: (line: string) => void,
    ) {
        const sector = Buffer.alloc(sectorBytes)
        const piece = Buffer.alloc(pieceBytes)
        this.logs = new Backlog(storage, clock, "LOG", sector, piece)
        this.cells = new Backlog(storage, clock, "CELL", sector, piece)
        this.events = new Backlog(storage, clock, "EVT", sector, piece)
    }

    /** The task's job: one session when it is time for one. Failures are kept, not thrown. */
    async run(): Promise<void> {
        const self = this
        const settings = this.settings
        if (!settings.number(Key.FtpEnable)) {
            this.failuresInRow = 0
            this.alarms.set(Alarm.Ftp, false)
        }
        if (this.obstacle()) return
        this.startedMs = this.board.ticks.nowMs()
        if (this.requested || this.startedMs - this.goneMs > dayMs) this.gone = []
        this.requested = false
        this.running = true
        this.spoiled = undefined
        this.refused = 0
        this.loginSeconds = settings.number(Key.FtpLastLogin)
        this.confirmedSeconds = settings.number(Key.FtpLastSuccess)
        try {
            await this.socketLock.run("upload", socketWaitMs, async () => {
                self.pendingBytes = 0
                await self.sendBacklog(self.logs)
                await self.sendBacklog(self.events)
                if (settings.number(Key.FtpCells)) await self.sendBacklog(self.cells)
                if (self.courier) await self.courier.logOut()
            })
            if (this.spoiled !== undefined) throw this.spoiled
            this.settled()
        } catch (thrown) {
            if (!this.stopping) this.failed(thrown)
        }
        if (this.courier) await this.courier.stop()
        this.courier = undefined
        this.shipment = undefined
        this.endedMs = this.board.ticks.nowMs()
        this.running = false
        // Once a session: each write takes room in flash.
        await settings.apply(
            [Key.FtpLastLogin, Key.FtpLastSuccess],
            [this.loginSeconds, this.confirmedSeconds],
        )
    }

    /** Waits for the end of the session asked for. @returns "" when all is sent, else why not */
    async finished(): Promise<string> {
        while (this.requested || this.running) {
            const obstacle = this.running ? "" : this.obstacle()
            if (obstacle) return obstacle
            await this.board.ticks.sleep(100)
        }
        return this.lastError
    }

    /** Settings have changed: what failed with the old ones, or was not tried yet, is tried at once. */
    settingsChanged(): void {
        if (this.lastError !== "" || this.startedMs === undefined) this.startedMs = longAgoMs
        this.pasv = false
        this.gone = []
        this.settled()
    }

    /**
     * Notes that everything from that day on is to be sent once more, whole; the next run() does.
     * @param day "YYYY-MM-DD"; throws Fault BadValue for anything else, LockTimeout during an upload
     * @returns how many files that are
     */
    async resend(day: string): Promise<number> {
        const key = dayKey(day)
        if (key < 0) throw new Fault(FaultCode.BadValue, day + " is no day: write YYYY-MM-DD")
        const self = this
        const count = await this.socketLock.run("ftp resend", commandWaitMs, async () => {
            return (
                (await self.logs.resend(key)) +
                (await self.cells.resend(key)) +
                (await self.events.resend(key))
            )
        })
        this.requested = true
        return count
    }

    /** Logs in and out; the lines say which mode is used and what was answered. */
    async test(): Promise<string[]> {
        const self = this
        const courier = this.newCourier()
        const gateway = this.settings.text(Key.FtpGateway)
        let answer = ""
        await this.socketLock.run("ftp test", commandWaitMs, async () => {
            try {
                await courier.logIn()
                answer = courier.said()
                self.logins++
                await self.settings.apply([Key.FtpLastLogin], [self.clock.nowSeconds()])
                await courier.logOut()
            } finally {
                await courier.stop()
            }
        })
        return ["mode: " + (gateway ? "gateway " + gateway : "direct"), "answer: " + answer]
    }

    /**
     * Ends the upload at a safe point: what is not confirmed is resumed later. True when it has
     * ended.
     */
    async stop(timeoutMs: number): Promise<boolean> {
        this.stopping = true
        if (this.courier) await this.courier.stop()
        for (let ms = 0; ms < timeoutMs && this.courier; ms += 50) await this.board.ticks.sleep(50)
        return !this.courier
    }

    /** What it does now, or why nothing, in words. */
    activity(): string {
        const shipment = this.shipment
        if (shipment)
            return `sending ${shipment.remoteName}: ${shipment.position} of ${shipment.sizeBytes}`
        return this.courier ? "connecting" : this.obstacle() || "due"
    }

    /** What the server did not have when the card was looked at last. */
    unsentBytes(): number {
        return Math.max(0, this.pendingBytes)
    }

    /** Why there is no try now, "" when one is due. */
    private obstacle(): string {
        const settings = this.settings
        if (this.stopping) return "stopped"
        if (!settings.text(Key.FtpHost)) return "no server: set ftp.host"
        if (settings.text(Key.WifiSsid) && !this.board.wifi.connected()) return "no Wi-Fi"
        if (this.requested) return ""
        if (!settings.number(Key.FtpEnable)) return "off: set ftp.enable"
        const periodMs = settings.number(Key.FtpPeriod) * 1000
        let waitMs =
            this.startedMs === undefined ? this.spreadMs(periodMs) : this.startedMs + periodMs
        if (this.failuresInRow > 0 && !this.loginRefused) {
            const backOffMs = backOffMsMin << Math.min(this.failuresInRow - 1, doublingsMax)
            waitMs = this.endedMs + Math.min(backOffMs, periodMs) * this.jitter
        }
        waitMs -= this.board.ticks.nowMs()
        return waitMs > 0 ? "next try in " + Math.ceil(waitMs / 1000) + " s" : ""
    }

    /** When the first session of a start is due: another moment for each serial number. */
    private spreadMs(periodMs: number): number {
        const serial = Buffer.from(this.settings.text(Key.UserSerial))
        const spreadMs = Math.min((periodMs - unspreadMs) / 4, spreadMsMax)
        return (spreadMs / 65536) * crc16(0, serial, 0, serial.length)
    }

    private newCourier(): Courier {
        const { board, settings } = this
        return settings.text(Key.FtpGateway)
            ? new Gateway(board, settings, this.clock)
            : new DirectCourier(board, settings, this)
    }

    private settled(): void {
        this.failuresInRow = 0
        this.loginRefused = false
        this.lastError = ""
        this.alarms.set(Alarm.Ftp, false)
    }

    private failed(thrown: any): void {
        const before = this.lastError
        this.lastError = faultMessage(thrown)
        if (noCard.includes(faultCode(thrown))) {
            if (this.lastError !== before) this.log("ftp: waits: " + this.lastError)
            // A look at a slot without a card costs the server nothing.
            const periodMs = this.settings.number(Key.FtpPeriod) * 1000
            this.startedMs = this.board.ticks.nowMs() + Math.min(backOffMsMin, periodMs) - periodMs
            return
        }
        this.failures++
        this.failuresInRow++
        this.jitter = 1 - Math.random() / 4
        this.loginRefused = faultCode(thrown) === FaultCode.FtpLoginRefused
        this.log("ftp: failed: " + this.lastError)
        if (this.failuresInRow >= alarmAfterFailures)
            this.alarms.set(Alarm.Ftp, true, this.lastError)
    }

    private async sendBacklog(backlog: Backlog): Promise<void> {
        // Through the gateway a grown file goes whole each time, so not at every period.
        const gateway = this.settings.text(Key.FtpGateway)
        const pendingBytes = this.pendingBytes
        // The last session ended in the middle: this one goes on there, then from the oldest.
        let again = backlog.triedKey > 0
        for (;;) {
            this.pendingBytes += await backlog.load()
            const early = gateway && this.startedMs - backlog.newestSentMs < growingFileMs
            for (const file of backlog.files) {
                if (file.sentBytes >= file.sizeBytes || file.key <= backlog.triedKey) continue
                const newest = file.key === backlog.newestKey
                if (newest && early && file.sentBytes > 0) continue
                if (this.board.ticks.nowMs() - this.startedMs > sessionMsMax) {
                    this.requested = true
                    return
                }
                if (await this.trySendFile(file)) {
                    if (newest) backlog.newestSentMs = this.startedMs
                    continue
                }
                backlog.leave(file)
                if (this.refused === refusedMax) throw this.spoiled
            }
            if (backlog.more) continue
            backlog.end()
            if (!again) return
            again = false
            this.pendingBytes = pendingBytes
        }
    }

    /**
     * False when the file cannot be read, or the server wants none of it: that is kept, and the session goes on with
     * a connection of its own.
     */
    private async trySendFile(file: Shipment): Promise<boolean> {
        try {
            await this.sendFile(file)
            this.refused = 0
            return true
        } catch (thrown) {
            await file.noteBegun()
            const code = faultCode(thrown)
            if (!ofOneFile.includes(code)) throw thrown
            if (code >= FaultCode.FtpRefused) ++this.refused
            this.spoiled = thrown
        }
        // Its connection may be in the middle of the file.
        await this.courier.stop()
        this.courier = undefined
        return false
    }

    private async sendFile(shipment: Shipment): Promise<void> {
        if (!this.courier) {
            this.courier = this.newCourier()
            await this.courier.logIn()
            this.logins++
            this.log("ftp: logged in")
            this.loginSeconds = this.clock.nowSeconds()
        }
        shipment.claim(this.courier)
        const unsentBytes = shipment.sizeBytes - Math.max(0, shipment.sentBytes)
        this.shipment = shipment
        await this.courier.deliver(shipment)
        this.shipment = undefined
        this.log(`ftp: confirmed ${unsentBytes} bytes of ${shipment.remoteName}`)
        this.confirmedSeconds = this.clock.nowSeconds()
        this.filesConfirmed++
        this.bytesConfirmed += unsentBytes
        this.pendingBytes -= unsentBytes
    }
}

/** Faults that say there is no card that could be read: nothing can be sent, and nobody has failed. */
const noCard = [
    FaultCode.CardAbsent,
    FaultCode.CardUnsupported,
    FaultCode.VolumeUnformatted,
    FaultCode.VolumeUnsupported,
    FaultCode.NotMounted,
]

/** Faults that keep one file from being read or stored, while others may be well. */
const ofOneFile = [
    FaultCode.CardRefused,
    FaultCode.CardCrc,
    FaultCode.VolumeDamaged,
    FaultCode.NotFound,
    FaultCode.FtpNoProgress,
    FaultCode.FtpFileRefused,
]
