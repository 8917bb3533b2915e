import * as ds from "@devicescript/core"
import { SimSpiBus } from "../../src/board/simbuses"
import { SdCard } from "../../src/card/sdcard"
import { WallClock } from "../../src/core/seams"
import { Volume, volumeBuffers } from "../../src/fat/volume"
import { TailCheck } from "../../src/logs/record"
import { LogStorage } from "../../src/logs/logcard"
import { Retention } from "../../src/logs/retention"
import { Backlog } from "../../src/upload/backlog"
import { CardStorage } from "../../src/upload/cardreader"
import { pieceBytes } from "../../src/upload/history"

// Runs in order the loops whose length depends on the card, a directory or a file, on the card
// inserted by bench/bounds.ts. Prints "begin <name>" and "end <name> <longest time of the lock in
// ms>".

const ticks = {
    nowMs: () => ds.millis(),
    sleep: async (ms: number) => {
        await ds.sleep(ms)
    },
}
const buffers = volumeBuffers()
const header = "time,utc_offset,serial,V,A,soc,min,max,no,no,t,t,errors"
let sinceMs = 0
let longestMs = 0

function note(): void {
    const heldMs = ds.millis() - sinceMs
    if (heldMs > longestMs) longestMs = heldMs
    sinceMs = ds.millis()
}

/** The lock is released here; no one else wants it. */
async function rest(): Promise<void> {
    note()
    await ds.sleep(1)
    sinceMs = ds.millis()
}

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
    await ds.sleep(20)
    console.log(`begin ${name}`)
    longestMs = 0
    sinceMs = ds.millis()
    try {
        await work()
    } catch (thrown) {
        console.log(`failed ${(thrown as Error).message}`)
    }
    note()
    console.log(`end ${name} ${longestMs}`)
}

async function mounted(card: SdCard): Promise<Volume> {
    const volume = await Volume.mount(card, ticks, buffers)
    volume.table.rest = rest
    return volume
}

/** Creates or opens a file, and adds a record. */
async function append(volume: Volume, path: string): Promise<void> {
    const file = await volume.openForAppend(path, header + "\r\n")
    await file.append(Buffer.from("2027-01-01 00:00:00,x\r\n"))
    await file.close()
}

/** The work of sending and deleting logs. */
async function measureLogs(volume: Volume): Promise<void> {
    const storage: CardStorage = {
        use: async (_owner, work) => {
            note()
            return await work(volume)
        },
        generation: () => 1,
    }
    const clock: WallClock = {
        nowSeconds: () => 1790000000,
        trusted: () => true,
        offsetMinutes: () => 0,
        offer: async () => {},
    }
    const piece = Buffer.alloc(pieceBytes)
    const backlog = new Backlog(storage, clock, "LOG", Buffer.alloc(512), piece, undefined)
    await measure("backlog", async () => await backlog.load())
    await measure("history", async () => await backlog.history.fillIn(backlog.files, 0))
    await measure("nothing", async () => {
        const none = { fillIn: async () => 0, fullySent: async () => false }
        await new Retention(ticks, [none, none]).makeRoom(
            storage as unknown as LogStorage,
            "20270101",
        )
    })
    await measure("room", async () => {
        const { history } = backlog
        const retention = new Retention(ticks, [history, history])
        await retention.makeRoom(storage as unknown as LogStorage, "20180111")
    })
}

async function main(): Promise<void> {
    const card = await new SdCard(new SimSpiBus(), ticks).openAgain()
    let volume: Volume
    await measure("mount", async () => {
        volume = await mounted(card)
    })
    await measure("free", async () => await volume.table.seekFree(1))
    await measure("count", async () => await volume.table.countFree(64))
    await measure("absent", async () => await volume.open("BMSMINI.BAK"))
    await measure("last", async () => await volume.open("LOGSENT.TXT"))
    await measure("day", async () => await append(volume, "LOG/20270101.CSV"))
    await measure("folder", async () => await append(volume, "CELL/20270101.CSV"))
    await measure("tail", async () => {
        const check = new TailCheck("20180101.CSV", header)
        const accepts = (line: string) => check.accepts(line)
        const file = await volume.openForAppend("LOG/20180101.CSV", header, accepts)
        await file.close()
    })
    await measure("chain", async () => {
        const file = await volume.open("LONG.TXT")
        await file.read(file.byteCount() - 512, Buffer.alloc(512), 512)
    })
    await measure("remove", async () => await volume.remove("LONG.TXT"))
    await measureLogs(volume)
    console.log("done")
}

await main()
