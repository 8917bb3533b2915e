import * as ds from "@devicescript/core"
import { startServer } from "@devicescript/server"
import { runtimeBoard } from "../../src/board/runtime"
import { SimI2cBus, Simport, SimSpiBus, SimStatusLight } from "../../src/board/simport"
import { startFirmware } from "../../src/firmware"

// The firmware as src/mainsim.ts starts it, with 12 of the 64 KB of heap taken away from the start: what runs here needs
// no more than the other 52 KB.

const ballast = Buffer.alloc(12 * 1024)

/** Keeps the ballast in use for as long as the program runs. */
async function hold(): Promise<void> {
    for (;;) {
        if (ballast[0] !== 0) throw new Error("the ballast has changed")
        await ds.sleep(60000)
    }
}

const port = new Simport()
startServer(port)
hold.start()
await startFirmware(runtimeBoard(new SimSpiBus(port), new SimI2cBus(), new SimStatusLight()))
