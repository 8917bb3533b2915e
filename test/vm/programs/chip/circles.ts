import * as ds from "@devicescript/core"
import { CardDevice } from "../../../../src/core/seams"
import { Volume } from "../../../../src/fat/volume"

// Circular chains on a FAT32 volume of one-sector clusters: going round reads no new sector.

const blocks = 80000
const reserved = 32
const tableBlocks = 640
const dataBlock = reserved + 2 * tableBlocks
/** The root directory, full of foreign names, a file of 4 GB, a directory: each links to itself. */
const rootCluster = 2
const fileCluster = 3
const folderCluster = 4

function put(into: Buffer, at: number, name: string, attributes: number, cluster: number): void {
    into.blitAt(at, name, 0, 11)
    into[at + 11] = attributes
    into.setAt(at + 26, "u16", cluster)
    into.setAt(at + 28, "u32", 0xfffffe00)
}

const device: CardDevice = {
    blockCount: () => blocks,
    readBlock: async (block, into) => {
        await ds.sleep(1)
        into.fillAt(0, 512, 0)
        if (block === 0) {
            into.setAt(11, "u16", 512)
            into[13] = 1
            into.setAt(14, "u16", reserved)
            into[16] = 2
            into.setAt(32, "u32", blocks)
            into.setAt(36, "u32", tableBlocks)
            into.setAt(44, "u32", rootCluster)
            into.setAt(510, "u16", 0xaa55)
        } else if (block === reserved || block === reserved + tableBlocks)
            for (let i = rootCluster; i <= folderCluster; ++i) into.setAt(i * 4, "u32", i)
        else if (block === dataBlock || block === dataBlock + folderCluster - 2) {
            for (let at = 0; at < 512; at += 32) put(into, at, "FOREIGN TXT", 0x20, 0)
            put(into, 0, "LONG    TXT", 0x20, fileCluster)
            put(into, 32, "LOG        ", 0x10, folderCluster)
        }
    },
    writeBlock: async () => {},
    fillBlocks: async () => {},
    probe: async () => {},
}

async function attempt(name: string, work: () => Promise<any>): Promise<void> {
    await ds.sleep(1)
    let text = "no end"
    try {
        await work()
    } catch (thrown) {
        text = (thrown as Error).message
    }
    console.log(`${name}: ${text}`)
}

async function main(): Promise<void> {
    const ticks = { nowMs: () => ds.millis(), sleep: async (ms: number) => await ds.sleep(ms) }
    const volume = await Volume.mount(device, ticks)
    await attempt("open", async () => await volume.open("ABSENT.TXT"))
    await attempt("make", async () => await volume.openForAppend("LOG/ABSENT.TXT", ""))
    let names = 0
    await attempt("list", async () => {
        await volume.list("LOG", async entry => {
            if (entry.name === "FOREIGN.TXT") names++
            return true
        })
    })
    console.log(`names: ${names}`)
    await attempt("seek", async () => {
        const file = await volume.open("LONG.TXT")
        await file.read(0xf0000000, Buffer.alloc(8), 8)
    })
    await attempt("append", async () => await volume.openForAppend("LONG.TXT", ""))
    console.log("survived")
}

await main()
