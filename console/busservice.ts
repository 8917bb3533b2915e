import type { JDBus, JDService } from "jacdac-ts"

/** The part of a clock that a wait needs. */
export interface Time {
    /** Unix ms. */
    nowMs(): number
    sleep(ms: number): Promise<void>
}

const lookMs = 20

/** The board's service of that class, if the board is on the bus. */
export function boardService(bus: JDBus, serviceClass: number): JDService | undefined {
    return bus.services({ serviceClass }).find(({ device }) => device.connected)
}

/**
 * Waits for the service: on a busy PC the bus may have forgotten the board until its next packet.
 * @returns undefined after the timeout
 */
export async function awaitBoardService(
    bus: JDBus,
    serviceClass: number,
    time: Time,
    timeoutMs: number,
): Promise<JDService | undefined> {
    const endMs = time.nowMs() + timeoutMs
    for (;;) {
        const service = boardService(bus, serviceClass)
        if (service || time.nowMs() >= endMs) return service
        await time.sleep(lookMs)
    }
}
