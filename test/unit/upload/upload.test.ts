import { afterEach, describe, expect, it, vi } from "vitest"
import { formatUpload, ftp } from "../../../src/console/commands/system"
import { Alarm } from "../../../src/core/alarm"
import { crc16 } from "../../../src/core/checksum"
import { Fault, FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import { DeviceBuffer } from "../../support/devicebuffer"
import { NodeConnector } from "../../support/nodesocket"
import { pattern } from "../../support/uploadcard"
import { ScriptedFtpServer, type ServerOptions } from "../../support/uploadserver"
import { noonSeconds, UploadWorld } from "../../support/uploadworld"

const day = "LOG/20261122.CSV"
const remote = "BMS-1-LOG-20261122.CSV"

let server: ScriptedFtpServer

async function worldWith(
    options: ServerOptions = {},
    tcp = new NodeConnector(),
): Promise<UploadWorld> {
    server = new ScriptedFtpServer(options)
    const world = new UploadWorld(tcp)
    world.settings.set(Key.FtpPort, await server.start())
    return world
}

afterEach(async () => {
    vi.restoreAllMocks()
    await server.stop()
})

/** Advances board time a second at a time, as the task does, until the server has seen a new log-in. */
async function secondsToNextTry(world: UploadWorld, atMost: number): Promise<number> {
    const before = server.connections
    for (let seconds = 1; seconds <= atMost; ++seconds) {
        world.nowMs += 1000
        await world.uploader.run()
        if (server.connections !== before) return seconds
    }
    return Infinity
}

describe("a session", () => {
    it("delivers a file and notes it in history and settings", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(5000))
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(5000)))
        const place = DeviceBuffer.from(
            `127.0.0.1 anonymous ${world.settings.number(Key.FtpPort)}/`,
        )
        const number = crc16(0, place as never, 0, place.length)
        // 61361 is CRC-16/XMODEM over the file's last 256 bytes, as Python's binascii has it.
        expect(world.card.text("LOGSENT.TXT")).toBe(
            `20261122.CSV,0,2026-11-22 13:00:01,${remote},${number},61361,5000\r\n` +
                `20261122.CSV,5000,2026-11-22 13:00:01,${remote},${number},61361,5000\r\n`,
        )
        expect(world.settings.number(Key.FtpLastLogin)).toBe(noonSeconds + 1)
        expect(world.settings.number(Key.FtpLastSuccess)).toBe(noonSeconds + 1)
        expect(world.card.bytesPerUseMax).toBeLessThanOrEqual(512)
    })

    it("keeps to 12 commands for the first file and 9 for each further one, 2 connections each", async () => {
        const tcp = new NodeConnector()
        const world = await worldWith({}, tcp)
        world.card.put("LOG/20261120.CSV", pattern(900))
        world.card.put("LOG/20261121.CSV", pattern(1500))
        await world.session()
        const second = server.commands.indexOf("SIZE BMS-1-LOG-20261121.CSV")
        expect(server.commands.slice(0, second).map(line => line.split(" ")[0])).toEqual(
            "USER PASS TYPE SIZE EPSV STOR USER PASS TYPE SIZE".split(" "),
        )
        expect(server.commands.slice(second).map(line => line.split(" ")[0])).toEqual(
            "SIZE EPSV STOR USER PASS TYPE SIZE QUIT".split(" "),
        )
        expect(tcp.connections).toBe(5)
    })

    it("sends main logs oldest first, whatever the order on the card, then events, then cell logs if wanted", async () => {
        const world = await worldWith()
        for (const name of ["LOG/20261122.CSV", "CELL/20261120.CSV", "LOG/26112101.CSV"])
            world.card.put(name, pattern(10))
        world.card.put("LOG/20261121.CSV", pattern(20))
        world.card.put("LOG/NOTES.TXT", "foreign")
        world.card.put("EVT/20261119.CSV", pattern(30))
        const stored = (): string[] =>
            server.commands.filter(line => line.startsWith("STOR ")).map(line => line.slice(11))
        await world.session()
        expect(stored()).toEqual([
            "LOG-20261121.CSV",
            "LOG-26112101.CSV",
            "LOG-20261122.CSV",
            "EVT-20261119.CSV",
        ])
        expect(world.card.text("EVTSENT.TXT")).toContain("20261119.CSV,30,")
        world.settings.set(Key.FtpCells, 1)
        await world.session()
        expect(stored().slice(4)).toEqual(["CELL-20261120.CSV"])
        expect(world.card.text("CELLSENT.TXT")).toContain("20261120.CSV,10,")
    })

    it("sends more files than it looks at at once", async () => {
        const world = await worldWith()
        const names = Array.from({ length: 70 }, (_, i) => `${20260100 + (i % 7) * 100 + i}.CSV`)
        names.forEach((name, i) => world.card.put("LOG/" + name, pattern(i + 1, i + 1)))
        await world.session()
        names.forEach((name, i) =>
            expect(server.files.get("BMS-1-LOG-" + name)).toEqual(
                Buffer.from(pattern(i + 1, i + 1)),
            ),
        )
        expect(world.uploader.filesConfirmed).toBe(70)
    })

    it("does not log in when there is nothing to send", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(100))
        await world.session()
        const before = server.connections
        await world.session()
        expect(server.connections).toBe(before)
    })

    it("notices that an old file has grown", async () => {
        const world = await worldWith()
        for (const name of ["20261120", "20261121", "20261122"])
            world.card.put(`LOG/${name}.CSV`, pattern(99))
        await world.session()
        world.card.put("LOG/20261120.CSV", pattern(150))
        await world.session()
        expect(server.files.get("BMS-1-LOG-20261120.CSV")).toEqual(Buffer.from(pattern(150)))
    })

    it("goes by the other card's history after a change of cards", async () => {
        const world = await worldWith()
        world.card.put("LOG/20261120.CSV", pattern(99))
        world.card.put(day, pattern(50))
        await world.session()
        world.card.files.delete("LOGSENT.TXT")
        world.card.mounts++
        await world.session()
        expect([...server.files.keys()].sort()).toEqual([
            "BMS-1-LOG-20261120-2.CSV",
            "BMS-1-LOG-20261120.CSV",
            "BMS-1-LOG-20261122-2.CSV",
            remote,
        ])
    })

    it("falls back to PASV and connects to the control connection's host", async () => {
        const world = await worldWith({
            answer: verb => (verb === "EPSV" ? "500 what?" : undefined),
        })
        world.card.put("LOG/20261121.CSV", pattern(10))
        world.card.put(day, pattern(700))
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(700)))
        expect(server.count("EPSV")).toBe(1)
        expect(server.count("PASV")).toBe(2)
    })

    it.each([1, 2, 7])("understands replies that come %i bytes at a time", async pieceBytes => {
        const world = await worldWith(
            { pieceBytes, greeting: "220-long\r\n220 greeting" },
            new NodeConnector({ eventBytesMax: 3 }),
        )
        world.card.put(day, pattern(600))
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(600)))
    })
})

