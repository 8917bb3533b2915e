import { Fault, FaultCode, faultCode } from "../core/fault"
import { FtpSession } from "./ftp"
import { Sent } from "./history"
import { Shipment } from "./shipment"

const stalledMax = 2
const refusalWaitMs = 2000

/**
 * Delivers one file over a logged-in session, which is logged in again on return. The file counts as sent
 * when the server's SIZE says so. Throws Fault FtpNoProgress when the server drops transfers.
 */
export async function deliverDirect(session: FtpSession, shipment: Shipment): Promise<void> {
    let there = -1
    if (shipment.remoteName === "") await shipment.takeFreeName(session)
    else there = await session.size(shipment.remoteName)
    let stalled = 0
    while (there !== shipment.sizeBytes || shipment.sentBytes === Sent.Again) {
        if (!(await continues(session, shipment, there))) there = -1
        const start = there < 0 ? 0 : there
        await transfer(session, shipment, start, stalled > 0 ? refusalWaitMs : 0)
        await session.logIn()
        there = await session.settledSize(shipment.remoteName, shipment.sizeBytes)
        if (there > start) {
            stalled = 0
            if (there === shipment.sizeBytes) break
            await shipment.record(there)
        } else if (++stalled >= stalledMax && there !== shipment.sizeBytes)
            throw new Fault(
                FaultCode.FtpNoProgress,
                "server stops the transfer when the control connection closes: set ftp.gateway",
            )
    }
    await shipment.record(shipment.sizeBytes)
}

/** True when what is there is a beginning of ours; else it is out of the way on return. */
async function continues(session: FtpSession, shipment: Shipment, there: number): Promise<boolean> {
    if (there < 0) return false
    const again = shipment.sentBytes === Sent.Again
    if (there <= shipment.sizeBytes && there >= shipment.sentBytes && !again) return true
    // Longer than ours: not only ours, left alone. Shorter than the history, or to be sent again: ours.
    if ((there > shipment.sizeBytes && !again) || !(await session.remove(shipment.remoteName)))
        await shipment.takeFreeName(session)
    return false
}

/** One handover. What breaks on the way shows in the size, so only other faults are passed on. */
async function transfer(
    session: FtpSession,
    shipment: Shipment,
    start: number,
    waitMs: number,
): Promise<void> {
    try {
        await session.startTransfer(start > 0 ? "APPE" : "STOR", shipment.remoteName, waitMs)
        await shipment.copyTo(session.stream, start)
    } catch (thrown) {
        if (faultCode(thrown) >> 8 !== FaultCode.SocketClosed >> 8) throw thrown
    }
}
