import { Alarm, AlarmSink } from "../core/alarm"
import { parseDateTime } from "../core/calendar"
import { Fault, FaultCode, faultCode, faultMessage } from "../core/fault"
import { Board, WallClock } from "../core/seams"
import { Key, StateWriter } from "../settings/keys"
import { Backlog } from "./backlog"
import { CardReader, CardStorage } from "./cardreader"
import { deliverDirect } from "./direct"
import { FtpSession } from "./ftp"
import { Gateway } from "./gateway"
import { History, logKey, logName } from "./history"
import { Shipment } from "./shipment"

const backOffMsMin = 10000
const alarmAfterFailures = 3
const growingFileSeconds = 3600
const socketWaitMs = 30000
/** Longer than any period: the first try is due at once. */
const neverMs = -700000000

/** The lock around the board's one socket. */
export interface SocketLock {
    run<T>(owner: string, timeoutMs: number, work: () => Promise<T>): Promise<T>
}

/**
 * Sends the log files' unsent bytes to the FTP server: the task calls run() every second, and it decides
 * whether a try is due. A byte counts as sent when the server has confirmed it.
 */
export class Uploader {
    /** Since the start: sessions that were let in, and what the server has confirmed. */
    logins = 0
    filesConfirmed = 0
    bytesConfirmed = 0
    failures = 0
    lastError = ""
    readonly logs: Backlog
    readonly cells: Backlog
    private requested = false
    private stopping = false
    private failuresInRow = 0
    private loginRefused = false
    private startedMs = neverMs
    private endedMs = 0
    private grownSeconds = 0
    private pendingBytes = 0
    private confirmedSeconds = 0
    private session: FtpSession = undefined
    private gateway: Gateway = undefined
    private shipment: Shipment = undefined

    constructor(
        private readonly board: Board,
        private readonly settings: StateWriter,
        private readonly clock: WallClock,
        private readonly storage: CardStorage,
        private readonly socketLock: SocketLock,
        private readonly alarms: AlarmSink,
        private readonly log: (line: string) => void,
    ) {
        this.logs = new Backlog(storage, "LOG", new History(storage, clock, "LOGSENT.TXT"))
        this.cells = new Backlog(storage, "CELL", new History(storage, clock, "CELLSENT.TXT"))
    }

    /** The task's job: one session when it is time for one. Failures are kept, not thrown. */
    async run(): Promise<void> {
        if (this.settings.number(Key.FtpEnable) === 0) this.settled()
        if (this.obstacle() !== "" || (!this.requested && this.waitMs() > 0)) return
        this.requested = false
        this.startedMs = this.board.ticks.nowMs()
        this.confirmedSeconds = 0
        const self = this
        try {
            await this.socketLock.run("upload", socketWaitMs, async () => {
                await self.sendAll()
            })
            this.settled()
        } catch (thrown) {
            if (!this.stopping) this.failed(thrown)
        }
        this.session = undefined
        this.gateway = undefined
        this.shipment = undefined
        this.endedMs = this.board.ticks.nowMs()
        if (this.confirmedSeconds !== 0)
            await this.settings.setState(Key.FtpLastSuccess, this.confirmedSeconds)
    }

    /** The next run() tries, whatever the period. */
    sendNow(): void {
        this.requested = true
    }

    /** Settings have changed: what failed with the old ones is tried again at once. */
    settingsChanged(): void {
        if (this.failuresInRow !== 0) this.startedMs = neverMs
        this.settled()
    }

    /**
     * Notes that everything from that day on is to be sent once more, whole.
     * @param day "YYYY-MM-DD"; throws Fault BadValue for anything else
     * @returns how many files that are
     */
    async resend(day: string): Promise<number> {
        if (day.length !== 10 || parseDateTime(day) === undefined)
            throw new Fault(FaultCode.BadValue, "not a day: " + day + ": write it as YYYY-MM-DD")
        const name = day.slice(0, 4) + day.slice(5, 7) + day.slice(8) + ".CSV"
        const key = logKey(Buffer.from(name), 0)
        if (this.shipment !== undefined)
            throw new Fault(FaultCode.UsageWrong, "an upload is under way: try again when it is over")
        const count = (await this.logs.resend(key)) + (await this.cells.resend(key))
        this.requested = true
        return count
    }

    /** Logs in and out; the lines say what was answered and which mode is used. */
    async test(): Promise<string[]> {
        const obstacle = this.obstacle()
        if (obstacle !== "") return [obstacle]
        const self = this
        return await this.socketLock.run("ftp test", 1000, async () => {
            self.openCourier()
            if (self.gateway !== undefined) {
                await self.gateway.size("")
                return ["mode: gateway " + self.settings.text(Key.FtpGateway), "log-in accepted"]
            }
            await self.session.logIn()
            const lines = ["mode: direct", self.session.greeting, self.session.welcome]
            await self.session.logOut()
            return lines
        })
    }

    /** Ends the upload at a safe point: what is not confirmed is resumed later. True when it has ended. */
    async stop(timeoutMs: number): Promise<boolean> {
        this.stopping = true
        if (this.session !== undefined) await this.session.stop()
        if (this.gateway !== undefined) await this.gateway.stop()
        for (let ms = 0; ms < timeoutMs; ms += 50) {
            if (this.session === undefined && this.gateway === undefined) return true
            await this.board.ticks.sleep(50)
        }
        return false
    }

