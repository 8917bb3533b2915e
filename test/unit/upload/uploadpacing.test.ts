import { describe, expect, it, vi } from "vitest"
import { ftp } from "../../../src/console/commands/system"
import { Alarm } from "../../../src/core/alarm"
import { Fault, FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import { NodeConnector } from "../../support/nodesocket"
import { pattern } from "../../support/uploadcard"
import { UploadWorld } from "../../support/uploadworld"
import { uploadBenchOfEachTest } from "../../support/uploadbench"

const day = "LOG/20261122.CSV"
const remote = "BMS-1-LOG-20261122.CSV"

const bench = uploadBenchOfEachTest()

describe("pacing", () => {
    it("tries at every period", async () => {
        const world = await bench.worldWith()
        world.settings.set(Key.FtpPeriod, 60)
        world.card.put(day, pattern(100))
        await world.uploader.run()
        world.card.put(day, pattern(200))
        expect(await bench.secondsToNextTry(world, 100)).toBe(60)
        world.settings.set(Key.FtpPeriod, 20)
        world.card.put(day, pattern(300))
        expect(await bench.secondsToNextTry(world, 100)).toBe(20)
    })

    it("backs off from 10 s, doubling up to the period, with the flag at failure 3", async () => {
        vi.spyOn(Math, "random").mockReturnValue(0)
        const world = await bench.worldWith({ answer: () => "421 busy" })
        world.settings.set(Key.FtpPeriod, 60)
        world.card.put(day, pattern(100))
        await world.uploader.run()
        const waits: number[] = []
        const flags: boolean[] = []
        for (let i = 0; i < 5; ++i) {
            waits.push(await bench.secondsToNextTry(world, 100))
            flags.push(world.alarms.has(Alarm.Ftp))
        }
        expect(waits).toEqual([10, 20, 40, 60, 60])
        expect(flags).toEqual([false, true, true, true, true])
        bench.server.options = {}
        await bench.secondsToNextTry(world, 100)
        expect(world.alarms.has(Alarm.Ftp)).toBe(false)
        expect(world.uploader.lastError).toBe("")
    })

    it("varies the wait by up to a quarter, so that boards come at different times", async () => {
        const waits: number[] = []
        for (const random of [0.2, 0.999]) {
            vi.spyOn(Math, "random").mockReturnValue(random)
            const world = await bench.worldWith({ answer: () => "421 busy" })
            world.card.put(day, pattern(100))
            await world.uploader.run()
            for (let i = 0; i < 2; ++i) waits.push(await bench.secondsToNextTry(world, 100))
            await bench.server.stop()
        }
        expect(waits).toEqual([10, 19, 8, 16])
    })

    it("does not hammer a server that refuses the log-in", async () => {
        const world = await bench.worldWith({
            answer: verb => (verb === "PASS" ? "530 no" : undefined),
        })
        world.settings.set(Key.FtpPeriod, 300)
        world.card.put(day, pattern(100))
        await world.uploader.run()
        expect(await bench.secondsToNextTry(world, 1000)).toBe(300)
    })

    it("tries again at once after a change of settings, or on request", async () => {
        const world = await bench.worldWith({
            answer: verb => (verb === "PASS" ? "530 no" : undefined),
        })
        world.card.put(day, pattern(100))
        await world.uploader.run()
        world.uploader.settingsChanged()
        expect(await bench.secondsToNextTry(world, 5)).toBe(1)
        world.uploader.requested = true
        expect(await bench.secondsToNextTry(world, 5)).toBe(1)
    })

    it.each([
        ["FTP is off", Key.FtpEnable, 0, "off: set ftp.enable"],
        ["the host is empty", Key.FtpHost, "", "no server: set ftp.host"],
    ])("does nothing while %s, and says why", async (_title, key, value, words) => {
        const world = await bench.worldWith()
        world.card.put(day, pattern(100))
        world.settings.set(key, value)
        await world.uploader.run()
        expect(bench.server.connections).toBe(0)
        expect(world.uploader.activity()).toBe(words)
    })

    it("waits for a missing card, without a failure, and logs it once", async () => {
        const world = await bench.worldWith()
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
        expect(world.uploader.pacing.failures).toBe(0)
        expect(world.alarms.has(Alarm.Ftp)).toBe(false)
        world.card.absence = undefined
        await world.uploader.run()
        expect(world.uploader.lastError).toBe("")
        expect(world.uploader.sender.filesConfirmed).toBe(1)
    })

    it("counts a full card and a stale handle as failures, with an alarm after three", async () => {
        for (const code of [FaultCode.VolumeFull, FaultCode.StaleHandle]) {
            const world = await bench.worldWith()
            world.card.put(day, pattern(100))
            world.settings.set(Key.FtpPeriod, 60)
            world.card.absence = new Fault(code, "no room")
            for (let failures = 1; failures <= 3; ++failures) {
                await world.uploader.run()
                world.nowMs += 60_000
                expect(world.uploader.pacing.failures).toBe(failures)
            }
            expect(world.alarms.has(Alarm.Ftp)).toBe(true)
            world.card.absence = undefined
            await world.uploader.run()
            expect(world.alarms.has(Alarm.Ftp)).toBe(false)
        }
    })

    it("retries a missing card after ten seconds even if the period becomes longer", async () => {
        const world = await bench.worldWith()
        world.card.put(day, pattern(100))
        world.card.absence = new Fault(FaultCode.CardAbsent, "there is no card")
        await world.uploader.run()
        world.settings.set(Key.FtpPeriod, 604_800)
        world.uploader.settingsChanged()
        world.card.absence = undefined
        world.nowMs += 10_000
        await world.uploader.run()
        expect(world.uploader.sender.filesConfirmed).toBe(1)
    })

    it("stores its two times with one write, and only after a log-in", async () => {
        const world = await bench.worldWith()
        for (const name of ["20261120", "20261121", "20261122"])
            world.card.put(`LOG/${name}.CSV`, pattern(99))
        await world.session()
        expect(world.settings.writes).toBe(1)
        await world.session()
        expect(world.settings.writes).toBe(1)
    })

    it("waits for Wi-Fi if a network is set", async () => {
        const world = await bench.worldWith()
        world.card.put(day, pattern(100))
        world.settings.set(Key.WifiSsid, "home")
        world.wifiUp = false
        await world.uploader.run()
        expect(world.uploader.activity()).toBe("no Wi-Fi")
        expect(world.uploader.pacing.failures).toBe(0)
        world.wifiUp = true
        await world.uploader.run()
        expect(world.uploader.sender.filesConfirmed).toBe(1)
    })
})

describe("the console's commands", () => {
    it("show the state in words", async () => {
        const world = await bench.worldWith()
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
        const world = await bench.worldWith()
        for (const name of ["20261120", "20261121", "20261122"])
            world.card.put(`LOG/${name}.CSV`, pattern(99))
        for (const path of ["CELL/20261121.CSV", "EVT/20261121.CSV", "EVT/20261120.CSV"])
            world.card.put(path, pattern(40))
        world.settings.set(Key.FtpCells, 1)
        await world.session()
        bench.server.commands.length = 0
        expect(await world.uploader.resend("2026-11-21")).toBe(4)
        await world.uploader.run()
        expect(bench.server.commands.filter(line => line.startsWith("STOR"))).toEqual([
            "STOR BMS-1-LOG-20261121.CSV",
            "STOR BMS-1-LOG-20261122.CSV",
            "STOR BMS-1-EVT-20261121.CSV",
            "STOR BMS-1-CELL-20261121.CSV",
        ])
        expect(bench.server.files.size).toBe(6)
        await world.session()
        expect(bench.server.count("STOR")).toBe(4)
    })

    it.each(["", "today", "2026-1-2", "20261122", "2026-11-2x"])(
        "refuse %j as a day",
        async text => {
            const world = await bench.worldWith()
            await expect(world.uploader.resend(text)).rejects.toThrow(
                "is not a day: write YYYY-MM-DD",
            )
        },
    )

    it("test the log-in and show the mode", async () => {
        const world = await bench.worldWith()
        expect(await world.uploader.test()).toEqual(["mode: direct", "answer: 230 welcome"])
        expect(bench.server.commands.at(-1)).toBe("QUIT")
        bench.server.options = { answer: verb => (verb === "PASS" ? "530 no" : undefined) }
        await expect(world.uploader.test()).rejects.toThrow("530 no")
    })
})

describe("stop()", () => {
    it("ends an upload in the middle, which resumes after the start", async () => {
        const tcp = new NodeConnector()
        const world = await bench.worldWith({}, tcp)
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
        expect(world.uploader.sender.filesConfirmed).toBe(0)
        expect(world.uploader.pacing.failures).toBe(0)
        await world.uploader.run()
        expect(world.uploader.activity()).toBe("stopped")
        const next = new UploadWorld(new NodeConnector())
        next.settings.set(Key.FtpPort, world.settings.number(Key.FtpPort))
        world.card.files.forEach((content, path) => next.card.put(path, content))
        await next.session()
        expect(bench.server.files.get(remote)!.equals(pattern(200_000))).toBe(true)
    })

    it("returns at once if no upload is under way", async () => {
        const world = await bench.worldWith()
        expect(await world.uploader.stop(5000)).toBe(true)
    })
})
