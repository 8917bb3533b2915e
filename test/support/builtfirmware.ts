import type { AlarmSink } from "../../src/core/alarm"
import type { Board, WallClock } from "../../src/core/seams"
import type { Firmware } from "../../src/firmware"
import type { StateWriter } from "../../src/settings/keys"
import type { CardStorage } from "../../src/upload/cardreader"
import { bareBoard } from "./bareboard"

/** What surrounds the upload in a test that has it alone. */
export interface UploadSurroundings {
    settings: StateWriter
    clock: WallClock
    storage: CardStorage
    alarms: AlarmSink
}

/**
 * The firmware as `startFirmware` builds it, of which nothing runs but what a test calls: the
 * upload sees these surroundings in place of the firmware's own.
 * @param Built the class, of a test that loads its modules anew at each start
 */
export function builtForUpload(
    Built: typeof Firmware,
    board: Pick<Board, "ticks" | "flash" | "tcp"> & Partial<Board>,
    { settings, clock, storage, alarms }: UploadSurroundings,
): Firmware {
    const none = {} as never
    const wifi = { connected: () => true } as Board["wifi"]
    const rest = { spi: none, i2c: none, wifi, serveConsole: () => {}, reboot: async () => {} }
    const firmware = new Built(bareBoard({ ...rest, ...board }))
    replace(firmware.settings, settings, ["number", "text", "apply"])
    replace(firmware.clock, clock, ["nowSeconds", "trusted", "offsetMinutes", "offer"])
    replace(firmware.storage, storage, ["use", "generation"])
    replace(firmware.alarms, alarms, ["set"])
    return firmware
}

function replace<T extends object>(part: object, fake: T, names: (keyof T & string)[]): void {
    for (const name of names) {
        const method = fake[name] as (...args: unknown[]) => unknown
        Object.defineProperty(part, name, { value: method.bind(fake), writable: true })
    }
}
