import { describe, expect, it } from "vitest"
import { crc16 } from "../../../src/core/checksum"
import { Key } from "../../../src/settings/keys"
import { DeviceBuffer } from "../../support/devicebuffer"
import { NodeConnector } from "../../support/nodesocket"
import { pattern } from "../../support/uploadcard"
import { noonSeconds, type UploadBoard } from "../../support/uploadboard"
import { uploadBenchOfEachTest } from "../../support/uploadbench"

const day = "LOG/20261122.CSV"
const remote = "BMS-1-LOG-20261122.CSV"

const bench = uploadBenchOfEachTest()

/** The most bytes that are read with the card held once, from now on. */
function mostBytesPerUse({ board }: UploadBoard): { bytes: number } {
    const most = { bytes: 0 }
    const storage: any = board.parts.storage
    const use = storage.use.bind(storage)
    let bytes = 0
    const watch = (file: any) => {
        const read = file.read.bind(file)
        file.read = async (...args: unknown[]) => {
            const count: number = await read(...args)
            bytes += count
            most.bytes = Math.max(most.bytes, bytes)
            return count
        }
        return file
    }
    storage.use = async (owner: string, work: (volume: unknown) => Promise<unknown>) =>
        await use(owner, async (volume: any) => {
            bytes = 0
            const open = async (path: string) => {
                const file = await volume.open(path)
                return file && watch(file)
            }
            return await work(
                owner === "upload" ? Object.create(volume, { open: { value: open } }) : volume,
            )
        })
    return most
}

describe("a session", () => {
    it("delivers a file and notes it in history and settings", async () => {
        const board = await bench.boardWith()
        const most = mostBytesPerUse(board)
        await board.put(day, pattern(5000))
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(5000)))
        const place = DeviceBuffer.from(`127.0.0.1 anonymous ${board.number(Key.FtpPort)}/`)
        const number = crc16(0, place as never, 0, place.length)
        // 61361 is CRC-16/XMODEM of the file's last 256 bytes, from Python's binascii.
        expect(await board.text("LOGSENT.TXT")).toBe(
            `20261122.CSV,0,2026-11-22 13:00:01,${remote},${number},61361,5000\r\n` +
                `20261122.CSV,5000,2026-11-22 13:00:01,${remote},${number},61361,5000\r\n`,
        )
        expect(board.number(Key.FtpLastLogin)).toBe(noonSeconds + 1)
        expect(board.number(Key.FtpLastSuccess)).toBe(noonSeconds + 1)
        expect(most.bytes).toBeGreaterThan(0)
        expect(most.bytes).toBeLessThanOrEqual(512)
    })

    it("needs 18 commands and 5 connections for two files", async () => {
        const tcp = new NodeConnector()
        const board = await bench.boardWith({}, tcp)
        await board.put("LOG/20261120.CSV", pattern(900))
        await board.put("LOG/20261121.CSV", pattern(1500))
        await board.session()
        const second = bench.server.commands.indexOf("SIZE BMS-1-LOG-20261121.CSV")
        expect(bench.server.commands.slice(0, second).map(line => line.split(" ")[0])).toEqual(
            "USER PASS TYPE SIZE EPSV STOR USER PASS TYPE SIZE".split(" "),
        )
        expect(bench.server.commands.slice(second).map(line => line.split(" ")[0])).toEqual(
            "SIZE EPSV STOR USER PASS TYPE SIZE QUIT".split(" "),
        )
        expect(tcp.connections).toBe(5)
    })

    it("sends main logs oldest first, then events, then cell logs if enabled", async () => {
        const board = await bench.boardWith()
        for (const name of ["LOG/20261122.CSV", "CELL/20261120.CSV", "LOG/26112101.CSV"])
            await board.put(name, pattern(10))
        await board.put("LOG/20261121.CSV", pattern(20))
        await board.put("LOG/NOTES.TXT", "foreign")
        await board.put("EVT/20261119.CSV", pattern(30))
        const stored = (): string[] =>
            bench.server.commands
                .filter(line => line.startsWith("STOR "))
                .map(line => line.slice(11))
        await board.session()
        expect(stored()).toEqual([
            "LOG-20261121.CSV",
            "LOG-26112101.CSV",
            "LOG-20261122.CSV",
            "EVT-20261119.CSV",
        ])
        expect(await board.text("EVTSENT.TXT")).toContain("20261119.CSV,30,")
        await board.set(Key.FtpCells, 1)
        await board.session()
        expect(stored().slice(4)).toEqual(["CELL-20261120.CSV"])
        expect(await board.text("CELLSENT.TXT")).toContain("20261120.CSV,10,")
    })

    it("sends more files than it handles at once", async () => {
        const board = await bench.boardWith()
        const names = Array.from({ length: 70 }, (_, i) => `${20260100 + (i % 7) * 100 + i}.CSV`)
        for (const [i, name] of names.entries())
            await board.put("LOG/" + name, pattern(i + 1, i + 1))
        await board.session()
        names.forEach((name, i) =>
            expect(bench.server.files.get("BMS-1-LOG-" + name)).toEqual(
                Buffer.from(pattern(i + 1, i + 1)),
            ),
        )
        expect(board.uploader.sender.filesConfirmed).toBe(70)
    })

    it("does not log in when there is nothing to send", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(100))
        await board.session()
        const before = bench.server.connections
        await board.session()
        expect(bench.server.connections).toBe(before)
    })

    it("notices that an old file has grown", async () => {
        const board = await bench.boardWith()
        for (const name of ["20261120", "20261121", "20261122"])
            await board.put(`LOG/${name}.CSV`, pattern(99))
        await board.session()
        await board.put("LOG/20261120.CSV", pattern(150))
        await board.session()
        expect(bench.server.files.get("BMS-1-LOG-20261120.CSV")).toEqual(Buffer.from(pattern(150)))
    })

    it("uses the other card's history after a change of cards", async () => {
        const board = await bench.boardWith()
        await board.put("LOG/20261120.CSV", pattern(99))
        await board.put(day, pattern(50))
        await board.session()
        await board.pc(editor => editor.remove("LOGSENT.TXT"))
        await board.session()
        expect([...bench.server.files.keys()].sort()).toEqual([
            "BMS-1-LOG-20261120-2.CSV",
            "BMS-1-LOG-20261120.CSV",
            "BMS-1-LOG-20261122-2.CSV",
            remote,
        ])
    })

    it("falls back to PASV and connects to the control connection's host", async () => {
        const board = await bench.boardWith({
            answer: verb => (verb === "EPSV" ? "500 what?" : undefined),
        })
        await board.put("LOG/20261121.CSV", pattern(10))
        await board.put(day, pattern(700))
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(700)))
        expect(bench.server.count("EPSV")).toBe(1)
        expect(bench.server.count("PASV")).toBe(2)
    })

    it.each([1, 2, 7])("understands replies in pieces of %i bytes", async pieceBytes => {
        const board = await bench.boardWith(
            { pieceBytes, greeting: "220-long\r\n220 greeting" },
            new NodeConnector({ eventBytesMax: 3 }),
        )
        await board.put(day, pattern(600))
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(600)))
    })
})

