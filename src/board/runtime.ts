import * as ds from "@devicescript/core"
import { faultMessage } from "../core/fault"
import { Lock } from "../core/lock"
import { Board, I2cBus, SpiBus, Light } from "../core/seams"
import { printPieces } from "../core/text"
import { DeviceHashing, serveConsole } from "./console"
import { announceForever } from "./control"
import { DeviceFlash } from "./flash"
import { shortDeviceId } from "./identity"
import { DeviceTcpConnector } from "./socket"
import { ServiceWifi } from "./wifi"

/** The build replaces this with the program's own hash: tools/firmware.ts. */
const fingerprint = hex`b5e7c0d1f29a4386`

/** Time and waiting of the DeviceScript runtime. */
class RuntimeTicks {
    nowMs(): number {
        return ds.millis()
    }

    async sleep(ms: number): Promise<void> {
        // The runtime treats a fraction as "at once".
        await ds.sleep(ms > 1 ? Math.ceil(ms) : 1)
    }
}

/** Runs a fiber's work; an uncaught fault would end the program. */
async function guarded(work: () => Promise<void>): Promise<void> {
    try {
        await work()
    } catch (thrown) {
        console.log("fault: " + faultMessage(thrown))
    }
}

/** A board with the given buses and light, and what the runtime provides on every board. */
export function runtimeBoard(spi: SpiBus, i2c: I2cBus, light: Light): Board {
    const ticks = new RuntimeTicks()
    return {
        ticks,
        spi,
        i2c,
        light,
        flash: new DeviceFlash(new Lock(ticks, "flash")),
        tcp: new DeviceTcpConnector(),
        wifi: new ServiceWifi(),
        hashing: new DeviceHashing(),
        shortId: shortDeviceId(ds.deviceIdentifier("self")),
        version: ds._dcfgString("@version") || "without a version",
        spawn: work => {
            guarded.start(work)
        },
        program: fingerprint.getAt(0, "u32"),
        log: line => printPieces(line, piece => console.log(piece)),
        serveConsole: runner => {
            serveConsole(runner)
            guarded.start(announceForever)
        },
        reboot: async () => {
            ds.reboot()
            await ds.sleep(5000)
        },
    }
}
