import { Fault, FaultCode, faultCode } from "../core/fault"
import { FtpSession } from "./ftp"
import { Sent } from "./history"
import { Shipment } from "./shipment"

/** Handovers without progress; the last one only asks the server for its reason. */
const stalledMax = 3
const refusalWaitMs = 2000

/**
 * Delivers over FTP by handing the one socket over: control, data, control again. A file counts as
 * sent when the server's SIZE says so. Throws Fault FtpNoProgress when the server drops transfers.
 */
export class DirectCourier extends FtpSession {
    override async deliver(shipment: Shipment, serial: string): Promise<void> {
        const size = shipment.sizeBytes
        let stalled = 0
        let there = -1
        if (shipment.remoteName === "") await shipment.takeFreeName(this, serial)
        else there = await this.size(shipment.remoteName)
        while (there !== size || shipment.sentBytes === Sent.Again) {
            const start = await this.startOf(shipment, there, serial)
            await this.transfer(shipment, start, stalled === stalledMax - 1 ? refusalWaitMs : 0)
            await this.logIn()
            there = await this.settledSize(shipment.remoteName, size)
            if (there > start || there === size) {
                stalled = 0
                shipment.sentBytes = there
                if (there !== size) await shipment.record(there)
            } else if (++stalled === stalledMax)
                throw new Fault(
                    FaultCode.FtpNoProgress,
                    "server stops the transfer when the control connection closes: set ftp.gateway",
                )
        }
        await shipment.record(size)
    }

    /** Where to go on: at the end of what is there if that is a beginning of ours, else at 0. */
    private async startOf(shipment: Shipment, there: number, serial: string): Promise<number> {
        if (there < 0) return 0
        if (shipment.sentBytes !== Sent.Again) {
            if (there > shipment.sizeBytes) {
                // Longer than ours: not only ours, so it is left alone.
                await shipment.takeFreeName(this, serial)
                return 0
            }
            if (there >= shipment.sentBytes) return there
        }
        // Ours, but shorter than it was or to be sent again. Deleted, so that its size can mislead
        // nobody.
        if ((await this.command("DELE", shipment.remoteName)) !== 250)
            await shipment.takeFreeName(this, serial)
        return 0
    }

    /** One handover. What breaks the connection shows in the size; other faults are passed on. */
    private async transfer(shipment: Shipment, start: number, waitMs: number): Promise<void> {
        try {
            await this.startTransfer(start > 0 ? "APPE" : "STOR", shipment.remoteName, waitMs)
            await shipment.copyTo(this.stream, start)
        } catch (thrown) {
            if (faultCode(thrown) >> 8 !== FaultCode.SocketClosed >> 8) throw thrown
        }
    }
}
