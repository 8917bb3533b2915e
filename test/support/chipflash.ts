import { DeviceFlash } from "../../src/board/flash"
import { Lock } from "../../src/core/lock"
import { FakeTicks } from "./faketicks"
import { ChipFlash, useChip } from "./settingsservice"

/**
 * The firmware's flash on a chip. The test must replace @devicescript/core with
 * settingsservice.ts: `vi.mock("@devicescript/core", async () => (await import(…)).natives)`.
 */
export function flashOn(on: ChipFlash): DeviceFlash {
    useChip(on)
    return new DeviceFlash(new Lock(new FakeTicks(), "flash"))
}
