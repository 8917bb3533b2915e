import { beforeEach, describe, expect, it } from "vitest"
import { History, logKey, logName, pieceBytes, Sent } from "../../src/upload/history"
import { DeviceBuffer } from "../support/devicebuffer"
import { MemoryCard } from "../support/uploadcard"

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

async function scan(name: string): Promise<{ sent: number; remote: string }> {
    const file = { key: key(name), sentBytes: Sent.Unknown, remoteName: "" }
    await history.scan([file])
    return { sent: file.sentBytes, remote: file.remoteName }
}

describe("a log file's key", () => {
    it("sorts by day, the files of one day by number", () => {
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
        "is none for %j",
        name => {
            expect(key(name)).toBe(-1)
        },
    )
})

describe("the history", () => {
    it("leaves a card alone that was put in after the file was listed", async () => {
        const listed = card.generation() - 1
        const append = history.append("20261122.CSV", 5, "R.CSV", listed)
        await expect(append).rejects.toThrow("the card was changed")
        expect((await scan("20261122.CSV")).sent).toBe(Sent.Unknown)
    })

    it("writes lines in the documented form, local time", async () => {
        await history.append("20261122.CSV", 0, "A-LOG-20261122.CSV", card.generation())
        await history.append("20261122.CSV", 1234567890, "A-LOG-20261122.CSV", card.generation())
        expect(card.text("LOGSENT.TXT")).toBe(
            "20261122.CSV,0,2026-11-22 13:00:00,A-LOG-20261122.CSV\r\n" +
                "20261122.CSV,1234567890,2026-11-22 13:00:00,A-LOG-20261122.CSV\r\n",
        )
    })

    it("knows nothing of a file without a line", async () => {
        expect(await scan("20261122.CSV")).toEqual({ sent: Sent.Unknown, remote: "" })
    })

    it("goes by a file's last line", async () => {
        for (const bytes of [0, 100, 250])
            await history.append("20261122.CSV", bytes, `R${bytes}.CSV`, card.generation())
        await history.append("20261123.CSV", 9, "X.CSV", card.generation())
        expect(await scan("20261122.CSV")).toEqual({ sent: 250, remote: "R250.CSV" })
    })

    it("takes 0 bytes after more as the wish to send again, until something has arrived", async () => {
        const name = "20261122.CSV"
        const states: number[] = []
        for (const bytes of [0, 0, 70, 0, 0, 30]) {
            await history.append(name, bytes, "R.CSV", card.generation())
            states.push((await scan(name)).sent)
        }
        expect(states).toEqual([0, 0, 70, Sent.Again, Sent.Again, 30])
    })

    it.each([
        ["a line cut off before its name", "20261122.CSV,900,2026-11-22 13:0\r\n"],
        ["a byte count that is none", "20261122.CSV,9x0,2026-11-22 13:00:00,R.CSV\r\n"],
        ["a negative byte count", "20261122.CSV,-9,2026-11-22 13:00:00,R.CSV\r\n"],
        ["a line without an end", "20261122.CSV,900,2026-11-22 13:00:00,R.CSV"],
        ["binary noise", "\u0000\u0001\u00ff\r\n\r\n,,,\r\n20261122.CSV\r\n"],
        ["2 kB without a line end", "z".repeat(2000) + "\n"],
    ])("passes over %s", async (_title, damage) => {
        const good = "20261122.CSV,500,2026-11-22 12:00:00,GOOD.CSV\r\n"
        card.put("LOGSENT.TXT", good + damage)
        expect(await scan("20261122.CSV")).toEqual({ sent: 500, remote: "GOOD.CSV" })
        await history.append("20261122.CSV", 600, "GOOD.CSV", card.generation())
        expect(await scan("20261122.CSV")).toEqual({ sent: 600, remote: "GOOD.CSV" })
    })

    it("reads lines wherever a sector ends, and never much at once", async () => {
        for (let pad = 0; pad < 80; ++pad) {
            const filler = "#".repeat(pad) + "\r\n"
            let text = filler
            for (let i = 1; i <= 40; ++i)
                text += `20261122.CSV,${i},2026-11-22 12:00:00,R${i}.CSV\r\n`
            card.put("LOGSENT.TXT", text)
            expect(await scan("20261122.CSV")).toEqual({ sent: 40, remote: "R40.CSV" })
        }
        expect(card.bytesPerUseMax).toBeLessThanOrEqual(512)
    })

    it("tells retention what is wholly on the server", async () => {
        await history.append("20261120.CSV", 500, "R.CSV", card.generation())
        await history.append("20261121.CSV", 500, "R.CSV", card.generation())
        await history.append("20261121.CSV", 0, "R.CSV", card.generation())
        expect(await history.fullySent("20261120.CSV", 500)).toBe(true)
        expect(await history.fullySent("20261120.CSV", 501)).toBe(false)
        expect(await history.fullySent("20261121.CSV", 500)).toBe(false)
        expect(await history.fullySent("20261122.CSV", 0)).toBe(false)
        expect(await history.fullySent("FOREIGN.TXT", 5)).toBe(false)
    })

    it("can be asked while the volume is in use already", async () => {
        await history.append("20261120.CSV", 500, "R.CSV", card.generation())
        const sent = await card.use("logger", async volume =>
            history.fullySent("20261120.CSV", 500, volume),
        )
        expect(sent).toBe(true)
    })
})
