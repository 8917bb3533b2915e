import * as ds from "@devicescript/core"
import { runtimeBoard } from "../../src/board/runtime"
import { SimI2cBus, SimSpiBus, SimLight } from "../../src/board/simbuses"
import { startFirmware } from "../../src/firmware"

// The firmware as started by src/mainsim.ts, with 16 of the 64 KB of heap taken at the start: if
// this runs, it needs no more than the other 48 KB.

const ballast = Buffer.alloc(16 * 1024)

/** Keeps the ballast in use while the program runs. */
async function hold(): Promise<void> {
    for (;;) {
        if (ballast[0] !== 0) throw new Error("the ballast has changed")
        await ds.sleep(60000)
    }
}

hold.start()
await startFirmware(runtimeBoard(new SimSpiBus(), new SimI2cBus(), new SimLight()))
