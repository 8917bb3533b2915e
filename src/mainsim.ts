import { runtimeBoard } from "./board/runtime"
import { SimI2cBus, SimSpiBus, SimLight } from "./board/simbuses"
import { startFirmware } from "./firmware"

await startFirmware(runtimeBoard(new SimSpiBus(), new SimI2cBus(), new SimLight()))