describe("what is on the server already", () => {
    it("is left alone when it is not ours, and the next free name is remembered", async () => {
        const world = await worldWith()
        server.files.set(remote, Buffer.from("theirs"))
        server.files.set("BMS-1-LOG-20261122-2.CSV", Buffer.from("theirs too"))
        world.card.put(day, pattern(300))
        await world.session()
        world.card.put(day, pattern(450))
        await world.session()
        expect(server.files.get(remote)!.toString()).toBe("theirs")
        expect(server.files.get("BMS-1-LOG-20261122-3.CSV")).toEqual(Buffer.from(pattern(450)))
        expect(server.files.size).toBe(3)
    })

    it("is left alone when it is longer than ours", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(300))
        await world.session()
        server.files.set(remote, Buffer.alloc(5000))
        world.card.put(day, pattern(450))
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.alloc(5000))
        expect(server.files.get("BMS-1-LOG-20261122-2.CSV")).toEqual(Buffer.from(pattern(450)))
    })

    it("is sent whole again when it is shorter than the history says, or gone", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(300))
        await world.session()
        server.files.set(remote, Buffer.alloc(200))
        world.card.put(day, pattern(450))
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(450)))
        server.files.clear()
        world.card.put(day, pattern(500))
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(500)))
    })

    it("counts as sent when all of it arrived but the history line was lost", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(300))
        world.card.put("LOGSENT.TXT", `20261122.CSV,0,2026-11-22 13:00:01,${remote}\r\n`)
        server.files.set(remote, Buffer.from(pattern(300)))
        await world.session()
        expect(server.count("STOR") + server.count("APPE")).toBe(0)
        expect(world.card.text("LOGSENT.TXT")).toContain("20261122.CSV,300,")
    })
})

