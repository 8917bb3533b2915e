import { beforeEach, describe, expect, it } from "vitest"
import { History, logKey, logName, pieceBytes, Sent, SentFile } from "../../../src/upload/history"
import { DeviceBuffer } from "../../support/devicebuffer"
import { noteSent, oldLine } from "../../support/historylines"
import { MemoryCard, pattern } from "../../support/uploadcard"

const clock = {
    nowSeconds: () => 1795348800,
    offsetMinutes: () => 60,
    trusted: () => true,
    offer: async () => {},
}

let card: MemoryCard
let history: History

beforeEach(() => {
    card = new MemoryCard()
    history = new History(card, clock, "LOGSENT.TXT", DeviceBuffer.alloc(pieceBytes) as never)
})

function key(name: string): number {
    return logKey(DeviceBuffer.from(name), 0)
}

async function scan(name: string, sizeBytes = 1e9): Promise<{ sent: number; remote: string }> {
    const file = new SentFile(key(name), sizeBytes)
    await history.fillIn([file], 0)
    return { sent: file.sentBytes, remote: file.remoteName }
}

/** Notes a line about a present or former file of the card. */
async function append(name: string, bytes: number, remoteName: string, sizeBytes = bytes) {
    await noteSent(history, name, bytes, remoteName, card.generation(), sizeBytes)
}

describe("a log file's key", () => {
    it("sorts by day, and within a day by number", () => {
        const names = [
            "20261121.CSV",
            "26112101.CSV",
            "26112199.CSV",
            "20261122.CSV",
            "20270101.CSV",
        ]
        const keys = names.map(key)
        expect(keys).toEqual([...keys].sort((a, b) => a - b))
        expect(keys.map(logName)).toEqual(names)
    })

    it.each(["README.TXT", "2026112.CSV", "20261122.CS", "2026112A.CSV", "20261122.csv", ""])(
        "does not exist for %j",
        name => {
            expect(key(name)).toBe(-1)
        },
    )
})

const day = "20261122.CSV"
/** The longest line used here. */
const lineBytes = 80
const remote = "B-LOG-20261122.CSV"

