import { FaultCode, faultCode } from "../core/fault"
import { Board, WallClock } from "../core/seams"
import { Key, StateWriter } from "../settings/keys"
import { Backlog } from "./backlog"
import { Courier } from "./courier"
import { DirectCourier, ServerMemory } from "./ftp"
import { Gateway } from "./gateway"
import { Shipment } from "./shipment"

const growingFileMs = 3600000
/** This many consecutive refused files end a session; the next one continues after them. */
const refusedMax = 2
const dayMs = 24 * 3600000
/**
 * After this long a session ends between two files, and the next one continues: a longer task
 * counts as stuck.
 */
const sessionMsMax = 4 * 3600000

/** Sends unsent bytes of backlogs to the server: one session at a time, one courier at a time. */
export class Sender implements ServerMemory {
    /** Since the start: log-ins, and what the server has confirmed. */
    logins = 0
    filesConfirmed = 0
    bytesConfirmed = 0
    pasv: boolean
    gone: string[] = []
    goneMs: number
    courier: Courier
    /** Unsent bytes of the session's backlogs when the card was last read. */
    pendingBytes = 0
    /** A fault of one file alone, which did not hold up the others. */
    spoiled: any
    /** The shipment being sent. */
    private shipment: Shipment
    private startedMs: number
    private loginSeconds: number
    private confirmedSeconds: number
    /** Consecutive files that the server refused. */
    private refused = 0

    constructor(
        private readonly board: Board,
        private readonly settings: StateWriter,
        private readonly clock: WallClock,
        private readonly log: (line: string) => void,
    ) {}

    /** @param anew retries files that were gone from the server */
    begin(nowMs: number, anew: boolean): void {
        const { settings } = this
        if (anew || nowMs - this.goneMs > dayMs) this.gone = []
        this.startedMs = nowMs
        this.pendingBytes = 0
        this.spoiled = undefined
        this.refused = 0
        this.loginSeconds = settings.number(Key.FtpLastLogin)
        this.confirmedSeconds = settings.number(Key.FtpLastSuccess)
    }

    /** Ends a session, however it went. */
    async end(): Promise<void> {
        if (this.courier) await this.courier.stop()
        this.courier = undefined
        this.shipment = undefined
    }

    /** Once per session: each write takes room in flash. */
    async storeTimes(): Promise<void> {
        await this.settings.apply(
            [Key.FtpLastLogin, Key.FtpLastSuccess],
            [this.loginSeconds, this.confirmedSeconds],
        )
    }

    /** Settings have changed: another server may answer. */
    forget(): void {
        this.pasv = false
        this.gone = []
    }

    /** The courier that the settings select. */
    newCourier(): Courier {
        const { board, settings } = this
        return settings.text(Key.FtpGateway)
            ? new Gateway(board, settings, this.clock)
            : new DirectCourier(board, settings, this)
    }

    /** The current activity as text; "" between sessions. */
    activity(): string {
        const { shipment } = this
        if (shipment)
            return `sending ${shipment.remoteName}: ${shipment.position} of ${shipment.sizeBytes}`
        return this.courier ? "connecting" : ""
    }

    /**
     * Throws what ends a session; other faults are in `spoiled`.
     * @returns false if the session took too long: the rest is for the next one, at once
     */
    async sendBacklog(backlog: Backlog): Promise<boolean> {
        // Through the gateway a grown file is sent whole each time, so not in every period.
        const gateway = this.settings.text(Key.FtpGateway)
        const pendingBytes = this.pendingBytes
        // The last session ended early: continue there, then from the oldest.
        let again = backlog.triedKey > 0
        for (;;) {
            this.pendingBytes += await backlog.load()
            const early = gateway && this.startedMs - backlog.newestSentMs < growingFileMs
            for (const file of backlog.files) {
                if (file.sentBytes >= file.sizeBytes || file.key <= backlog.triedKey) continue
                const newest = file.key === backlog.newestKey
                if (newest && early && file.sentBytes > 0) continue
                if (this.board.ticks.nowMs() - this.startedMs > sessionMsMax) return false
                if (await this.trySendFile(file)) {
                    if (newest) backlog.newestSentMs = this.startedMs
                    continue
                }
                backlog.leave(file)
                if (this.refused === refusedMax) throw this.spoiled
            }
            if (backlog.more) continue
            backlog.end()
            if (!again) return true
            again = false
            this.pendingBytes = pendingBytes
        }
    }

    /**
     * False if the file cannot be read, or the server refuses it: the fault is kept, and the
     * session continues with a new connection.
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
        // The connection may be in the middle of the file.
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

/** Faults that keep one file from being read or stored, while others may be fine. */
const ofOneFile = [
    FaultCode.CardRefused,
    FaultCode.CardCrc,
    FaultCode.VolumeDamaged,
    FaultCode.NotFound,
    FaultCode.FtpNoProgress,
    FaultCode.FtpFileRefused,
]
