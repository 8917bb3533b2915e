import { expect, it } from "vitest"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { SdCard } from "../../../src/card/sdcard"
import { formatVolume } from "../../../src/fat/format"
import { Storage } from "../../../src/fat/storage"
import { Key } from "../../../src/settings/keys"
import { DeviceBuffer } from "../../support/devicebuffer"
import { blankStore, ChipSpiBus, FakeTicks, MemoryBlockDevice } from "../../support/memorycard"
import { NodeConnector } from "../../support/nodesocket"
import { ScriptedFtpServer } from "../../support/uploadserver"
import { UploadWorld } from "../../support/uploadworld"

/** Appends this many records to both logs. */
async function log(storage: Storage, records: number): Promise<void> {
    for (const path of ["LOG/20261122.CSV", "CELL/20261122.CSV"])
        await storage.use("logger", async volume => {
            const file = await volume.openForAppend(path, "time,x\r\n")
            for (let i = 0; i < records; ++i)
                await file.append(DeviceBuffer.from(`${path} record ${i}\r\n`) as unknown as Buffer)
        })
}

/** The expected log after one or more runs of this many records. */
const expected = (path: string, counts: number[]): string =>
    "time,x\r\n" +
    counts
        .flatMap(count => Array.from({ length: count }, (_, i) => `${path} record ${i}\r\n`))
        .join("")

it("sends from a real volume with open logs, and resumes after a power cut", async () => {
    const store = blankStore(16)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    const open = (): Storage => {
        const ticks = new FakeTicks()
        const bus = new ChipSpiBus(new SdCardChip(store, {}))
        const alone = async (_owner: string, work: () => Promise<unknown>) => await work()
        return new Storage(() => new SdCard(bus, ticks).openAgain(), alone, ticks, {
            set: () => {},
        })
    }
    const server = new ScriptedFtpServer()
    const port = await server.start()
    const worldOn = (storage: Storage): UploadWorld => {
        const world = new UploadWorld(new NodeConnector(), false, storage)
        world.settings.set(Key.FtpPort, port)
        world.settings.set(Key.FtpCells, 1)
        return world
    }
    try {
        const storage = open()
        await log(storage, 300)
        const world = worldOn(storage)
        await world.session()
        expect(server.files.get("BMS-1-LOG-20261122.CSV")!.toString()).toBe(
            expected("LOG/20261122.CSV", [300]),
        )
        const rebooted = open()
        await log(rebooted, 50)
        await worldOn(rebooted).session()
        for (const kind of ["LOG", "CELL"])
            expect(server.files.get(`BMS-1-${kind}-20261122.CSV`)!.toString()).toBe(
                expected(`${kind}/20261122.CSV`, [300, 50]),
            )
        expect(server.count("APPE")).toBe(2)
        expect(server.files.size).toBe(2)
    } finally {
        await server.stop()
    }
})
