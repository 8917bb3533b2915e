import { describe, expect, it } from "vitest"
import { FaultCode } from "../../../src/core/fault"
import { Directory, encodeName } from "../../../src/fat/directory"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { behindMbr, checkVolume, copyOut, makeVolume, runMtools } from "../../support/fatimage"
import { blankStore } from "../../support/memorycard"
import {
    header,
    bytes,
    line,
    isLater,
    readAll,
    mounted,
    formatted,
    tools,
} from "../../support/linefiles"

describe("a FAT volume", () => {
    const makes: { title: string; make: () => MemoryStore; kind: string }[] = [
        {
            title: "FAT16 with 512-byte clusters",
            kind: "FAT16",
            make: () => makeVolume(8, "-F16", "-s1"),
        },
        {
            title: "FAT16 with 4 KiB clusters",
            kind: "FAT16",
            make: () => makeVolume(64, "-F16", "-s8"),
        },
        {
            title: "FAT16 with 64 KiB clusters",
            kind: "FAT16",
            make: () => makeVolume(300, "-F16", "-s128"),
        },
        {
            title: "FAT32 with 512-byte clusters",
            kind: "FAT32",
            make: () => makeVolume(40, "-F32", "-s1"),
        },
        {
            title: "FAT32 with 4 KiB clusters",
            kind: "FAT32",
            make: () => makeVolume(300, "-F32", "-s8"),
        },
        {
            title: "FAT32 with 32 KiB clusters",
            kind: "FAT32",
            make: () => makeVolume(2200, "-F32", "-s64"),
        },
        {
            title: "FAT16 with one table",
            kind: "FAT16",
            make: () => makeVolume(32, "-F16", "-f1", "-s4"),
        },
        {
            title: "FAT32 behind a master boot record",
            kind: "FAT32",
            make: () => behindMbr(makeVolume(40, "-F32", "-s1"), 8192, 0x0c),
        },
    ]
    for (const { title, make, kind } of makes) {
        it.skipIf(!tools)(`keeps appended records on ${title}`, async () => {
            const store = make()
            const { volume } = await mounted(store)
            expect(volume.kind).toBe(kind)
            const main = await volume.openForAppend("LOG/20261122.CSV", header)
            const cell = await volume.openForAppend("CELL/20261122.CSV", header)
            let mainText = header
            let cellText = header
            for (let i = 1; i <= 1500; ++i) {
                await main.append(bytes(line(i)))
                await cell.append(bytes(line(i, 160)))
                mainText += line(i)
                cellText += line(i, 160)
            }
            await volume.sync()
            const { volume: again } = await mounted(store)
            expect(await readAll(again, "LOG/20261122.CSV")).toBe(mainText)
            expect(await readAll(again, "CELL/20261122.CSV")).toBe(cellText)
            if (title.includes("master")) return
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
            expect(copyOut(store, "LOG/20261122.CSV")).toBe(mainText)
        })
    }

    for (const mebibytes of [4, 16, 100, 511, 600, 9000]) {
        it.skipIf(!tools)(
            `formats a card of ${mebibytes} MiB so that others can use it`,
            async () => {
                const store = await formatted(mebibytes)
                const check = checkVolume(store)
                expect(check.clean, check.text).toBe(true)
                expect(runMtools(store, "mdir")).toContain("BMSMINI    ")
                const { volume } = await mounted(store)
                expect(volume.kind).toBe(mebibytes < 512 ? "FAT16" : "FAT32")
                const file = await volume.openForAppend("A.TXT", "first\r\n")
                await file.append(bytes("second\r\n"))
                await volume.sync()
                expect(copyOut(store, "A.TXT")).toBe("first\r\nsecond\r\n")
                const after = checkVolume(store)
                expect(after.clean, after.text).toBe(true)
            },
        )
    }

    it("refuses a card that is blank, exFAT or NTFS and says what to do", async () => {
        const blank = blankStore(8)
        await expect(mounted(blank)).rejects.toThrow("format as FAT32 (card format)")
        for (const name of ["EXFAT   ", "NTFS    "]) {
            const boot = new Uint8Array(512)
            boot.set([0xeb, 0x76, 0x90, ...Buffer.from(name)])
            boot[510] = 0x55
            boot[511] = 0xaa
            const store = blankStore(8)
            store.write(0, boot)
            const failure = mounted(store)
            await expect(failure).rejects.toThrow("format as FAT32 (card format)")
            await expect(failure).rejects.toMatchObject({ code: FaultCode.VolumeUnsupported })
        }
    })

    it.skipIf(!tools)("satisfies fsck.fat after every record", async () => {
        const store = makeVolume(8, "-F16", "-s2")
        const { volume } = await mounted(store)
        const main = await volume.openForAppend("LOG/20261122.CSV", header)
        for (let i = 1; i <= 40; ++i) {
            await main.append(bytes(line(i)))
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
        }
    })

    it("finds records past the size in the directory entry", async () => {
        const store = await formatted(16)
        const { volume } = await mounted(store)
        const main = await volume.openForAppend("LOG/20261122.CSV", header)
        let text = header
        for (let i = 1; i <= 20; ++i) {
            await main.append(bytes(line(i)))
            text += line(i)
        }
        const { volume: again } = await mounted(store)
        const last = { number: 0 }
        const file = await again.openForAppend("LOG/20261122.CSV", header, isLater(last))
        expect(last.number).toBe(20)
        await file.append(bytes(line(21)))
        expect(await readAll(again, "LOG/20261122.CSV")).toBe(text + line(21))
    })

    it("cuts off a torn last line", async () => {
        const store = await formatted(16)
        const { volume } = await mounted(store)
        const file = await volume.openForAppend("A.CSV", header)
        await file.append(bytes(line(1)))
        await file.append(bytes(line(2).slice(0, 50)))
        const { volume: again } = await mounted(store)
        const found = await again.openForAppend("A.CSV", header, isLater({ number: 0 }))
        expect(found.byteCount()).toBe(header.length + 96)
        await found.append(bytes(line(2)))
        expect(await readAll(again, "A.CSV")).toBe(header + line(1) + line(2))
    })

    it.skipIf(!tools)(
        "lists, reads and removes files, and leaves foreign names alone",
        async () => {
            const store = await formatted(16)
            const { volume } = await mounted(store)
            for (const name of ["LOG/A.CSV", "LOG/B.CSV", "C.TXT"]) {
                const file = await volume.openForAppend(name, header)
                for (let i = 1; i <= 100; ++i) await file.append(bytes(line(i)))
                await file.syncEntry()
                await file.close()
            }
            expect(await volume.remove("LOG/A.CSV")).toBe(true)
            expect(await volume.remove("LOG/A.CSV")).toBe(false)
            expect(await volume.remove("NONE/A.CSV")).toBe(false)
            const names: string[] = []
            await volume.list("LOG", async entry => {
                names.push(`${entry.name} ${entry.sizeBytes}`)
                return true
            })
            expect(names).toEqual([`B.CSV ${header.length + 9600}`])
            await volume.sync()
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
            expect(await volume.open("LOG/NONE.CSV")).toBeUndefined()
            await expect(volume.openForAppend("LOG/TOO-LONG-A-NAME.CSV", header)).rejects.toThrow(
                "not a name like",
            )
        },
    )

    it.skipIf(!tools)("leaves long names, hidden and read-only files unchanged", async () => {
        const store = await formatted(16)
        const { volume } = await mounted(store)
        const file = await volume.openForAppend("OURS.CSV", header)
        await file.close()
        // A long name of two slots before its short entry, then a read-only and a hidden file.
        const root = volume.table.dataBlock - volume.table.rootBlocks
        const data = Uint8Array.from(store.read(root))
        for (const slot of [2, 3]) {
            data.fill(0x41, slot * 32, slot * 32 + 32)
            data[slot * 32 + 11] = 0x0f
        }
        for (const [slot, name, attributes] of [
            [4, "ALONGE~1TXT", 0x20],
            [5, "KEEP    TXT", 0x21],
            [6, "HIDDEN  TXT", 0x02],
        ] as [number, string, number][]) {
            data.set(Buffer.from(name), slot * 32)
            data[slot * 32 + 11] = attributes
        }
        store.write(root, data)
        const { volume: again } = await mounted(store)
        const names: string[] = []
        await again.list("", async entry => names.push(entry.name) > 0)
        expect(names).toEqual(["OURS.CSV", "ALONGE~1.TXT", "KEEP.TXT", "HIDDEN.TXT"])
        for (const name of ["KEEP.TXT", "HIDDEN.TXT"]) {
            await expect(again.remove(name)).rejects.toThrow("not our file")
            await expect(again.openForAppend(name, header)).rejects.toThrow("not our file")
        }
        const more = await again.openForAppend("MORE.CSV", header)
        await more.close()
        const after = store.read(root)
        expect([...after.subarray(64, 7 * 32)]).toEqual([...data.subarray(64, 7 * 32)])
    })

    it("mounts 3,000 files with no more reads than 80, and appends with none", async () => {
        const crowded = async (files: number): Promise<MemoryStore> => {
            const store = await formatted(600)
            const { volume } = await mounted(store)
            const root = new Directory(volume, volume.table.rootCluster)
            for (let i = 0; i < files; ++i) {
                await root.seekUnused()
                await root.write(encodeName(`F${i}.TXT`), 0x20, 0, 0x00210000)
            }
            return store
        }
        const few = await mounted(await crowded(3))
        // Boot sector, the log's header, FSInfo, and the directory sector that the header names.
        // Also its image, because half of the sector is unused: a power cut may have zeroed it.
        expect(few.device.reads).toBe(5)
        // Five of the seven blocks named by the header belong to a directory.
        const some = await mounted(await crowded(80))
        const { volume: again, device } = await mounted(await crowded(3000))
        expect([some.device.reads, device.reads]).toEqual([9, 8])
        const log = await again.openForAppend("LOG/A.CSV", header)
        await log.append(bytes(line(1)))
        device.reads = 0
        for (let i = 2; i < 200; ++i) await log.append(bytes(line(i)))
        expect(device.reads).toBeLessThanOrEqual(1)
    })

    it.skipIf(!tools)("makes a directory when the root directory is just full", async () => {
        for (let files = 14; files <= 17; ++files) {
            const store = makeVolume(40, "-F32", "-s1")
            const { volume } = await mounted(store)
            for (let i = 0; i < files; ++i) await (await volume.openForAppend(`${i}.A`, "")).close()
            const log = await volume.openForAppend("LOG/A.CSV", header)
            await log.append(bytes(line(1)))
            await volume.sync()
            expect(copyOut(store, "LOG/A.CSV")).toBe(header + line(1))
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
        }
    })

    it("does not believe a foreign free count that says the card is full", async () => {
        const store = await formatted(600)
        const info = Uint8Array.from(store.read(1))
        new DataView(info.buffer).setUint32(488, 1, true)
        store.write(1, info)
        const { volume } = await mounted(store)
        const file = await volume.openForAppend("A.CSV", header)
        for (let i = 1; i < 200; ++i) await file.append(bytes(line(i)))
        expect(file.byteCount()).toBe(header.length + 199 * 96)
        expect(volume.freeBytes()).toBeUndefined()
        await volume.table.countFree(10000)
        await volume.sync()
        if (tools) expect(checkVolume(store).clean).toBe(true)
    })

    it("reports that it is full, and writes again when there is room", async () => {
        const store = await formatted(4)
        const { volume } = await mounted(store)
        const big = await volume.openForAppend("BIG.CSV", header)
        const block = bytes(line(1, 512))
        await expect(
            (async () => {
                for (;;) await big.append(block)
            })(),
        ).rejects.toMatchObject({ code: FaultCode.VolumeFull })
        const size = big.byteCount()
        await expect(volume.openForAppend("NEW.CSV", header)).rejects.toMatchObject({
            code: FaultCode.VolumeFull,
        })
        await big.close()
        expect(size).toBeGreaterThan(3_900_000)
        await volume.remove("BIG.CSV")
        const again = await volume.openForAppend("NEW.CSV", header)
        await again.append(block)
        expect(again.byteCount()).toBe(header.length + 512)
        expect(volume.freeBytes()).toBeGreaterThan(0)
    })
})