    /** What the console shows. */
    state(): string[] {
        const waitSeconds = Math.ceil(this.waitMs() / 1000)
        const lines = ["state: " + this.activity(waitSeconds)]
        if (this.lastError !== "")
            lines.push(`last error: ${this.lastError} (${this.failuresInRow} in a row)`)
        lines.push(`unsent at the last look: ${this.pendingBytes} bytes`)
        lines.push(
            `confirmed since the start: ${this.filesConfirmed} files, ${this.bytesConfirmed} bytes; ` +
                `${this.logins} log-ins, ${this.failures} failures`,
        )
        return lines
    }

    private activity(waitSeconds: number): string {
        const shipment = this.shipment
        if (shipment !== undefined)
            return `sending ${shipment.fileName}, ${shipment.position} of ${shipment.sizeBytes} bytes`
        if (this.session !== undefined || this.gateway !== undefined) return "connecting"
        const obstacle = this.obstacle()
        return obstacle === "" ? `waiting, next try in ${waitSeconds} s` : obstacle
    }

    /** Why there is no try at all, "" when there may be one. */
    private obstacle(): string {
        const settings = this.settings
        if (this.stopping) return "stopped"
        if (settings.number(Key.FtpEnable) === 0 && !this.requested) return "off (ftp.enable)"
        if (settings.text(Key.FtpHost) === "") return "no server: set ftp.host"
        if (settings.text(Key.WifiSsid) !== "" && !this.board.wifi.connected()) return "no Wi-Fi"
        return ""
    }

    /** Milliseconds to the next try. */
    private waitMs(): number {
        const periodMs = this.settings.number(Key.FtpPeriod) * 1000
        let atMs = this.startedMs + periodMs
        if (this.failuresInRow > 0 && !this.loginRefused) {
            let backOffMs = backOffMsMin
            for (let i = 1; i < this.failuresInRow && backOffMs < periodMs; ++i) backOffMs *= 2
            atMs = this.endedMs + Math.min(backOffMs, periodMs)
        }
        return Math.max(0, atMs - this.board.ticks.nowMs())
    }

    private settled(): void {
        this.failuresInRow = 0
        this.loginRefused = false
        this.lastError = ""
        this.alarms.set(Alarm.Ftp, false)
    }

    private failed(thrown: any): void {
        this.failures++
        this.failuresInRow++
        this.lastError = faultMessage(thrown)
        this.loginRefused = faultCode(thrown) === FaultCode.FtpLoginRefused
        this.log("ftp: " + this.lastError)
        if (this.failuresInRow >= alarmAfterFailures) this.alarms.set(Alarm.Ftp, true)
    }

    private openCourier(): void {
        const settings = this.settings
        const host = settings.text(Key.FtpHost)
        const port = settings.number(Key.FtpPort)
        const user = settings.text(Key.FtpUser)
        const gateway = settings.text(Key.FtpGateway)
        let password = settings.text(Key.FtpPassword)
        if (password === "" && user === "anonymous") password = "bms-mini@"
        const { tcp, ticks } = this.board
        if (gateway !== "")
            this.gateway = new Gateway(
                tcp, ticks, this.clock, gateway, host + ":" + port, user, password,
            )
        else this.session = new FtpSession(tcp, ticks, host, port, user, password, this.log)
    }

    private async sendAll(): Promise<void> {
        this.pendingBytes = 0
        await this.sendBacklog(this.logs)
        if (this.settings.number(Key.FtpCells) !== 0) await this.sendBacklog(this.cells)
        if (this.session !== undefined) await this.session.logOut()
    }

    private async sendBacklog(backlog: Backlog): Promise<void> {
        for (;;) {
            await backlog.load()
            for (let i = 0; i < backlog.keys.length; ++i) {
                const unsent = backlog.sizes[i] - Math.max(0, backlog.sent[i])
                if (backlog.sent[i] < backlog.sizes[i]) this.pendingBytes += unsent
            }
            for (let i = 0; i < backlog.keys.length; ++i)
                if (backlog.sent[i] < backlog.sizes[i]) await this.sendFile(backlog, i)
            if (!backlog.more) return
        }
    }

    private async sendFile(backlog: Backlog, index: number): Promise<void> {
        const name = logName(backlog.keys[index])
        const size = backlog.sizes[index]
        const now = this.clock.nowSeconds()
        if (this.session === undefined && this.gateway === undefined) await this.begin()
        // Through the gateway a grown file goes whole each time.
        if (this.gateway !== undefined && backlog.keys[index] === backlog.newestKey) {
            if (backlog.sent[index] > 0 && now - this.grownSeconds < growingFileSeconds) return
            this.grownSeconds = now
        }
        const shipment = new Shipment(
            name,
            size,
            backlog.sent[index],
            await backlog.remoteName(index),
            this.settings.text(Key.UserSerial) + "-" + backlog.folder + "-" + name.slice(0, 8),
            new CardReader(this.storage, backlog.folder + "/" + name),
            backlog.history,
        )
        this.shipment = shipment
        const unsent = size - Math.max(0, shipment.sentBytes)
        if (this.gateway !== undefined) await this.gateway.deliver(shipment)
        else await deliverDirect(this.session, shipment)
        this.shipment = undefined
        this.filesConfirmed++
        this.bytesConfirmed += unsent
        this.pendingBytes -= unsent
        this.confirmedSeconds = this.clock.nowSeconds()
        this.log(`ftp: confirmed ${shipment.remoteName}, ${size} bytes`)
    }

    private async begin(): Promise<void> {
        this.openCourier()
        if (this.session !== undefined) await this.session.logIn()
        this.logins++
        await this.settings.setState(Key.FtpLastLogin, this.clock.nowSeconds())
    }
}
