import type { Bq76952Chip } from "./chips/bq76952"
import type { Ds3231Chip } from "./chips/ds3231"
import type { Pack } from "./pack"

/** Events of the battery and the chips on the I²C bus. */
export class ChipEvents {
    constructor(
        private readonly pack: Pack,
        private readonly monitor: Bq76952Chip,
        private readonly clockChip: Ds3231Chip,
    ) {}

    /** In these three, undefined ends the override. */
    setCell(number: number, volts: number | undefined): void {
        this.pack.setCell(number, volts)
    }

    setCurrent(amperes: number | undefined): void {
        this.pack.setCurrent(amperes)
    }

    setTemperature(number: number, celsius: number | undefined): void {
        this.pack.setTemperature(number, celsius)
    }

    setMonitor(up: boolean): void {
        this.monitor.fault = up ? "none" : "offline"
    }

    setClock(state: "down" | "up" | "lost"): void {
        if (state === "lost") this.clockChip.losePower()
        else this.clockChip.absent = state === "down"
    }
}
