import { StateFolder } from "../../sim/state"
import type { StoredNetwork } from "../../sim/wifi/runtime"

/**
 * A board's folder whose flash is in memory, and that keeps no transcript: writing a file for each setting takes a
 * tenth of a test's time.
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

    override record(): void {}
}
