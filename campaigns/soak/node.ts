import { NativeWorld } from "./nativeworld"
import { soak, type SoakResult } from "./soak"

/** The firmware in Node; import it with DeviceScript's Buffer visible to the firmware's sources. */
export async function soakInNode(
    days: number,
    secondsMax: number,
    tell: (line: string) => void,
): Promise<SoakResult> {
    return await soak(new NativeWorld(), days, secondsMax, 0, tell)
}