describe("faults", () => {
    it.each([1, 511, 512, 20_000, 99_999])(
        "resumes where the data connection was cut, at %i bytes",
        async at => {
            const world = await worldWith({ restarts: true })
            world.card.put(day, pattern(100_000))
            server.cutAfterBytes = at
            await world.session()
            expect(server.files.get(remote)!.equals(pattern(100_000))).toBe(true)
            expect(server.commands.filter(line => line.startsWith("REST"))).toEqual([`REST ${at}`])
            expect(server.count("STOR")).toBe(2)
            expect(server.count("APPE") + server.count("DELE")).toBe(0)
            expect(world.card.text("LOGSENT.TXT")).toContain(`20261122.CSV,${at},`)
        },
    )

    it.each([1, 511, 512, 20_000, 99_999])(
        "sends it whole again after %i bytes to a server without restarts: a late tail could double them",
        async at => {
            const world = await worldWith()
            world.card.put(day, pattern(100_000))
            server.cutAfterBytes = at
            await world.session()
            expect(server.files.get(remote)!.equals(pattern(100_000))).toBe(true)
            expect([server.count("DELE"), server.count("STOR"), server.count("APPE")]).toEqual([
                1, 2, 0,
            ])
            expect(world.card.text("LOGSENT.TXT")).not.toContain(`20261122.CSV,${at},`)
        },
    )

    it("sends it whole again when the server promises restarts and refuses them", async () => {
        const world = await worldWith({
            restarts: true,
            answer: verb => (verb === "REST" ? "502 not today" : undefined),
        })
        world.card.put(day, pattern(3000))
        server.cutAfterBytes = 700
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(3000)))
        expect([server.count("REST"), server.count("DELE"), server.count("STOR")]).toEqual([
            1, 1, 2,
        ])
    })

    it.each([
        [true, 0, 2],
        [false, 1, 1],
    ])("appends to a grown file (restarts: %s)", async (restarts, appends, stores) => {
        const world = await worldWith({ restarts })
        world.card.put(day, pattern(300))
        await world.session()
        world.card.put(day, pattern(4500))
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(4500)))
        expect([server.count("APPE"), server.count("STOR")]).toEqual([appends, stores])
        expect(server.count("DELE")).toBe(0)
    })

    it("leaves a name alone that another card's file has taken and not reached yet", async () => {
        let up = false
        const world = await worldWith({
            answer: verb => (verb === "STOR" && !up ? "(hang up)" : undefined),
        })
        const first = world.card.files
        world.card.put(day, pattern(300))
        await world.session().catch(() => {})
        world.card.files = new Map()
        world.card.mounts++
        world.card.put(day, pattern(400, 7))
        up = true
        await world.session()
        world.card.files = first
        world.card.mounts++
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(300)))
        expect(server.files.get("BMS-1-LOG-20261122-2.CSV")).toEqual(Buffer.from(pattern(400, 7)))
    })

    const steps = ["USER", "PASS", "TYPE", "SIZE", "EPSV", "STOR", "DELE"]
    for (const answer of ["(hang up)", "421 going down", "garbage", "x".repeat(4000)])
        it.each(steps)(`delivers after one ${answer.slice(0, 12)} in answer to %s`, async step => {
            let left = 1
            const world = await worldWith({
                answer: verb => (verb === step && left-- > 0 ? answer : undefined),
            })
            world.card.put(day, pattern(3000))
            world.card.put("LOGSENT.TXT", `20261122.CSV,9,2026-11-22 13:00:01,${remote}\r\n`)
            server.files.set(remote, Buffer.alloc(5))
            for (let tries = 0; tries < 3; ++tries) await world.session().catch(() => {})
            expect(world.uploader.lastError).toBe("")
            const name =
                server.files.get(remote)?.length === 3000 ? remote : "BMS-1-LOG-20261122-2.CSV"
            expect(server.files.get(name)).toEqual(Buffer.from(pattern(3000)))
        })

    it("names the remedy when the server stops transfers, and counts nothing as sent", async () => {
        const world = await worldWith({ abortsTransfers: true })
        world.card.put(day, pattern(50_000))
        await expect(world.session()).rejects.toThrow(
            "server stops the transfer when the control connection closes: set ftp.gateway",
        )
        expect(world.card.text("LOGSENT.TXT")).toMatch(/^20261122.CSV,0,[^\n]*\n$/)
        expect(world.uploader.bytesConfirmed).toBe(0)
    })

    it("says in the server's words why it takes no file", async () => {
        const world = await worldWith({
            answer: verb => (verb === "STOR" ? "552 disk full" : undefined),
        })
        world.card.put(day, pattern(10))
        await expect(world.session()).rejects.toThrow("refuses STOR " + remote + ": 552 disk full")
    })

    it("never writes a control character into a command", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(10))
        world.settings.set(Key.FtpUser, "me\r\nDELE x")
        await expect(world.session()).rejects.toThrow("control character")
        expect(server.commands).toEqual([])
    })

    it("never shows the password", async () => {
        const world = await worldWith({ answer: verb => (verb === "PASS" ? "530 no" : undefined) })
        world.settings.set(Key.FtpPassword, "sesame")
        world.card.put(day, pattern(10))
        await expect(world.session()).rejects.toThrow("log-in refused")
        expect([...world.lines, ...formatUpload(world.uploader)].join("\n")).not.toContain("sesame")
    })

    it("does not count a file as sent when its history line cannot be written", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(100))
        world.card.appendFault = new Error("card is gone")
        await expect(world.session()).rejects.toThrow("card is gone")
        await world.session()
        expect(server.files.get(remote)).toEqual(Buffer.from(pattern(100)))
        expect(server.files.size).toBe(1)
    })

    it("lets a server that hangs up at the goodbye be", async () => {
        const world = await worldWith({
            answer: verb => (verb === "QUIT" ? "(hang up)" : undefined),
        })
        world.card.put(day, pattern(100))
        await world.session()
        expect(world.uploader.failures).toBe(0)
    })
})

