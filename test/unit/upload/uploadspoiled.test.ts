import { afterEach, describe, expect, it, vi } from "vitest"
import { Alarm } from "../../../src/core/alarm"
import { Key } from "../../../src/settings/keys"
import type { CardEditor } from "../../support/cardeditor"
import { NodeConnector } from "../../support/nodesocket"
import { pattern } from "../../support/uploadcard"
import { ScriptedFtpServer } from "../../support/uploadserver"
import { noonSeconds, UploadBoard } from "../../support/uploadboard"

// Undeliverable files on the card, and sessions that must end before everything is sent.

let server: ScriptedFtpServer

async function boardWith(days: number, spoil?: (editor: CardEditor) => void): Promise<UploadBoard> {
    server = new ScriptedFtpServer({})
    const port = await server.start()
    const board = await UploadBoard.start({ tcp: new NodeConnector() })
    for (let day = 1; day <= days; ++day) await board.put(logOf(day), pattern(600, day))
    if (spoil) await board.pc(spoil)
    await board.set(Key.FtpPort, port)
    return board
}

const dateOf = (day: number) =>
    new Date(Date.UTC(2026, 9, day)).toISOString().slice(0, 10).replaceAll("-", "")
const logOf = (day: number) => `LOG/${dateOf(day)}.CSV`
const remoteOf = (day: number) => `BMS-1-LOG-${dateOf(day)}.CSV`

/** Logs only: a missing card or server adds events. */
const logsConfirmed = (board: UploadBoard) =>
    board.lines.filter(line => /^ftp: confirmed .* of BMS-1-LOG-/.test(line)).length

afterEach(async () => {
    await server.stop()
})

describe("an unreadable file", () => {
    const damaged =
        "the file system is damaged: repair it on a PC, or save its files and card format"

    it("does not delay any other file, and counts as a failure", async () => {
        const board = await boardWith(60, editor => {
            for (const day of [1, 30]) editor.damage(logOf(day))
        })
        await board.look()
        expect(board.uploader.lastError).toBe(damaged)
        expect([board.uploader.pacing.failures, board.uploader.sender.filesConfirmed]).toEqual([
            1, 58,
        ])
        for (const day of [2, 29, 31, 60])
            expect(server.files.get(remoteOf(day))).toEqual(Buffer.from(pattern(600, day)))
    })

    it("is tried in each session, raises FTP in the end, and is sent when readable", async () => {
        let mend = () => {}
        const board = await boardWith(3, editor => (mend = editor.damage(logOf(2))))
        await board.set(Key.FtpPeriod, 60)
        for (let session = 0; session < 3; ++session) {
            expect(board.reports(Alarm.Ftp)).toBe(false)
            await board.pass([1, 11, 21][session])
            expect(board.uploader.pacing.failures).toBe(session + 1)
        }
        expect(board.reports(Alarm.Ftp)).toBe(true)
        await board.pc(() => mend())
        await board.pass(60)
        expect(board.uploader.lastError).toBe("")
        expect(board.reports(Alarm.Ftp)).toBe(false)
        expect(server.files.get(remoteOf(2))).toEqual(Buffer.from(pattern(600, 2)))
        expect(logsConfirmed(board)).toBe(3)
    })
})

it("a history line with an impossible name is ignored, and the file gets a free name", async () => {
    const board = await boardWith(2)
    const line = (name: string) => `${dateOf(1)}.CSV,100,2026-11-22 13:00:01,${name}\r\n`
    const names = ["a\x01b", "two words", "\u00e9", ""]
    await board.put("LOGSENT.TXT", names.map(line).join(""))
    await board.session()
    expect([...server.files.keys()].sort()).toEqual([remoteOf(1), remoteOf(2)])
})

it("a returned card is detected within ten seconds, whatever the period", async () => {
    const board = await boardWith(1)
    await board.set(Key.FtpPeriod, 604_800)
    await board.pull()
    await board.look()
    expect(board.lines).toHaveLength(1)
    await board.insert()
    await board.pass(9)
    expect(server.connections).toBe(0)
    await board.pass(2)
    expect(server.files.get(remoteOf(1))).toEqual(Buffer.from(pattern(600, 1)))
    expect(logsConfirmed(board)).toBe(1)
})

it("a session of over four hours ends between two files, and the next starts at once", async () => {
    const board = await boardWith(6)
    const { lines } = board.board
    lines.push = line => {
        // Each file takes 100 minutes.
        if (line.startsWith("ftp: confirmed")) board.board.ticks.block(6_000_000)
        return Array.prototype.push.call(lines, line)
    }
    const { pacing, sender } = board.uploader
    const end = pacing.end.bind(pacing)
    const ends: (string | number)[][] = []
    pacing.end = nowMs => {
        ends.push([board.uploader.lastError, sender.filesConfirmed])
        end(nowMs)
    }
    await board.look()
    await board.look()
    expect(ends).toEqual([
        ["", 3],
        ["", 6],
    ])
    expect(board.uploader.requested).toBe(false)
})

it("a test of the connection counts as a log-in", async () => {
    const board = await boardWith(0)
    await board.finish(board.uploader.test())
    expect(board.number(Key.FtpLastLogin)).toBe(noonSeconds)
})

it("a repeated request to resend counts the same files again", async () => {
    const board = await boardWith(3)
    await board.session()
    expect(await board.resend("2026-10-02")).toBe(2)
    expect(await board.resend("2026-10-02")).toBe(2)
    expect((await board.text("LOGSENT.TXT")).split("\r\n")).toHaveLength(9)
})

it("a long history is read whole only after a start or a change of cards", async () => {
    const board = await boardWith(2)
    const lines = Array.from(
        { length: 30_000 },
        (_, i) => `${dateOf(1)}.CSV,${Math.min(600, i)},2026-11-22 13:00:01,${remoteOf(1)}\r\n`,
    )
    await board.put("LOGSENT.TXT", lines.join(""))
    server.files.set(remoteOf(1), Buffer.from(pattern(600, 1)))
    const use = vi.spyOn(board.board.parts.storage, "use")
    const uses = async () => {
        use.mockClear()
        await board.session()
        return use.mock.calls.filter(([owner]) => owner === "upload").length
    }
    const bytes = board.editor().read("LOGSENT.TXT").length
    expect(await uses()).toBeGreaterThan(bytes / 256)
    expect(server.files.get(remoteOf(2))).toEqual(Buffer.from(pattern(600, 2)))
    // Now the finished files are known.
    await uses()
    // The last day's file has grown.
    await board.put(logOf(2), pattern(900, 2))
    expect(await uses()).toBeLessThan(20)
    expect(server.files.get(remoteOf(2))).toEqual(Buffer.from(pattern(900, 2)))
    // Another card may have any history.
    await board.swap(board.store)
    expect(await uses()).toBeGreaterThan(bytes / 256)
})