describe("a file already on the server", () => {
    it("is left alone if foreign, and the next free name is remembered", async () => {
        const board = await bench.boardWith()
        bench.server.files.set(remote, Buffer.from("theirs"))
        bench.server.files.set("BMS-1-LOG-20261122-2.CSV", Buffer.from("theirs too"))
        await board.put(day, pattern(300))
        await board.session()
        await board.put(day, pattern(450))
        await board.session()
        expect(bench.server.files.get(remote)!.toString()).toBe("theirs")
        expect(bench.server.files.get("BMS-1-LOG-20261122-3.CSV")).toEqual(
            Buffer.from(pattern(450)),
        )
        expect(bench.server.files.size).toBe(3)
    })

    it("is left alone if it is longer than ours", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(300))
        await board.session()
        bench.server.files.set(remote, Buffer.alloc(5000))
        await board.put(day, pattern(450))
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.alloc(5000))
        expect(bench.server.files.get("BMS-1-LOG-20261122-2.CSV")).toEqual(
            Buffer.from(pattern(450)),
        )
    })

    it("is sent whole again if it is shorter than the history says, or missing", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(300))
        await board.session()
        bench.server.files.set(remote, Buffer.alloc(200))
        await board.put(day, pattern(450))
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(450)))
        bench.server.files.clear()
        await board.put(day, pattern(500))
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(500)))
    })

    it("counts as sent if it is complete but the history line was lost", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(300))
        await board.put("LOGSENT.TXT", `20261122.CSV,0,2026-11-22 13:00:01,${remote}\r\n`)
        bench.server.files.set(remote, Buffer.from(pattern(300)))
        await board.session()
        expect(bench.server.count("STOR") + bench.server.count("APPE")).toBe(0)
        expect(await board.text("LOGSENT.TXT")).toContain("20261122.CSV,300,")
    })
})