describe("pacing", () => {
    it("tries at every period", async () => {
        const world = await worldWith()
        world.settings.set(Key.FtpPeriod, 60)
        world.card.put(day, pattern(100))
        await world.uploader.run()
        world.card.put(day, pattern(200))
        expect(await secondsToNextTry(world, 100)).toBe(60)
        world.settings.set(Key.FtpPeriod, 20)
        world.card.put(day, pattern(300))
        expect(await secondsToNextTry(world, 100)).toBe(20)
    })

    it("backs off from 10 s, doubling, at most the period, and raises the flag at the third failure", async () => {
        vi.spyOn(Math, "random").mockReturnValue(0)
        const world = await worldWith({ answer: () => "421 busy" })
        world.settings.set(Key.FtpPeriod, 60)
        world.card.put(day, pattern(100))
        await world.uploader.run()
        const waits: number[] = []
        const flags: boolean[] = []
        for (let i = 0; i < 5; ++i) {
            waits.push(await secondsToNextTry(world, 100))
            flags.push(world.alarms.has(Alarm.Ftp))
        }
        expect(waits).toEqual([10, 20, 40, 60, 60])
        expect(flags).toEqual([false, true, true, true, true])
        server.options = {}
        await secondsToNextTry(world, 100)
        expect(world.alarms.has(Alarm.Ftp)).toBe(false)
        expect(world.uploader.lastError).toBe("")
    })

    it("comes back a little earlier or later than other boards, within a quarter of the time", async () => {
        const waits: number[] = []
        for (const random of [0.2, 0.999]) {
            vi.spyOn(Math, "random").mockReturnValue(random)
            const world = await worldWith({ answer: () => "421 busy" })
            world.card.put(day, pattern(100))
            await world.uploader.run()
            for (let i = 0; i < 2; ++i) waits.push(await secondsToNextTry(world, 100))
            await server.stop()
        }
        expect(waits).toEqual([10, 19, 8, 16])
    })

    it("does not hammer a server that refuses the log-in", async () => {
        const world = await worldWith({ answer: verb => (verb === "PASS" ? "530 no" : undefined) })
        world.settings.set(Key.FtpPeriod, 300)
        world.card.put(day, pattern(100))
        await world.uploader.run()
        expect(await secondsToNextTry(world, 1000)).toBe(300)
    })

    it("tries again at once when settings have changed, or when asked to", async () => {
        const world = await worldWith({ answer: verb => (verb === "PASS" ? "530 no" : undefined) })
        world.card.put(day, pattern(100))
        await world.uploader.run()
        world.uploader.settingsChanged()
        expect(await secondsToNextTry(world, 5)).toBe(1)
        world.uploader.requested = true
        expect(await secondsToNextTry(world, 5)).toBe(1)
    })

    it.each([
        ["FTP is off", Key.FtpEnable, 0, "off: set ftp.enable"],
        ["there is no host", Key.FtpHost, "", "no server: set ftp.host"],
    ])("does nothing while %s, and says so", async (_title, key, value, words) => {
        const world = await worldWith()
        world.card.put(day, pattern(100))
        world.settings.set(key, value)
        await world.uploader.run()
        expect(server.connections).toBe(0)
        expect(world.uploader.activity()).toBe(words)
    })

    it("waits for a card that is not there: that is no failure, and said once", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(100))
        world.settings.set(Key.FtpPeriod, 60)
        const pulled = new Fault(FaultCode.CardAbsent, "there is no card")
        const foreign = new Fault(FaultCode.VolumeUnformatted, "the card is not formatted")
        for (const fault of [pulled, pulled, pulled, pulled, foreign]) {
            world.card.absence = fault
            await world.uploader.run()
            world.nowMs += 60_000
            expect(world.uploader.lastError).toBe(fault.message)
        }
        expect(world.lines).toEqual([
            "ftp: waits: there is no card",
            "ftp: waits: the card is not formatted",
        ])
        expect(world.uploader.failures).toBe(0)
        expect(world.alarms.has(Alarm.Ftp)).toBe(false)
        world.card.absence = undefined
        await world.uploader.run()
        expect(world.uploader.lastError).toBe("")
        expect(world.uploader.filesConfirmed).toBe(1)
    })

    it("counts a full card, and a file that cannot be opened, as failures, with the alarm after three", async () => {
        for (const code of [FaultCode.VolumeFull, FaultCode.StaleHandle]) {
            const world = await worldWith()
            world.card.put(day, pattern(100))
            world.settings.set(Key.FtpPeriod, 60)
            world.card.absence = new Fault(code, "no room")
            for (let failures = 1; failures <= 3; ++failures) {
                await world.uploader.run()
                world.nowMs += 60_000
                expect(world.uploader.failures).toBe(failures)
            }
            expect(world.alarms.has(Alarm.Ftp)).toBe(true)
            world.card.absence = undefined
            await world.uploader.run()
            expect(world.alarms.has(Alarm.Ftp)).toBe(false)
        }
    })

    it("waits ten seconds for a card also when the period was made longer meanwhile", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(100))
        world.card.absence = new Fault(FaultCode.CardAbsent, "there is no card")
        await world.uploader.run()
        world.settings.set(Key.FtpPeriod, 604_800)
        world.uploader.settingsChanged()
        world.card.absence = undefined
        world.nowMs += 10_000
        await world.uploader.run()
        expect(world.uploader.filesConfirmed).toBe(1)
    })

    it("stores its two times with one write, and only when it has logged in", async () => {
        const world = await worldWith()
        for (const name of ["20261120", "20261121", "20261122"])
            world.card.put(`LOG/${name}.CSV`, pattern(99))
        await world.session()
        expect(world.settings.writes).toBe(1)
        await world.session()
        expect(world.settings.writes).toBe(1)
    })

    it("waits for Wi-Fi when there is one to join", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(100))
        world.settings.set(Key.WifiSsid, "home")
        world.wifiUp = false
        await world.uploader.run()
        expect(world.uploader.activity()).toBe("no Wi-Fi")
        expect(world.uploader.failures).toBe(0)
        world.wifiUp = true
        await world.uploader.run()
        expect(world.uploader.filesConfirmed).toBe(1)
    })
})

