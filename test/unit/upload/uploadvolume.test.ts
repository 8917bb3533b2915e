import { expect, it } from "vitest"
import { Key } from "../../../src/settings/keys"
import { DeviceBuffer } from "../../support/devicebuffer"
import { UploadBoard } from "../../support/uploadboard"
import { uploadBenchOfEachTest } from "../../support/uploadbench"

/** Appends this many records to both logs, which stay open. */
async function log(board: UploadBoard, records: number): Promise<void> {
    for (const path of ["LOG/20261122.CSV", "CELL/20261122.CSV"])
        await board.use(async volume => {
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

const bench = uploadBenchOfEachTest()

it("sends from a real volume with open logs, and resumes after a power cut", async () => {
    const board = await bench.boardWith({}, undefined, true)
    await board.set(Key.FtpCells, 1)
    await log(board, 300)
    await board.session()
    expect(bench.files()["BMS-1-LOG-20261122.CSV"]).toBe(expected("LOG/20261122.CSV", [300]))
    await board.start()
    await log(board, 50)
    await board.session()
    for (const kind of ["LOG", "CELL"])
        expect(bench.files()[`BMS-1-${kind}-20261122.CSV`]).toBe(
            expected(`${kind}/20261122.CSV`, [300, 50]),
        )
    expect(bench.server.count("APPE")).toBe(2)
    expect(bench.server.files.size).toBe(2)
})
