import * as ds from "@devicescript/core"
import { SimI2cBus, SimSpiBus } from "../../../../src/board/simbuses"

// One fiber only transfers. Another one counts its own turns meanwhile.
const spi = new SimSpiBus()
const i2c = new SimI2cBus()
let ticks = 0

async function tick() {
    while (ticks >= 0) {
        await ds.sleep(10)
        ticks += 1
    }
}

async function main() {
    await spi.setClockHz(20000000)
    const block = Buffer.alloc(544)
    tick.start()
    await ds.sleep(20)
    ticks = 0
    console.log("transfers begin")
    for (let i = 0; i < 500; ++i) await spi.transfer(block)
    console.log("transfers end")
    console.log("turns of the other fiber " + ticks)
    console.log("register read begins")
    await i2c.writeRead(8, hex`14`, 2)
    console.log("register read ends")
    try {
        await i2c.writeRead(99, hex`14`, 2)
    } catch {
        console.log("no answer")
    }
}

await main()
