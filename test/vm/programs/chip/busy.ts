import * as ds from "@devicescript/core"
import { SimSpiBus } from "../../../../src/board/simbuses"

// Two fibers compute alternately, so the main loop's turn never ends. A third one transfers.
const spi = new SimSpiBus()
let runs = 0
let transfers = 0
let busy = true

function compute(): number {
    let sum = 0
    for (let i = 0; i < 1000; ++i) sum += i
    return sum
}

async function hog() {
    while (busy) {
        compute()
        runs += 1
        await ds.sleep(1)
    }
}

async function transfer() {
    const block = Buffer.alloc(544)
    while (busy) {
        await spi.transfer(block)
        transfers += 1
    }
}

async function main() {
    await spi.setClockHz(20000000)
    hog.start()
    hog.start()
    transfer.start()
    await ds.sleep(2000)
    busy = false
    console.log(`runs ${runs} transfers ${transfers}`)
}

await main()
