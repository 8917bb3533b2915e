import * as ds from "@devicescript/core"
import { startServer } from "@devicescript/server"
import { Simport, SimSpiBus } from "./board/simport"
import { ServiceWifi } from "./board/wifi"
import { shortDeviceId } from "./board/identity"
const port = new Simport()
startServer(port)
const spi = new SimSpiBus(port)
const wifi = new ServiceWifi()
console.log("short " + shortDeviceId(ds.deviceIdentifier("self")))
await ds.sleep(100)
const out = Buffer.alloc(528)
out.fillAt(0, 528, 0xff)
const t = ds.millis()
for (let i = 0; i < 1000; ++i) { await spi.transfer(out) }
console.log("1000 transfers " + (ds.millis() - t))
await wifi.join("home", "password")
await ds.sleep(3000)
console.log("wifi " + wifi.connected() + " " + await wifi.address())
await ds.sleep(1000)
ds.reboot()