describe("the history", () => {
    it("is not written to a card inserted after the file was listed", async () => {
        const listed = card.generation() - 1
        const noted = history.addLine(new SentFile(key(day), 5), 5, listed)
        await expect(noted).rejects.toThrow("the card was changed")
        expect((await scan(day)).sent).toBe(Sent.Unknown)
    })

    it("gets lines in the documented form, in local time", async () => {
        card.put("LOG/" + day, "123456789")
        await append(day, 0, remote, 9)
        await append(day, 9, remote)
        // CRC-16/XMODEM of "123456789" is 0x31c3.
        expect(card.text("LOGSENT.TXT")).toBe(
            `20261122.CSV,0,2026-11-22 13:00:00,${remote},7,12739,9\r\n` +
                `20261122.CSV,9,2026-11-22 13:00:00,${remote},7,12739,9\r\n`,
        )
    })

    it("marks a file by its last 256 bytes", async () => {
        card.put("LOG/" + day, "#".repeat(1000) + "123456789".padStart(256, "\0"))
        await append(day, 1256, remote)
        expect(card.text("LOGSENT.TXT")).toMatch(/,7,12739,1256\r\n$/)
        expect(await scan(day, 1256)).toEqual({ sent: 1256, remote })
    })

    it("knows nothing of a file without a line", async () => {
        expect(await scan(day)).toEqual({ sent: Sent.Unknown, remote: "" })
    })

    it("uses a file's last line", async () => {
        card.put("LOG/" + day, pattern(300))
        for (const bytes of [0, 100, 250])
            await append(day, bytes, `B-LOG-20261122-${bytes / 50 + 4}.CSV`)
        await append("20261123.CSV", 0, "B-LOG-20261123.CSV")
        expect(await scan(day)).toEqual({ sent: 250, remote: "B-LOG-20261122-9.CSV" })
    })

    it("reads 0 bytes after more as a request to send again, until some bytes arrive", async () => {
        card.put("LOG/" + day, pattern(70))
        const states: number[] = []
        for (const bytes of [0, 0, 70, 0, 0, 30]) {
            await append(day, bytes, remote, 70)
            states.push((await scan(day)).sent)
        }
        expect(states).toEqual([0, 0, 70, Sent.Again, Sent.Again, 30])
    })

    it.each([
        ["a line cut off before its name", "20261122.CSV,900,2026-11-22 13:0\r\n"],
        ["an invalid byte count", oldLine(day, "9x0", remote)],
        ["a negative byte count", oldLine(day, "-9", remote)],
        ["a line without an end", oldLine(day, 900, remote).slice(0, -2)],
        ["binary noise", "\u0000\u0001\u00ff\r\n\r\n,,,\r\n20261122.CSV\r\n"],
        ["2 kB without a line end", "z".repeat(2000) + "\n"],
        ["a line longer than any of ours", oldLine(day, 900, "B".repeat(80) + remote)],
        ["a lower-case file name", oldLine("20261122.csv", 900, remote)],
        ["UTF-16", Buffer.from(oldLine(day, 900, remote), "utf16le").toString("latin1")],
        ["a line in quotes", `"${oldLine(day, 900, remote)}`],
    ])("skips %s", async (_title, damage) => {
        card.put("LOG/" + day, pattern(600))
        card.put("LOGSENT.TXT", oldLine(day, 500, remote) + damage)
        expect(await scan(day)).toEqual({ sent: 500, remote })
        await append(day, 600, remote)
        expect(await scan(day)).toEqual({ sent: 600, remote })
    })

    it.each([
        "../other/KEEP.TXT",
        "/other/GROW.TXT",
        "INDEX.HTM",
        "other/B-LOG-20261122.CSV",
        "../B-LOG-20261122.CSV",
        "B-LOG-20261122.CSV/x",
        "B-LOG-20261121.CSV",
        "B-CELL-20261122.CSV",
        "-LOG-20261122.CSV",
        "B-LOG-20261122.CS",
        "B-LOG-20261122.csv",
        "b log-LOG-20261122.CSV",
        "B-LOG-20261122.CSV.bak",
        "B-LOG-20261122-old.CSV",
        "B-LOG-20261122-0.CSV",
        "B-LOG-20261122-1.CSV",
        "B-LOG-20261122-02.CSV",
        "B-LOG-20261122--2.CSV",
        "B-LOG-20261122-100.CSV",
        "B-LOG-202611222.CSV",
        "B\u00e9-LOG-20261122.CSV",
        "B\x01-LOG-20261122.CSV",
        "",
    ])("does not accept %j as a name of ours", async name => {
        card.put("LOGSENT.TXT", oldLine(day, 500, remote) + oldLine(day, 600, name))
        expect(await scan(day)).toEqual({ sent: 500, remote })
        card.put("LOGSENT.TXT", oldLine(day, 600, name))
        expect(await history.fullySent(day, 600)).toBe(false)
    })

    it.each(["A-LOG-20261122.CSV", "BMS_1-X-LOG-20261122-2.CSV", "LOG-LOG-LOG-20261122-99.CSV"])(
        "accepts %s as the name of this or another board",
        async name => {
            card.put("LOGSENT.TXT", oldLine(day, 600, name))
            expect(await scan(day)).toEqual({ sent: 600, remote: name })
        },
    )

    it.each([
        ["only line feeds", (text: string) => text.replaceAll("\r", "")],
        ["a mixture of line ends", (text: string) => text.replace("\r", "")],
        ["a byte order mark", (text: string) => "\ufeff" + text],
        ["blank lines", (text: string) => text.replaceAll("\n", "\n\r\n\n")],
    ])("can be read after a PC has saved it with %s", async (_title, edit) => {
        card.put("LOG/" + day, pattern(600))
        await append(day, 0, "B-LOG-20261122-2.CSV", 600)
        await append(day, 600, "B-LOG-20261122-2.CSV")
        const lines = oldLine("20261121.CSV", 0, "B-LOG-20261121.CSV")
        for (const old of [lines, lines + oldLine(day, 600, "B-LOG-20261122-2.CSV")]) {
            card.put("LOGSENT.TXT", edit(old + card.text("LOGSENT.TXT")))
            expect(await scan(day)).toEqual({ sent: 600, remote: "B-LOG-20261122-2.CSV" })
            card.put("LOGSENT.TXT", edit(old + oldLine(day, 600, "B-LOG-20261122-2.CSV")))
            expect(await scan(day)).toEqual({ sent: 600, remote: "B-LOG-20261122-2.CSV" })
        }
    })

    it("is read from each file's last line with bytes, however many precede it", async () => {
        const other = "20261121.CSV"
        const files = (): SentFile[] => [new SentFile(key(other), 1e9), new SentFile(key(day), 1e9)]
        await append(other, 10, "B-LOG-20261121.CSV")
        let from = 0
        for (let bytes = 1; bytes <= 300; ++bytes) {
            if (bytes % 30 === 0) await append(other, bytes, "B-LOG-20261121.CSV")
            if (bytes % 50 === 0) await append(day, 0, remote, 1000)
            await append(day, bytes, remote, 1000)
            const found = files()
            from = await history.fillIn(found, from)
            const whole = files()
            await history.fillIn(whole, 0)
            expect(found).toEqual(whole)
            expect(card.text("LOGSENT.TXT").length - from).toBeLessThan(33 * lineBytes)
        }
        // A line with 0 bytes needs the previous one.
        await append(other, 300, "B-LOG-20261121.CSV")
        for (let i = 0; i < 3; ++i) await append(day, 0, remote, 1000)
        for (let again = 0; again < 2; ++again) {
            const found = files()
            from = await history.fillIn(found, from)
            expect(found.map(file => file.sentBytes)).toEqual([300, Sent.Again])
        }
        expect(card.text("LOGSENT.TXT").length - from).toBeLessThan(6 * lineBytes)
    })

    it("is read across sector ends, in small pieces", async () => {
        for (let pad = 0; pad < 80; ++pad) {
            const filler = "#".repeat(pad) + "\r\n"
            let text = filler
            for (let i = 2; i <= 40; ++i) text += oldLine(day, i, `B-LOG-20261122-${i}.CSV`)
            card.put("LOGSENT.TXT", text)
            expect(await scan(day)).toEqual({ sent: 40, remote: "B-LOG-20261122-40.CSV" })
        }
        expect(card.bytesPerUseMax).toBeLessThanOrEqual(512)
    })

    it("can have its longest line read back", async () => {
        const cells = new History(
            card,
            clock,
            "CELLSENT.TXT",
            DeviceBuffer.alloc(pieceBytes) as never,
        )
        const file = new SentFile(key("26112299.CSV"), 4294967295)
        file.remoteName = "B".repeat(16) + "-CELL-26112299-99.CSV"
        file.server = 65535
        file.mark = 65535
        file.markedBytes = 4294967295
        await cells.addLine(file, 0, card.generation())
        const line = card.text("CELLSENT.TXT")
        card.put("CELLSENT.TXT", line.replace(",0,", ",4294967294,"))
        expect(card.text("CELLSENT.TXT").length).toBeLessThanOrEqual(110)
        const found = new SentFile(file.key, 4294967295)
        card.put("CELL/26112299.CSV", "")
        card.unreadable.set("CELL/26112299.CSV", new Error("too long for a test"))
        await cells.fillIn([found], 0)
        expect(found.sentBytes).toBe(4294967294)
        expect(found.remoteName).toBe(file.remoteName)
    })

    it("tells retention which files are wholly on the server", async () => {
        for (const name of ["20261120.CSV", "20261121.CSV"]) {
            card.put("LOG/" + name, pattern(500))
            await append(name, 500, `B-LOG-${name}`)
        }
        await append("20261121.CSV", 0, "B-LOG-20261121.CSV", 500)
        expect(await history.fullySent("20261120.CSV", 500)).toBe(true)
        expect(await history.fullySent("20261120.CSV", 501)).toBe(false)
        expect(await history.fullySent("20261120.CSV", 499)).toBe(false)
        expect(await history.fullySent("20261121.CSV", 500)).toBe(false)
        expect(await history.fullySent("20261122.CSV", 0)).toBe(false)
        expect(await history.fullySent("FOREIGN.TXT", 5)).toBe(false)
    })
})

