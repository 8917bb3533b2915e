import { beforeEach, describe, expect, it } from "vitest"
import { timeSourceName } from "../../../src/clock/clock"
import { dateInLine } from "../../../src/clock/timeserver"
import { FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import { november, ClockWorld } from "../../support/clockworld"

let world: ClockWorld

beforeEach(() => {
    world = new ClockWorld()
})

describe("time server", () => {
    const head =
        "HTTP/1.1 404 Not Found\r\nServer: x\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\r\n"

    it("is not asked without the setting", async () => {
        await world.start()
        expect(await world.sync()).toBe(false)
        expect(world.connections).toEqual([])
    })

    it.each([
        ["ntp.example.org", "ntp.example.org:80"],
        ["192.0.2.7:8080", "192.0.2.7:8080"],
    ])("%s is asked at %s, once, with the socket to itself", async (server, connection) => {
        world.answer = [head]
        const clock = await world.start()
        await world.set(Key.TimeServer, server)
        expect(await world.sync()).toBe(true)
        expect(world.connections).toEqual([connection])
        expect(world.sent).toBe(`HEAD / HTTP/1.1\r\nHost: ${server}\r\nConnection: close\r\n\r\n`)
        expect(world.closed).toBe(1)
        expect(world.owners).toEqual(["clock"])
        expect(clock.nowSeconds()).toBe(november)
        expect(timeSourceName(clock.source)).toBe("time server")
    })

    it.each([1, 7, 53])("may answer in pieces of %d bytes", async size => {
        for (let i = 0; i < head.length; i += size) world.answer.push(head.slice(i, i + size))
        const clock = await world.start()
        await world.set(Key.TimeServer, "h")
        await world.sync()
        expect(clock.nowSeconds()).toBe(november)
    })

    it.each([
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ])("may send an interim response: %j", async interim => {
        world.answer = [interim + head]
        const clock = await world.start()
        await world.set(Key.TimeServer, "h")
        await world.sync()
        expect(clock.nowSeconds()).toBe(november)
    })

    it.each([
        ["nothing", []],
        ["no date", ["HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"]],
        ["half a date", ["HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:"]],
        ["endless noise", Array.from({ length: 100 }, () => "x".repeat(100))],
    ])("that answers %s gives an error", async (_title, answer) => {
        world.answer = answer
        const clock = await world.start()
        await world.set(Key.TimeServer, "h")
        await expect(world.sync()).rejects.toMatchObject({
            code: FaultCode.TimeServerNoDate,
        })
        expect(world.closed).toBe(1)
        expect(clock.trusted()).toBe(false)
    })

    it("is abandoned after 2 KiB, and after 30 s, without a date", async () => {
        world.answer = Array.from({ length: 100 }, () => "x".repeat(100))
        await world.start()
        await world.set(Key.TimeServer, "h")
        await expect(world.sync()).rejects.toThrow("without a date")
        expect(world.answer.length).toBe(100 - 21)
        world.answer = Array.from({ length: 100 }, () => "x")
        world.answerMs = 1000
        await expect(world.sync()).rejects.toThrow("without a date")
        expect(world.answer.length).toBe(100 - 30)
        expect(world.closed).toBe(2)
    })

    it.each([
        ["HTTP/1.0 200 OK", undefined],
        ["date:Sun, 22 Nov 2026 10:00:00 GMT", november],
        ["DATE:   Sun, 22 Nov 2026 10:00:00 GMT", november],
        ["Date: Sun, 22 Nov 2026 10:00:00 GMT and more", november],
        ["date:\t Sun, 22 Nov 2026 10:00:00 GMT \t", november],
        ["Date:Sun, 22 Nov 2026 10:00:00 GMT", november],
        ["X-Date: Sun, 22 Nov 2026 10:00:00 GMT", undefined],
        ["Date: yesterday", undefined],
        ["Date:", undefined],
    ])("line %j is dated %s", (text, seconds) => {
        expect(dateInLine(text)).toBe(seconds)
    })
})
