import { describe, expect, it, vi } from "vitest"
import { ftp } from "../../../src/console/commands/system"
import { Alarm } from "../../../src/core/alarm"
import { Fault, FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import { blankStore } from "../../support/memorycard"
import { NodeConnector } from "../../support/nodesocket"
import { pattern } from "../../support/uploadcard"
import { uploadBenchOfEachTest } from "../../support/uploadbench"

const day = "LOG/20261122.CSV"
const remote = "BMS-1-LOG-20261122.CSV"

const bench = uploadBenchOfEachTest()

/** The task looks once a second, and a wait begins behind a session. */
function expectAtTheNextLook(waits: number[], seconds: number[]): void {
    const late = waits.map((wait, i) => wait - seconds[i])
    expect(late.filter(one => one !== 0 && one !== 1)).toEqual([])
}

describe("pacing", () => {
    it("tries at every period", async () => {
        const board = await bench.boardWith()
        await board.set(Key.FtpPeriod, 60)
        await board.put(day, pattern(100))
        await board.look()
        await board.put(day, pattern(200))
        expect(await bench.secondsToNextTry(board, 100)).toBe(60)
        await board.set(Key.FtpPeriod, 20)
        await board.put(day, pattern(300))
        expect(await bench.secondsToNextTry(board, 100)).toBe(20)
    })

    it("backs off from 10 s, doubling up to the period, with the flag at failure 3", async () => {
        vi.spyOn(Math, "random").mockReturnValue(0)
        const board = await bench.boardWith({ answer: () => "421 busy" })
        await board.set(Key.FtpPeriod, 60)
        await board.put(day, pattern(100))
        await board.look()
        const waits: number[] = []
        const said: string[] = []
        const flags: boolean[] = []
        for (let i = 0; i < 5; ++i) {
            said.push(board.uploader.activity())
            waits.push(await bench.secondsToNextTry(board, 100))
            flags.push(board.reports(Alarm.Ftp))
        }
        expect(said).toEqual([10, 20, 40, 60, 60].map(seconds => `next try in ${seconds} s`))
        expectAtTheNextLook(waits, [10, 20, 40, 60, 60])
        expect(flags).toEqual([false, true, true, true, true])
        bench.server.options = {}
        await bench.secondsToNextTry(board, 100)
        expect(board.reports(Alarm.Ftp)).toBe(false)
        expect(board.uploader.lastError).toBe("")
    })

    it("varies the wait by up to a quarter, so that boards come at different times", async () => {
        const waits: number[] = []
        const said: string[] = []
        for (const random of [0.2, 0.999]) {
            vi.spyOn(Math, "random").mockReturnValue(random)
            const board = await bench.boardWith({ answer: () => "421 busy" })
            await board.put(day, pattern(100))
            await board.look()
            for (let i = 0; i < 2; ++i) {
                said.push(board.uploader.activity())
                waits.push(await bench.secondsToNextTry(board, 100))
            }
            await bench.server.stop()
        }
        expect(said).toEqual([10, 19, 8, 16].map(seconds => `next try in ${seconds} s`))
        expectAtTheNextLook(waits, [10, 19, 8, 16])
    })

    it("does not hammer a server that refuses the log-in", async () => {
        const board = await bench.boardWith({
            answer: verb => (verb === "PASS" ? "530 no" : undefined),
        })
        await board.set(Key.FtpPeriod, 300)
        await board.put(day, pattern(100))
        await board.look()
        expect(await bench.secondsToNextTry(board, 1000)).toBe(300)
    })

    it("tries again at once after a change of settings, or on request", async () => {
        const board = await bench.boardWith({
            answer: verb => (verb === "PASS" ? "530 no" : undefined),
        })
        await board.put(day, pattern(100))
        await board.look()
        board.uploader.settingsChanged()
        expect(await bench.secondsToNextTry(board, 5)).toBe(1)
        board.uploader.requested = true
        expect(await bench.secondsToNextTry(board, 5)).toBe(1)
    })

    it.each([
        ["FTP is off", Key.FtpEnable, 0, "off: set ftp.enable"],
        ["the host is empty", Key.FtpHost, "", "no server: set ftp.host"],
    ])("does nothing while %s, and says why", async (_title, key, value, words) => {
        const board = await bench.boardWith()
        await board.put(day, pattern(100))
        await board.set(key, value)
        await board.look()
        expect(bench.server.connections).toBe(0)
        expect(board.uploader.activity()).toBe(words)
    })

    it("waits for a missing card, without a failure, and logs it once", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(100))
        await board.set(Key.FtpPeriod, 60)
        const card = board.store
        const pulled = "no SD card, or it does not answer: put one in"
        const foreign = "no FAT file system on the card: format as FAT32 (card format)"
        await board.pull()
        for (const error of [pulled, pulled, pulled, pulled, foreign]) {
            if (error === foreign) board.board.insert(blankStore(16))
            await board.pass(61)
            expect(board.uploader.lastError).toBe(error)
        }
        expect(board.lines).toEqual(["ftp: waits: " + pulled, "ftp: waits: " + foreign])
        expect(board.uploader.pacing.failures).toBe(0)
        expect(board.reports(Alarm.Ftp)).toBe(false)
        board.board.insert(card)
        await board.pass(10)
        expect(board.uploader.lastError).toBe("")
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(100)))
        // With the events that say that the card was away.
        expect(board.uploader.sender.filesConfirmed).toBe(2)
    })

    it("counts a full card and a stale handle as failures, with an alarm after three", async () => {
        for (const code of [FaultCode.VolumeFull, FaultCode.StaleHandle]) {
            const board = await bench.boardWith()
            await board.put(day, pattern(100))
            await board.set(Key.FtpPeriod, 60)
            board.cardFault = new Fault(code, "no room")
            for (let failures = 1; failures <= 3; ++failures) {
                await board.pass([1, 11, 21][failures - 1])
                expect(board.uploader.pacing.failures).toBe(failures)
            }
            expect(board.reports(Alarm.Ftp)).toBe(true)
            board.cardFault = undefined
            await board.pass(61)
            expect(board.reports(Alarm.Ftp)).toBe(false)
        }
    })

    it("retries a missing card after ten seconds even if the period becomes longer", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(100))
        await board.pull()
        await board.look()
        expect(board.uploader.lastError).not.toBe("")
        await board.set(Key.FtpPeriod, 604_800)
        await board.insert()
        await board.pass(10)
        expect(board.uploader.sender.filesConfirmed).toBe(1)
    })

    it("stores its two times with one write, and only after a log-in", async () => {
        const board = await bench.boardWith()
        for (const name of ["20261120", "20261121", "20261122"])
            await board.put(`LOG/${name}.CSV`, pattern(99))
        const write = vi.spyOn(board.board.flash, "write")
        const writes = () => write.mock.calls.filter(([key]) => key === "sg").length
        await board.session()
        expect(writes()).toBe(1)
        await board.session()
        expect(writes()).toBe(1)
    })

    it("waits for Wi-Fi if a network is set", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(100))
        await board.set(Key.WifiSsid, "home")
        board.board.online = false
        await board.look()
        expect(board.uploader.activity()).toBe("no Wi-Fi")
        expect(board.uploader.pacing.failures).toBe(0)
        board.board.online = true
        await board.look()
        expect(board.uploader.sender.filesConfirmed).toBe(1)
    })
})

