import type { JDBus, JDService } from "jacdac-ts"

/** What of the time a wait needs. */
export interface Time {
    /** Unix ms. */
    nowMs(): number
    sleep(ms: number): Promise<void>
}

const lookMs = 20

/** The board's service of that class, if the bus hears from the board. */
export function boardService(bus: JDBus, serviceClass: number): JDService | undefined {
    return bus.services({ serviceClass }).find(({ device }) => device.connected)
}

/**
 * Waits until it is there: on a busy PC the bus may have forgotten the board, until it hears from
 * it again.
 * @returns undefined after the time
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
