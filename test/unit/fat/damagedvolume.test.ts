import { describe, expect, it } from "vitest"
import { FaultCode } from "../../../src/core/fault"
import { header, bytes, line, readAll, mounted, formatted } from "../../support/linefiles"

describe("a damaged FAT volume", () => {
    /** A file of 40 records in 1 KiB clusters of FAT16, and the place of its table. */
    async function damaged() {
        const store = await formatted(16)
        const { volume } = await mounted(store)
        const file = await volume.openForAppend("A.CSV", header)
        let text = header
        for (let i = 1; i <= 40; ++i) {
            await file.append(bytes(line(i)))
            text += line(i)
        }
        await volume.sync()
        const fatBlock = volume.table.fatBlock
        const edit = (cluster: number, value: number, copies = 2) => {
            for (let copy = 0; copy < copies; ++copy) {
                const block = fatBlock + copy * volume.table.fatBlocks
                const data = Uint8Array.from(store.read(block))
                new DataView(data.buffer).setUint16(cluster * 2, value, true)
                store.write(block, data)
            }
        }
        return { store, text, edit, fatBlock }
    }

    it("continues with the second table, and repairs the first", async () => {
        const values = [0, 1, 0xffff, 0xfff7, 0xf000]
        for (const value of values) {
            const { store, text, edit } = await damaged()
            edit(3, value, 1)
            const { volume } = await mounted(store)
            expect(await readAll(volume, "A.CSV")).toBe(text)
            const again = await mounted(store)
            again.device.reads = 0
            expect(await readAll(again.volume, "A.CSV")).toBe(text)
        }
        const { store, text, edit, fatBlock } = await damaged()
        edit(3, 0, 1)
        const { volume, device } = await mounted(store)
        const read = device.readBlock.bind(device)
        device.readBlock = async (block, into) => {
            if (block === fatBlock && device.writes === 0) throw new Error("unreadable")
            await read(block, into)
        }
        expect(await readAll(volume, "A.CSV")).toBe(text)
        expect(device.writes).toBe(1)
    })

    it("refuses a chain that leaves the volume, ends too early or loops", async () => {
        for (const value of [0xf000, 0, 0xffff]) {
            const { store, edit } = await damaged()
            edit(3, value)
            const { volume } = await mounted(store)
            const reading = readAll(volume, "A.CSV")
            await expect(reading).rejects.toMatchObject({ code: FaultCode.VolumeDamaged })
            await expect(reading).rejects.toThrow("repair it on a PC")
        }
        const { store, edit, text } = await damaged()
        edit(3, 2)
        const { volume } = await mounted(store)
        // Reading a loop ends, with the wrong text.
        expect((await readAll(volume, "A.CSV")).length).toBe(text.length)
        expect(await volume.remove("A.CSV")).toBe(true)
    })

    it("refuses a directory without an end", async () => {
        const store = await formatted(16)
        const { volume } = await mounted(store)
        for (let i = 0; i < 40; ++i) {
            const file = await volume.openForAppend(`LOG/${i}.CSV`, header)
            await file.close()
        }
        const block = volume.table.fatBlock
        const table = new DataView(Uint8Array.from(store.read(block)).buffer)
        // The directory was made first; all its later clusters lead back to it.
        for (let cluster = 3; cluster < 60; ++cluster) {
            const value = table.getUint16(cluster * 2, true)
            if (value === 0xffff && cluster > 35) table.setUint16(cluster * 2, 2, true)
        }
        table.setUint16(4, 2, true)
        store.write(block, new Uint8Array(table.buffer))
        store.write(block + volume.table.fatBlocks, new Uint8Array(table.buffer))
        const { volume: again } = await mounted(store)
        await expect(again.list("LOG", async () => true)).rejects.toMatchObject({
            code: FaultCode.VolumeDamaged,
        })
    })
})