describe("the console's commands", () => {
    it("show the state in words", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(100))
        await board.session()
        const printed: string[] = []
        const print = async (line: string) => void printed.push(line)
        await ftp({ parts: { uploader: board.uploader }, print } as never)
        expect(printed).toEqual([
            "state: next try in 3600 s",
            "last error: none",
            "unsent at the last look: 0 bytes",
            "confirmed since the start: 1 files, 100 bytes",
            "log-ins: 1, failures: 0, in a row: 0",
        ])
    })

    it("resend every file from a day on, whole", async () => {
        const board = await bench.boardWith()
        for (const name of ["20261120", "20261121", "20261122"])
            await board.put(`LOG/${name}.CSV`, pattern(99))
        for (const path of ["CELL/20261121.CSV", "EVT/20261121.CSV", "EVT/20261120.CSV"])
            await board.put(path, pattern(40))
        await board.set(Key.FtpCells, 1)
        await board.session()
        bench.server.commands.length = 0
        expect(await board.resend("2026-11-21")).toBe(4)
        await board.look()
        expect(bench.server.commands.filter(line => line.startsWith("STOR"))).toEqual([
            "STOR BMS-1-LOG-20261121.CSV",
            "STOR BMS-1-LOG-20261122.CSV",
            "STOR BMS-1-EVT-20261121.CSV",
            "STOR BMS-1-CELL-20261121.CSV",
        ])
        expect(bench.server.files.size).toBe(6)
        await board.session()
        expect(bench.server.count("STOR")).toBe(4)
    })

    it.each(["", "today", "2026-1-2", "20261122", "2026-11-2x"])(
        "refuse %j as a day",
        async text => {
            const board = await bench.boardWith()
            await expect(board.resend(text)).rejects.toThrow("is not a day: write YYYY-MM-DD")
        },
    )

    it("test the log-in and show the mode", async () => {
        const board = await bench.boardWith()
        expect(await board.finish(board.uploader.test())).toEqual([
            "mode: direct",
            "answer: 230 welcome",
        ])
        expect(bench.server.commands.at(-1)).toBe("QUIT")
        bench.server.options = { answer: verb => (verb === "PASS" ? "530 no" : undefined) }
        await expect(board.finish(board.uploader.test())).rejects.toThrow("530 no")
    })
})

describe("stop()", () => {
    it("ends an upload in the middle, which resumes after the start", async () => {
        const tcp = new NodeConnector()
        const board = await bench.boardWith({}, tcp)
        await board.put(day, pattern(200_000))
        let stopped: Promise<boolean> | undefined
        let sent = 0
        tcp.onSend = (_stream, data) => {
            sent += data.length
            if (sent > 50_000) stopped ??= board.uploader.stop(5000)
        }
        board.uploader.requested = true
        await board.look()
        expect(await board.finish(stopped!)).toBe(true)
        expect(board.uploader.sender.filesConfirmed).toBe(0)
        expect(board.uploader.pacing.failures).toBe(0)
        await board.look()
        expect(board.uploader.activity()).toBe("stopped")
        tcp.onSend = () => {}
        await board.start()
        await board.session()
        expect(bench.server.files.get(remote)!.equals(pattern(200_000))).toBe(true)
    })

    it("returns at once if no upload is under way", async () => {
        const board = await bench.boardWith()
        expect(await board.finish(board.uploader.stop(5000))).toBe(true)
    })
})
