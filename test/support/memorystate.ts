import { StateFolder } from "../../sim/state"
import type { StoredNetwork } from "../../sim/wifi/runtime"

/**
 * A board's folder for a single simulation that no test reads afterwards. The flash is in memory,
 * clock and battery are not kept, and there is no transcript. Writing those files takes a tenth of
 * a test's time.
 */
export class MemoryState extends StateFolder {
    private flash = new Uint8Array(0)
    private network: StoredNetwork = {}

    override loadFlash(): Uint8Array {
        return this.flash
    }

    override saveFlash(data: Uint8Array): void {
        this.flash = data.slice()
    }

    override loadWifi(): StoredNetwork {
        return this.network
    }

    override saveWifi(network: StoredNetwork): void {
        this.network = network
    }

    override saveClock(): void {}

    override saveBattery(): void {}

    override record(): void {}
}
