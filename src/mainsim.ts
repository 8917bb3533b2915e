import { runtimeBoard } from "./board/runtime"
import { SimI2cBus, SimSpiBus, SimStatusLight } from "./board/simbuses"
import { startFirmware } from "./firmware"

await startFirmware(runtimeBoard(new SimSpiBus(), new SimI2cBus(), new SimStatusLight()))
