import { NativeWorld } from "./nativeworld"
import { soak, type SoakResult } from "./soak"

/**
 * The firmware in Node; to be imported with the firmware's sources seeing DeviceScript's Buffer.
 */
export async function soakInNode(
    days: number,
    secondsMax: number,
    tell: (line: string) => void,
): Promise<SoakResult> {
    return await soak(new NativeWorld(), days, secondsMax, 0, tell)
}