describe("a file of the same name", () => {
    const changes: [string, (content: Uint8Array) => Uint8Array, boolean][] = [
        ["that has grown", content => Buffer.concat([content, pattern(50, 9)]), false],
        ["unchanged", content => content, false],
        ["of the same size", content => pattern(content.length, 3), true],
        ["that is longer", content => pattern(content.length + 200, 3), true],
        ["that is shorter", content => content.subarray(0, content.length - 1), true],
        [
            "with another last sent byte",
            content => Buffer.concat([content.subarray(0, -1), pattern(9, 9)]),
            true,
        ],
        ["that is empty", () => new Uint8Array(), true],
    ]

    describe.each(changes)("%s", (_title, change, another) => {
        it.each([
            ["only its name reserved", 0, 700],
            ["its beginning sent", 300, 700],
            ["all of it sent", 700, 700],
        ])("with %s is the same file or another one", async (_what, bytes, sizeBytes) => {
            const before = pattern(sizeBytes)
            card.put("LOG/" + day, before)
            await append(day, bytes, remote, sizeBytes)
            const now = change(before)
            card.put("LOG/" + day, now)
            const unknown = { sent: Sent.Unknown, remote: "" }
            expect(await scan(day, now.length)).toEqual(another ? unknown : { sent: bytes, remote })
            expect(await history.fullySent(day, now.length)).toBe(!another && bytes === now.length)
        })
    })

    it("is another one if an old line has more bytes than the file", async () => {
        card.put("LOGSENT.TXT", oldLine(day, 700, remote))
        expect(await scan(day, 699)).toEqual({ sent: Sent.Unknown, remote: "" })
        expect(await scan(day, 700)).toEqual({ sent: 700, remote })
    })

    it.each(["7,12739,x", "x,12739,9", "7,x,9", "7,,9", "7,12739", "7,-1,9", "7,99999,9"])(
        "is not taken for the sent one by a line with a damaged end: %s",
        async marks => {
            card.put("LOG/" + day, "123456789")
            card.put("LOGSENT.TXT", oldLine(day, 9, remote).replace("\r", `,${marks}\r`))
            const { sent } = await scan(day, 9)
            // Without a size it counts as an old line; the server's number does not matter here.
            const whole = ["7,12739,x", "7,12739", "x,12739,9"].includes(marks)
            expect(sent).toBe(whole ? 9 : Sent.Unknown)
        },
    )

    it("counts as the sent one if unreadable: its sending will report the error", async () => {
        card.put("LOG/" + day, pattern(700))
        await append(day, 700, remote)
        card.unreadable.set("LOG/" + day, new Error("a bad sector"))
        expect(await scan(day, 700)).toEqual({ sent: 700, remote })
    })
})
