import { describe, expect, it } from "vitest"
import type { BlockDevice } from "../../src/core/seams"
import { DeviceBuffer } from "../support/devicebuffer"
import { blankStore, MemoryBlockDevice, openMemoryCard } from "../support/memorycard"

const makes: { title: string; make: () => Promise<BlockDevice> }[] = [
    { title: "blocks in memory", make: async () => new MemoryBlockDevice(blankStore(8)) },
    {
        title: "an SDSC card",
        make: async () => (await openMemoryCard(blankStore(8), { type: "SDSC" })).card,
    },
    {
        title: "an SDHC card",
        make: async () => (await openMemoryCard(blankStore(8), { type: "SDHC" })).card,
    },
]

function pattern(seed: number): Buffer {
    const block = DeviceBuffer.alloc(512)
    for (let i = 0; i < 512; ++i) block[i] = (i * 7 + seed * 31) & 255
    return block as unknown as Buffer
}

for (const { title, make } of makes) {
    describe(`the block device on ${title}`, () => {
        it("has exactly as many blocks as it reports", async () => {
            const device = await make()
            expect(device.blockCount()).toBe(8 * 2048)
            const into = pattern(0)
            await device.readBlock(device.blockCount() - 1, into)
            for (const outside of [device.blockCount(), -1]) {
                await expect(device.readBlock(outside, into)).rejects.toThrow()
                await expect(device.writeBlock(outside, into)).rejects.toThrow()
            }
        })

        it("reads back written blocks", async () => {
            const device = await make()
            for (let block = 0; block < 20; ++block) await device.writeBlock(block, pattern(block))
            const into = pattern(99)
            for (let block = 19; block >= 0; --block) {
                await device.readBlock(block, into)
                expect(into).toEqual(pattern(block))
            }
        })

        it("keeps written bytes when the buffer changes afterwards", async () => {
            const device = await make()
            const block = pattern(1)
            await device.writeBlock(3, block)
            block[0] ^= 0xff
            const into = pattern(0)
            await device.readBlock(3, into)
            expect(into).toEqual(pattern(1))
        })

        it("fills the given number of blocks with the same bytes, and no others", async () => {
            const device = await make()
            for (const block of [9, 20, 21]) await device.writeBlock(block, pattern(1))
            await device.fillBlocks(10, 10, pattern(2))
            await device.fillBlocks(20, 1, pattern(3))
            const into = pattern(0)
            for (let block = 9; block <= 21; ++block) {
                await device.readBlock(block, into)
                const seed = block === 9 || block === 21 ? 1 : block === 20 ? 3 : 2
                expect(into).toEqual(pattern(seed))
            }
            const outside = device.fillBlocks(device.blockCount() - 1, 2, into)
            await expect(outside).rejects.toThrow()
        })

        it("overwrites one block and leaves its neighbours alone", async () => {
            const device = await make()
            for (let block = 0; block < 3; ++block) await device.writeBlock(block, pattern(block))
            await device.writeBlock(1, pattern(7))
            const into = pattern(0)
            for (const [block, seed] of [
                [0, 0],
                [1, 7],
                [2, 2],
            ]) {
                await device.readBlock(block, into)
                expect(into).toEqual(pattern(seed))
            }
        })
    })
}
