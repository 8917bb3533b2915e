import { startServer } from "@devicescript/server"
import { runtimeBoard } from "./board/runtime"
import { SimI2cBus, Simport, SimSpiBus, SimStatusLight } from "./board/simport"
import { startFirmware } from "./firmware"

// The first server of all: the host finds its end of the wires at service index 1.
const port = new Simport()
startServer(port)
await startFirmware(runtimeBoard(new SimSpiBus(port), new SimI2cBus(), new SimStatusLight()))
