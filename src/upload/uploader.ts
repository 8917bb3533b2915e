import { Alarm, AlarmSink } from "../core/alarm"
import { Fault, FaultCode, faultCode, faultMessage } from "../core/fault"
import { Board, WallClock } from "../core/seams"
import { Key, StateWriter } from "../settings/keys"
import { Backlog } from "./backlog"
import { CardStorage } from "./cardreader"
import { dayKey, pieceBytes } from "./history"
import { Pacing } from "./pacing"
import { Sender } from "./sender"
import { sectorBytes } from "./shipment"

const alarmAfterFailures = 3
const socketWaitMs = 60000
/** How long a console command waits for an upload to end. */
const commandWaitMs = 30000

/** The lock around the board's only socket. */
export interface SocketLock {
    run<T>(owner: string, timeoutMs: number, work: () => Promise<T>): Promise<T>
}

/**
 * Decides when to send the log files' unsent bytes to the FTP server, and keeps the result: the
 * task calls run() every second. A byte counts as sent once the server has confirmed it.
 */
export class Uploader {
    lastError = ""
    /** Makes the next run() try, whatever the period. */
    requested: boolean
    readonly pacing = new Pacing()
    readonly sender: Sender
    readonly logs: Backlog
    readonly cells: Backlog
    readonly events: Backlog
    private stopping: boolean
    private running: boolean

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
        this.sender = new Sender(board, settings, clock, log)
        this.logs = new Backlog(storage, clock, "LOG", sector, piece, board.flash)
        this.cells = new Backlog(storage, clock, "CELL", sector, piece, board.flash)
        this.events = new Backlog(storage, clock, "EVT", sector, piece, board.flash)
    }

    /** The task's job: one session if one is due. Failures are kept, not thrown. */
    async run(): Promise<void> {
        const self = this
        const { settings, sender, pacing } = this
        if (!settings.number(Key.FtpEnable)) {
            pacing.failuresInRow = 0
            this.alarms.set(Alarm.Ftp, false)
        }
        if (this.obstacle()) return
        const { ticks } = this.board
        pacing.begin(ticks.nowMs())
        sender.begin(ticks.nowMs(), this.requested)
        this.requested = false
        this.running = true
        try {
            const work = async () => await self.session()
            // A session that took too long continues at once.
            if (!(await this.socketLock.run("upload", socketWaitMs, work))) this.requested = true
            if (sender.spoiled !== undefined) throw sender.spoiled
            this.settled()
        } catch (thrown) {
            if (!this.stopping) this.failed(thrown)
        }
        await sender.end()
        pacing.end(ticks.nowMs())
        this.running = false
        await sender.storeTimes()
    }

    /** @returns false if there was no time for all */
    private async session(): Promise<boolean> {
        const { sender } = this
        const all =
            (await sender.sendBacklog(this.logs)) &&
            (await sender.sendBacklog(this.events)) &&
            (!this.settings.number(Key.FtpCells) || (await sender.sendBacklog(this.cells)))
        if (sender.courier) await sender.courier.logOut()
        return all
    }

    /**
     * Waits for the end of the requested session.
     * @returns "" if all is sent, else the reason
     */
    async finished(): Promise<string> {
        while (this.requested || this.running) {
            const obstacle = this.running ? "" : this.obstacle()
            if (obstacle) return obstacle
            await this.board.ticks.sleep(100)
        }
        return this.lastError
    }

    settingsChanged(): void {
        this.pacing.settingsChanged(this.lastError !== "")
        this.sender.forget()
        this.settled()
    }

    /**
     * Marks everything from that day on to be sent again, whole; the next run() does it.
     * @param day "YYYY-MM-DD"; throws Fault BadValue for anything else, LockTimeout during an
     * upload
     * @returns the number of files
     */
    async resend(day: string): Promise<number> {
        const key = dayKey(day)
        if (key < 0) throw new Fault(FaultCode.BadValue, day + " is not a day: write YYYY-MM-DD")
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

    /** Logs in and out; the lines show the mode and the answer. */
    async test(): Promise<string[]> {
        const self = this
        const courier = this.sender.newCourier()
        const gateway = this.settings.text(Key.FtpGateway)
        let answer = ""
        await this.socketLock.run("ftp test", commandWaitMs, async () => {
            try {
                await courier.logIn()
                answer = courier.said()
                self.sender.logins++
                await self.settings.apply([Key.FtpLastLogin], [self.clock.nowSeconds()])
                await courier.logOut()
            } finally {
                await courier.stop()
            }
        })
        return ["mode: " + (gateway ? "gateway " + gateway : "direct"), "answer: " + answer]
    }

    /**
     * Ends the upload at a safe point: unconfirmed bytes are resumed later. True once it has ended.
     */
    async stop(timeoutMs: number): Promise<boolean> {
        const { sender } = this
        this.stopping = true
        if (sender.courier) await sender.courier.stop()
        for (let ms = 0; ms < timeoutMs && sender.courier; ms += 50)
            await this.board.ticks.sleep(50)
        return !sender.courier
    }

    /** The current activity, or why there is none, as text. */
    activity(): string {
        return this.sender.activity() || this.obstacle() || "due"
    }

    /** Bytes missing on the server when the card was last read. */
    unsentBytes(): number {
        return Math.max(0, this.sender.pendingBytes)
    }

    private periodMs(): number {
        return this.settings.number(Key.FtpPeriod) * 1000
    }

    /** Why there is no attempt now, "" if one is due. */
    private obstacle(): string {
        const { settings, board } = this
        if (this.stopping) return "stopped"
        if (!settings.text(Key.FtpHost)) return "no server: set ftp.host"
        if (settings.text(Key.WifiSsid) && !board.wifi.connected()) return "no Wi-Fi"
        if (this.requested) return ""
        if (!settings.number(Key.FtpEnable)) return "off: set ftp.enable"
        const serial = settings.text(Key.UserSerial)
        const waitMs = this.pacing.waitMs(board.ticks.nowMs(), this.periodMs(), serial)
        return waitMs > 0 ? "next try in " + Math.ceil(waitMs / 1000) + " s" : ""
    }

    private settled(): void {
        this.pacing.succeeded()
        this.lastError = ""
        this.alarms.set(Alarm.Ftp, false)
    }

    private failed(thrown: any): void {
        const { pacing, log } = this
        const before = this.lastError
        this.lastError = faultMessage(thrown)
        const code = faultCode(thrown)
        if (noCard.includes(code)) {
            if (this.lastError !== before) log("ftp: waits: " + this.lastError)
            pacing.foundNoCard(this.board.ticks.nowMs(), this.periodMs())
            return
        }
        pacing.failed(code === FaultCode.FtpLoginRefused)
        log("ftp: failed: " + this.lastError)
        if (pacing.failuresInRow >= alarmAfterFailures)
            this.alarms.set(Alarm.Ftp, true, this.lastError)
    }
}

/** Faults that mean there is no readable card: nothing can be sent, and that is no failure. */
const noCard = [
    FaultCode.CardAbsent,
    FaultCode.CardUnsupported,
    FaultCode.VolumeUnformatted,
    FaultCode.VolumeUnsupported,
    FaultCode.NotMounted,
]
