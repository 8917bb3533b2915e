import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { CardFiles, CardRefusal } from "../../../console/cardfiles"
import { copyToDisk } from "../../../console/partfile"
import type { RawOutput } from "../../../console/client"
import { FileStream } from "../../../console/filestream"
import { watchRows } from "../../../console/watch"
import { ConsoleError } from "../../../console/transport"
import { generator } from "../../../sim/random"

const chunkBytes = 128
const progressBytes = 65_536

/** A board that prints one file as `card cat` does, with possible faults. */
class Board {
    /** The start of each reading. */
    readonly from: number[] = []
    /** Bytes of the file at which, once each, the cable, a packet or the card is lost. */
    cutAt = Infinity
    loseAt: number[] = []
    refuseAt = Infinity
    private cancelled = false

    constructor(public file: Buffer) {}

    async execute(line: string, onText: (text: string) => void): Promise<{ status: number }> {
        expect(line).toBe("card ls")
        onText("LOG                <DIR>\nA.CSV     " + this.file.length + "\n")
        return { status: 0 }
    }

    async cancel(): Promise<void> {
        this.cancelled = true
    }

    async executeRaw(line: string, output: RawOutput): Promise<{ status: number }> {
        const start = Number(/^card cat "A.CSV" (\d+)$/.exec(line)![1])
        this.from.push(start)
        this.cancelled = false
        let offset = start
        let progress = offset + progressBytes
        const print = (bytes: Buffer, at: number) => {
            if (at >= this.cutAt) {
                this.cutAt = Infinity
                throw new ConsoleError("the cable was unplugged")
            }
            if (at >= this.loseAt[0]) {
                this.loseAt.shift()
                output.onLoss()
                return
            }
            // In pieces of any size, as in packets.
            for (let i = 0; i < bytes.length; i += 100) output.onBytes(bytes.subarray(i, i + 100))
        }
        while (offset < this.file.length) {
            if (offset >= this.refuseAt || this.cancelled) {
                const why = this.cancelled ? "cancelled" : "the SD card was changed"
                output.onBytes(Buffer.from(`error: ${why}\n`))
                return { status: 1 }
            }
            let length = Math.min(chunkBytes, this.file.length - offset)
            const end = this.file.subarray(offset, offset + length).lastIndexOf(10) + 1
            if (end > 0) length = end
            print(this.file.subarray(offset, offset + length), offset)
            offset += length
            if (end > 0 && offset >= progress) {
                print(Buffer.from(`# ${offset} of ${this.file.length} bytes\n`), offset)
                progress = offset + progressBytes
            }
        }
        return { status: 0 }
    }
}

/** Of its own seed, so that no content depends on the files made before it. */
function records(bytes: number, line?: () => string): Buffer {
    const random = generator(bytes)
    const next = line ?? (() => `2026-11-22 13:19:40,${random()}\r\n`)
    let text = ""
    while (text.length < bytes) text += next()
    return Buffer.from(text.slice(0, bytes), "latin1")
}

let folder: string
let target: string
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cardfiles-"))
    target = join(folder, "a.csv")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const copy = (board: Board, bytes = board.file.length) =>
    copyToDisk(new CardFiles(board), "A.CSV", bytes, target, () => undefined)

const trickyFiles: [string, Buffer][] = [
    ["records", records(300_000)],
    ["nothing", Buffer.alloc(0)],
    ["one byte", Buffer.from("x")],
    ["no line end at the end", records(70_000)],
    ["one line", Buffer.alloc(200_000, "x")],
    [
        "lines that look like the board's messages",
        records(200_000, () => "# 65568 of 176008 bytes\nerror: it \r\n# \nerror: "),
    ],
    [
        "bytes that are not UTF-8",
        Buffer.from(Array.from({ length: 150_000 }, (_, i) => 1 + ((i * 7) % 255))),
    ],
    ["a refusal as its last line", Buffer.from("a\nerror: b\n")],
]

test.each(trickyFiles)("a file with %s is copied byte for byte", async (_, file) => {
    const board = new Board(file)
    expect(await copy(board)).toBe(0)
    expect(readFileSync(target).equals(file)).toBe(true)
    expect(existsSync(target + ".part")).toBe(false)
    expect(board.from).toEqual([0])
})

