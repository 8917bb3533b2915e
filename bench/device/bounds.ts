import * as ds from "@devicescript/core"
import { SimSpiBus } from "../../src/board/simbuses"
import { SdCard } from "../../src/card/sdcard"
import { Volume, volumeBuffers } from "../../src/fat/volume"
import { TailCheck } from "../../src/logs/record"
import { Retention } from "../../src/logs/retention"
import { Backlog } from "../../src/upload/backlog"

// The loops over the card whose length is the card's, a directory's or a file's, one after the other, on the card that
// bench/bounds.ts has put in. Says "begin <name>" and "end <name> <longest time of the lock in ms>".

const ticks = {
    nowMs: () => ds.millis(),
    sleep: async (ms: number) => {
        await ds.sleep(ms)
    },
}
const buffers = volumeBuffers()
let sinceMs = 0
let longestMs = 0

function note(): void {
    const heldMs = ds.millis() - sinceMs
    if (heldMs > longestMs) longestMs = heldMs
    sinceMs = ds.millis()
}

/** The lock is let go here: what it costs when nobody else wants it. */
async function pause(): Promise<void> {
    note()
    await ds.sleep(1)
    sinceMs = ds.millis()
}

async function measure(name: string, work: () => Promise<void>): Promise<void> {
    await ds.sleep(20)
    console.log(`begin ${name}`)
    longestMs = 0
    sinceMs = ds.millis()
    try {
        await work()
    } catch (thrown) {
        console.log(`failed ${name}: ${thrown}`)
    }
    note()
    console.log(`end ${name} ${longestMs}`)
}

async function mounted(card: SdCard): Promise<Volume> {
    const volume = await Volume.mount(card, ticks, buffers)
    volume.table.rest = pause
    return volume
}

async function main(): Promise<void> {
    const card = await SdCard.open(new SimSpiBus(), ticks)
    let volume: Volume
    await measure("mount", async () => {
        volume = await mounted(card)
    })
    const storage = {
        use: async (owner: string, work: (mounted: any) => Promise<any>): Promise<any> => {
            note()
            return await work(volume)
        },
        generation: () => 1,
    }
    const clock: any = { nowSeconds: () => 1790000000, offsetMinutes: () => 0 }
    const backlog = new Backlog(storage, clock, "LOG", Buffer.alloc(512), Buffer.alloc(256))
    const sent = async (kind: number, name: string, sizeBytes: number, of: any) =>
        await backlog.history.fullySent(name, sizeBytes, of)

    await measure("open-absent", async () => {
        await volume.open("BMSMINI.BAK")
    })
    await measure("open-absent-next", async () => {
        await volume.open("BMSMINI.BA2")
    })
    await measure("open-last-in-root", async () => {
        await volume.open("LOGSENT.TXT")
    })
    await measure("day-header", async () => {
        await volume.open("LOG/20270101.CSV")
    })
    await measure("day-new", async () => {
        const file = await volume.openForAppend("LOG/20270101.CSV", "time,x\r\n")
        await file.close()
    })
    await measure("day-again", async () => {
        volume = await mounted(card)
        const file = await volume.openForAppend("LOG/20270101.CSV", "time,x\r\n")
        await file.close()
    })
    await measure("directory-new", async () => {
        const file = await volume.openForAppend("CELL/20270101.CSV", "time,x\r\n")
        await file.close()
    })
    await measure("append", async () => {
        const file = await volume.openForAppend("LOG/20270101.CSV", "time,x\r\n")
        await file.append(Buffer.from("2027-01-01 00:00:00,x\r\n"))
        await file.close()
    })
    await measure("tail", async () => {
        const header = "time,utc_offset,serial,V,A,soc,min,max,no,no,t,t,errors"
        const check = new TailCheck("20180101.CSV", header)
        const accepts = (line: string) => check.accepts(line)
        const file = await volume.openForAppend("LOG/20180101.CSV", header, accepts)
        console.log(`tail ${file.sizeBytes()}`)
        await file.close()
    })
    await measure("backlog", async () => {
        await backlog.load()
    })
    await measure("history", async () => {
        await backlog.history.scan(backlog.files, volume)
    })
    await measure("long-open", async () => {
        const file = await volume.openForAppend("LONG.TXT", "")
        await file.close()
    })
    await measure("long-read-back", async () => {
        const file = await volume.open("LONG.TXT")
        const block = Buffer.alloc(512)
        const end = file.sizeBytes()
        await file.read(end - 512, block, 512)
        await file.read(end - 1024 - 65536, block, 512)
    })
    await measure("count", async () => {
        await volume.table.countFree(16)
    })
    await measure("long-remove", async () => {
        await volume.remove("LONG.TXT")
    })
    await measure("room-none", async () => {
        const retention = new Retention(ticks, async () => false)
        await retention.makeRoom(volume, "20270101")
    })
    await measure("room-first", async () => {
        const retention = new Retention(ticks, sent)
        await retention.makeRoom(volume, "20180111")
    })
    await measure("find-free", async () => {
        await volume.table.findFree()
    })
    console.log("done")
}

main.start()