describe("the console's commands", () => {
    it("show the state in words", async () => {
        const world = await worldWith()
        world.card.put(day, pattern(100))
        await world.session()
        const printed: string[] = []
        const print = async (line: string) => void printed.push(line)
        await ftp({ parts: { uploader: world.uploader }, print } as never)
        expect(printed).toEqual([
            "state: next try in 3600 s",
            "last error: none",
            "unsent at the last look: 0 bytes",
            "confirmed since the start: 1 files, 100 bytes",
            "log-ins: 1, failures: 0, in a row: 0",
        ])
    })

    it("resend every file from a day on, whole", async () => {
        const world = await worldWith()
        for (const name of ["20261120", "20261121", "20261122"])
            world.card.put(`LOG/${name}.CSV`, pattern(99))
        for (const path of ["CELL/20261121.CSV", "EVT/20261121.CSV", "EVT/20261120.CSV"])
            world.card.put(path, pattern(40))
        world.settings.set(Key.FtpCells, 1)
        await world.session()
        server.commands.length = 0
        expect(await world.uploader.resend("2026-11-21")).toBe(4)
        await world.uploader.run()
        expect(server.commands.filter(line => line.startsWith("STOR"))).toEqual([
            "STOR BMS-1-LOG-20261121.CSV",
            "STOR BMS-1-LOG-20261122.CSV",
            "STOR BMS-1-EVT-20261121.CSV",
            "STOR BMS-1-CELL-20261121.CSV",
        ])
        expect(server.files.size).toBe(6)
        await world.session()
        expect(server.count("STOR")).toBe(4)
    })

    it.each(["", "today", "2026-1-2", "20261122", "2026-11-2x"])(
        "refuse %j as a day",
        async text => {
            const world = await worldWith()
            await expect(world.uploader.resend(text)).rejects.toThrow("is no day: write YYYY-MM-DD")
        },
    )

    it("test the log-in and say the mode", async () => {
        const world = await worldWith()
        expect(await world.uploader.test()).toEqual(["mode: direct", "answer: 230 welcome"])
        expect(server.commands.at(-1)).toBe("QUIT")
        server.options = { answer: verb => (verb === "PASS" ? "530 no" : undefined) }
        await expect(world.uploader.test()).rejects.toThrow("530 no")
    })
})

describe("stop()", () => {
    it("ends an upload in the middle; it is resumed after the start", async () => {
        const tcp = new NodeConnector()
        const world = await worldWith({}, tcp)
        world.card.put(day, pattern(200_000))
        let stopped: Promise<boolean> | undefined
        let sent = 0
        tcp.onSend = (_stream, data) => {
            sent += data.length
            if (sent > 50_000) stopped ??= world.uploader.stop(5000)
        }
        world.uploader.requested = true
        await world.uploader.run()
        expect(await stopped).toBe(true)
        expect(world.uploader.filesConfirmed).toBe(0)
        expect(world.uploader.failures).toBe(0)
        await world.uploader.run()
        expect(world.uploader.activity()).toBe("stopped")
        const next = new UploadWorld(new NodeConnector())
        next.settings.set(Key.FtpPort, world.settings.number(Key.FtpPort))
        world.card.files.forEach((content, path) => next.card.put(path, content))
        await next.session()
        expect(server.files.get(remote)!.equals(pattern(200_000))).toBe(true)
    })

    it("is immediate when nothing is under way", async () => {
        const world = await worldWith()
        expect(await world.uploader.stop(5000)).toBe(true)
    })
})