test.each(trickyFiles)("a file with %s is resumed wherever it was cut", async (_, file) => {
    for (const share of [0.01, 0.3, 0.7, 0.999]) {
        rmSync(target, { force: true })
        const board = new Board(file)
        board.cutAt = Math.floor(file.length * share)
        const cut = copy(board)
        // A file of one chunk comes whole or not at all.
        if (file.length > chunkBytes) await expect(cut).rejects.toThrow("unplugged")
        else await cut.catch(() => undefined)
        const there = await copy(board)
        expect(readFileSync(target).equals(file)).toBe(true)
        expect(there).toBeGreaterThan(board.cutAt === Infinity ? file.length * share - 300 : -1)
    }
})

test("lost packets are read again", async () => {
    const board = new Board(records(300_000))
    board.loseAt = [1000, 70_000, 70_500, 250_000]
    await copy(board)
    expect(readFileSync(target).equals(board.file)).toBe(true)
    expect(board.from.length).toBe(5)
    expect(Math.min(...board.from.slice(1))).toBeGreaterThan(200)
})

test("a line that loses everything is abandoned", async () => {
    const board = new Board(records(10_000))
    board.loseAt = Array.from({ length: 50 }, () => 0)
    await expect(copy(board)).rejects.toThrow("A.CSV arrived with gaps")
    expect(board.from.length).toBeLessThan(10)
})

test("a grown file is continued, another one starts from the beginning", async () => {
    const board = new Board(records(100_000))
    await copy(board)
    board.file = Buffer.concat([board.file, records(50_000)])
    expect(await copy(board)).toBe(100_000)
    expect(readFileSync(target).equals(board.file)).toBe(true)
    expect(board.from.at(-1)).toBe(100_000 - 512)
    board.file = records(200_000)
    expect(await copy(board)).toBe(0)
    expect(readFileSync(target).equals(board.file)).toBe(true)
    board.file = records(1000)
    expect(await copy(board)).toBe(0)
    expect(readFileSync(target).equals(board.file)).toBe(true)
})

test("an identical file is not read again", async () => {
    const board = new Board(records(100_000))
    writeFileSync(target, board.file)
    expect(await copy(board)).toBe(100_000)
    expect(board.from).toEqual([100_000 - 512])
})

test("a file that grows while being read may end up longer", async () => {
    const board = new Board(records(100_000))
    await copy(board, 90_000)
    expect(readFileSync(target).equals(board.file)).toBe(true)
})

test("the board's refusal is reported and does not get into the file", async () => {
    for (const file of [records(100_000), Buffer.alloc(100_000, "x")]) {
        for (const path of [target, target + ".part"]) rmSync(path, { force: true })
        const board = new Board(file)
        board.refuseAt = 50_000
        await expect(copy(board)).rejects.toThrow(CardRefusal)
        const part = readFileSync(target + ".part")
        expect(file.subarray(0, part.length).equals(part)).toBe(true)
        board.refuseAt = Infinity
        await copy(board)
        expect(readFileSync(target).equals(file)).toBe(true)
    }
})

test("a remark is recognized even if only the board knows the offset", () => {
    const text = records(70_000).toString("latin1")
    let file = ""
    const remarks: string[] = []
    const stream = new FileStream(
        0,
        bytes => (file += Buffer.from(bytes).toString("latin1")),
        false,
    )
    stream.onRemark = remark => remarks.push(remark)
    const end = text.lastIndexOf("\n") + 1
    const remark = `# ${end + 1_000_000} of 2000000 bytes\n`
    stream.push(Buffer.from("# 5 of 9 bytes\n" + text.slice(0, end) + remark + text.slice(end)))
    stream.end(true)
    expect(remarks).toEqual([remark.trimEnd()])
    expect(file).toBe("# 5 of 9 bytes\n" + text)
})

test("--watch makes rows from a line's output", () => {
    const text = "battery     52.900 V\ntemperature 22.0 °C  21.9 °C\nfree text of the board\n\n"
    expect(watchRows("T", text)).toBe(
        "T\tbattery\t52.900 V\nT\ttemperature\t22.0 °C  21.9 °C\nT\t\tfree text of the board\n",
    )
})
