import * as ds from "@devicescript/core"
import { SimSpiBus } from "../../src/board/simbuses"
import { SdCard } from "../../src/card/sdcard"
import { blockSum, crc16, swapped } from "../../src/core/checksum"

// Runs in the runtime and prints "<name> <count>" before and after each timed part; the host
// measures the time. Parts without waits repeat only so often that a turn's opcode limit is not
// reached.

const blockBytes = 512
const rounds = 40
/** Blocks of one upload-sized read; with CMD18 seven of them fit in a transfer of 4096 bytes. */
const readBlocks = 56

/** The table of the polynomial 0x1021, as 256 words of two bytes. */
const wordTable = Buffer.alloc(512)
/** Its high bytes, then its low bytes. */
const byteTable = Buffer.alloc(512)
/** The entries of 0x0 … 0xf, little-endian. */
const nibbleTable = hex`0000 2110 4220 6330 8440 a550 c660 e770 0881 2991 4aa1 6bb1 8cc1 add1 cee1 eff1`

function fillTables(): void {
    for (let i = 0; i < 256; ++i) {
        let crc = i << 8
        for (let bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
        crc = crc & 0xffff
        wordTable.setAt(i * 2, "u16", crc)
        byteTable[i] = crc >> 8
        byteTable[256 + i] = crc & 255
    }
}

function crcOfWords(bytes: Buffer): number {
    let crc = 0
    for (let i = 0; i < blockBytes; ++i)
        crc = ((crc & 255) << 8) ^ wordTable.getAt(((crc >> 8) ^ bytes[i]) * 2, "u16")
    return crc
}

function crcOfBytes(bytes: Buffer): number {
    let high = 0
    let low = 0
    for (let i = 0; i < blockBytes; ++i) {
        const at = high ^ bytes[i]
        high = low ^ byteTable[at]
        low = byteTable[at + 256]
    }
    return (high << 8) | low
}

function crcOfNibbles(bytes: Buffer): number {
    let crc = 0
    for (let i = 0; i < blockBytes; ++i) {
        const byte = bytes[i]
        crc = ((crc & 0xfff) << 4) ^ nibbleTable.getAt(((crc >> 12) ^ (byte >> 4)) * 2, "u16")
        crc = ((crc & 0xfff) << 4) ^ nibbleTable.getAt(((crc >> 12) ^ (byte & 15)) * 2, "u16")
    }
    return crc
}

function crcAsItIs(bytes: Buffer): number {
    return crc16(0, bytes, 0, blockBytes)
}

function crcOfFoldedWords(bytes: Buffer): number {
    return swapped(blockSum(bytes))
}

function emptyLoop(bytes: Buffer): number {
    let sum = 0
    for (let i = 0; i < blockBytes; ++i) sum = bytes[i]
    return sum
}

async function time(name: string, work: (bytes: Buffer) => number, bytes: Buffer): Promise<void> {
    let result = 0
    for (let round = 0; round < rounds; ++round) {
        await ds.sleep(1)
        console.log(`begin ${name}`)
        result = work(bytes)
        result = work(bytes)
        console.log(`end ${name} 2`)
    }
    if (result !== 0x7fa1 && name !== "loop") console.log(`wrong ${name} ${result}`)
}

/** Reads consecutive blocks with CMD18 and CMD12, as many as fit in a transfer of 4096 bytes. */
async function readMany(spi: SimSpiBus, frame: Buffer, into: Buffer): Promise<number> {
    frame.fillAt(0, frame.length, 0xff)
    frame.blitAt(1, hex`52 00 00 00 00 ff`, 0, 6)
    await spi.select(true)
    let answer = await spi.transfer(frame)
    frame.fillAt(0, frame.length, 0xff)
    let at = 9
    let blocks = 0
    let got = 0
    while (blocks < readBlocks) {
        if (got === 0) {
            while (at < answer.length && answer[at] === 0xff) at++
            at++
        }
        if (at >= answer.length) {
            answer = await spi.transfer(frame)
            at -= frame.length
            continue
        }
        let count = blockBytes - got
        if (count > answer.length - at) count = answer.length - at
        into.blitAt(got, answer, at, count)
        got += count
        at += count
        if (got === blockBytes) {
            got = 0
            at += 2
            blocks++
        }
    }
    const stop = Buffer.alloc(22)
    stop.fillAt(0, 22, 0xff)
    stop.blitAt(1, hex`4c 00 00 00 00 ff`, 0, 6)
    await spi.transfer(stop)
    await spi.select(false)
    return blocks
}

/** Writes blocks with CMD25, one transfer per block, and the stop token. */
async function writeMany(spi: SimSpiBus, frame: Buffer, from: Buffer): Promise<void> {
    const short = Buffer.alloc(22)
    short.fillAt(0, 22, 0xff)
    short.blitAt(1, hex`59 00 00 00 00 ff`, 0, 6)
    await spi.select(true)
    await spi.transfer(short)
    for (let i = 0; i < readBlocks; ++i) {
        frame.fillAt(0, frame.length, 0xff)
        frame[1] = 0xfc
        frame.blitAt(2, from, 0, blockBytes)
        await spi.transfer(frame)
    }
    short.fillAt(0, 22, 0xff)
    short[1] = 0xfd
    await spi.transfer(short)
    short.blitAt(1, hex`4d 00 00 00 00 ff`, 0, 6)
    await spi.transfer(short)
    await spi.select(false)
}

async function timeCard(spi: SimSpiBus): Promise<void> {
    const ticks = {
        nowMs: () => ds.millis(),
        sleep: async (ms: number) => {
            await ds.sleep(ms)
        },
    }
    const card = await new SdCard(spi, ticks).openAgain()
    const block = Buffer.alloc(blockBytes)
    const frame = Buffer.alloc(544)
    const large = Buffer.alloc(4096)
    // The card checks no checksums from now on: the commands below have none.
    frame.fillAt(0, frame.length, 0xff)
    frame.blitAt(1, hex`7b 00 00 00 00 91`, 0, 6)
    await spi.select(true)
    await spi.transfer(frame)
    await spi.select(false)
    for (let round = 0; round < 5; ++round) {
        await ds.sleep(5)
        console.log("begin read")
        for (let i = 0; i < readBlocks; ++i) await card.readBlock(i, block)
        console.log(`end read ${readBlocks}`)
        console.log("begin write")
        for (let i = 0; i < readBlocks; ++i) await card.writeBlock(i, block)
        console.log(`end write ${readBlocks}`)
        console.log("begin transfer")
        for (let i = 0; i < readBlocks; ++i) await spi.transfer(frame)
        console.log(`end transfer ${readBlocks}`)
        console.log("begin readMany")
        await readMany(spi, large, block)
        console.log(`end readMany ${readBlocks}`)
        console.log("begin writeMany")
        await writeMany(spi, frame, block)
        console.log(`end writeMany ${readBlocks}`)
    }
}

await ds.sleep(1500)
fillTables()
const block = Buffer.alloc(blockBytes)
block.fillAt(0, blockBytes, 0xff)
await time("loop", emptyLoop, block)
await time("present", crcAsItIs, block)
await time("folded", crcOfFoldedWords, block)
await time("words", crcOfWords, block)
await time("bytes", crcOfBytes, block)
await time("nibbles", crcOfNibbles, block)
await timeCard(new SimSpiBus())
console.log("done")
