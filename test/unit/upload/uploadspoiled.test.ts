import { afterEach, describe, expect, it } from "vitest"
import { Alarm } from "../../../src/core/alarm"
import { Fault, FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import { NodeConnector } from "../../support/nodesocket"
import { pattern } from "../../support/uploadcard"
import { ScriptedFtpServer } from "../../support/uploadserver"
import { noonSeconds, UploadWorld } from "../../support/uploadworld"

// Undeliverable files on the card, and sessions that must end before everything is sent.

let server: ScriptedFtpServer

async function worldOf(days: number): Promise<UploadWorld> {
    server = new ScriptedFtpServer({})
    const world = new UploadWorld(new NodeConnector())
    world.settings.set(Key.FtpPort, await server.start())
    for (let day = 1; day <= days; ++day) world.card.put(logOf(day), pattern(600, day))
    return world
}

const dateOf = (day: number) =>
    new Date(Date.UTC(2026, 9, day)).toISOString().slice(0, 10).replaceAll("-", "")
const logOf = (day: number) => `LOG/${dateOf(day)}.CSV`
const remoteOf = (day: number) => `BMS-1-LOG-${dateOf(day)}.CSV`

afterEach(async () => {
    await server.stop()
})

describe("an unreadable file", () => {
    const damaged = new Fault(FaultCode.VolumeDamaged, "the file's cluster chain is damaged")

    it("does not delay any other file, and counts as a failure", async () => {
        const world = await worldOf(60)
        world.card.unreadable.set(logOf(1), damaged)
        world.card.unreadable.set(logOf(30), damaged)
        await world.uploader.run()
        expect(world.uploader.lastError).toBe(damaged.message)
        expect([world.uploader.pacing.failures, world.uploader.sender.filesConfirmed]).toEqual([
            1, 58,
        ])
        for (const day of [2, 29, 31, 60])
            expect(server.files.get(remoteOf(day))).toEqual(Buffer.from(pattern(600, day)))
    })

    it("is tried in each session, raises FTP in the end, and is sent when readable", async () => {
        const world = await worldOf(3)
        world.card.unreadable.set(logOf(2), damaged)
        for (let session = 0; session < 3; ++session) {
            expect(world.alarms.has(Alarm.Ftp)).toBe(false)
            await world.uploader.run()
            world.nowMs += 3_600_000
        }
        expect(world.alarms.has(Alarm.Ftp)).toBe(true)
        world.card.unreadable.clear()
        await world.uploader.run()
        expect(world.uploader.lastError).toBe("")
        expect(world.alarms.has(Alarm.Ftp)).toBe(false)
        expect(server.files.get(remoteOf(2))).toEqual(Buffer.from(pattern(600, 2)))
        expect(world.uploader.sender.filesConfirmed).toBe(3)
    })
})

it("a history line with an impossible name is ignored, and the file gets a free name", async () => {
    const world = await worldOf(2)
    const line = (name: string) => `${dateOf(1)}.CSV,100,2026-11-22 13:00:01,${name}\r\n`
    const names = ["a\x01b", "two words", "\u00e9", ""]
    world.card.put("LOGSENT.TXT", names.map(line).join(""))
    await world.session()
    expect([...server.files.keys()].sort()).toEqual([remoteOf(1), remoteOf(2)])
})

it("a returned card is detected within ten seconds, whatever the period", async () => {
    const world = await worldOf(1)
    world.settings.set(Key.FtpPeriod, 604_800)
    world.card.absence = new Fault(FaultCode.CardAbsent, "there is no card")
    await world.uploader.run()
    world.card.absence = undefined
    world.nowMs += 9_000
    await world.uploader.run()
    expect(server.connections).toBe(0)
    world.nowMs += 1_500
    await world.uploader.run()
    expect(world.uploader.sender.filesConfirmed).toBe(1)
})

it("a session of over four hours ends between two files, and the next starts at once", async () => {
    const world = await worldOf(6)
    const log = world.lines.push.bind(world.lines)
    world.lines.push = line => {
        // Each file takes 100 minutes.
        if (line.startsWith("ftp: confirmed")) world.nowMs += 6_000_000
        return log(line)
    }
    await world.uploader.run()
    expect(world.uploader.lastError).toBe("")
    expect(world.uploader.sender.filesConfirmed).toBe(3)
    await world.uploader.run()
    expect(world.uploader.sender.filesConfirmed).toBe(6)
    expect(world.uploader.requested).toBe(false)
})

it("a test of the connection counts as a log-in", async () => {
    const world = await worldOf(0)
    await world.uploader.test()
    expect(world.settings.number(Key.FtpLastLogin)).toBe(noonSeconds + 1)
})

it("a repeated request to resend counts the same files again", async () => {
    const world = await worldOf(3)
    await world.session()
    expect(await world.uploader.resend("2026-10-02")).toBe(2)
    expect(await world.uploader.resend("2026-10-02")).toBe(2)
    expect(world.card.text("LOGSENT.TXT").split("\r\n")).toHaveLength(9)
})

it("a long history is read whole only after a start or a change of cards", async () => {
    const world = await worldOf(2)
    const lines = Array.from(
        { length: 30_000 },
        (_, i) => `${dateOf(1)}.CSV,${Math.min(600, i)},2026-11-22 13:00:01,${remoteOf(1)}\r\n`,
    )
    world.card.put("LOGSENT.TXT", lines.join(""))
    server.files.set(remoteOf(1), Buffer.from(pattern(600, 1)))
    const uses = async () => {
        const before = world.card.uses
        await world.session()
        return world.card.uses - before
    }
    const bytes = world.card.bytes("LOGSENT.TXT").length
    expect(await uses()).toBeGreaterThan(bytes / 256)
    expect(server.files.get(remoteOf(2))).toEqual(Buffer.from(pattern(600, 2)))
    // Now the finished files are known.
    await uses()
    // The last day's file has grown.
    world.card.put(logOf(2), pattern(900, 2))
    expect(await uses()).toBeLessThan(20)
    expect(server.files.get(remoteOf(2))).toEqual(Buffer.from(pattern(900, 2)))
    // Another card may have any history.
    world.card.mounts++
    expect(await uses()).toBeGreaterThan(bytes / 256)
})
