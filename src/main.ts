import { pins } from "@dsboard/bms_mini"
import { DeviceI2cBus, DeviceSpiBus, PinLight } from "./board/device"
import { runtimeBoard } from "./board/runtime"
import { startFirmware } from "./firmware"

const card = new DeviceSpiBus(pins.SD_MISO, pins.SD_MOSI, pins.SD_SCK, pins.SD_CS)
await startFirmware(runtimeBoard(card, new DeviceI2cBus(), new PinLight(pins.LIGHT)))
