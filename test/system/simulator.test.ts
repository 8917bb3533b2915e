import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { benchOfEachTest } from "../support/eachbench"
import { recordSeconds, type SimulatorRun } from "../support/simulator"
import { hasTool } from "../support/tools"
import { Vsftpd } from "../support/vsftpd"

const bench = benchOfEachTest()

const mtools = hasTool("mcopy")
const fsck = hasTool("fsck.fat")

describe.runIf(mtools && fsck && hasTool("vsftpd"))("from battery to vsftpd", () => {
    const server = new Vsftpd()
    let run: SimulatorRun

    beforeEach(async () => {
        await server.start()
        run = await bench().exec([
            "set user.serial ACME-7",
            "set sd.period 1",
            "set sd.cells on",
            "set ftp.enable off",
            // A session of the demo may be under way.
            "sleep 10s",
            "set ftp.host 127.0.0.1",
            `set ftp.port ${server.port}`,
            "set ftp.cells on",
            // Board time runs at real speed while it talks to a real server.
            "set ftp.period 300",
            "set ftp.enable on",
            "sleep 10m",
            "ftp send",
            "export",
            "journal",
            "reset now",
            "sleep 1m",
            "export",
            "journal",
            "status",
            // A session takes longer than a record's second: only a board that stopped logging can
            // send everything.
            "set sd.enable off",
            "sleep 5s",
            "ftp send",
        ])
    })

    afterEach(async () => {
        await server.remove()
    })

    test("ten minutes at one record per second reach the server exactly, over a reset", () => {
        expect(run.exit).toBe(0)
        for (const [directory, history] of [
            ["LOG", "LOGSENT.TXT"],
            ["CELL", "CELLSENT.TXT"],
        ]) {
            const names = bench().cardNames(directory)
            expect(names.length).toBeGreaterThan(0)
            for (const name of names) {
                const onCard = bench().cardFile(`${directory}/${name}`)
                const remote = `ACME-7-${directory}-${name}`
                expect(readFileSync(join(server.root, remote)).equals(onCard)).toBe(true)
                expect(bench().cardFile(history).toString()).toContain(`${name},${onCard.length},`)
                expect(bench().cardFile(history).toString()).toContain(`,${remote},`)
            }
        }
        expect(bench().cardComplaint()).toBeUndefined()

        const records = bench()
            .cardNames("LOG")
            .sort()
            .flatMap(name => recordSeconds(bench().cardFile(`LOG/${name}`)))
        const steps = records.slice(1).map((at, i) => at - records[i])
        // The first records have the demo's period of 5 s. After them the only gap is the reset's.
        const steady = steps.indexOf(1)
        const gaps = steps.slice(steady).filter(step => step !== 1)
        expect(gaps).toHaveLength(1)
        expect(gaps[0]).toBeLessThanOrEqual(6)
        const reset = records.findLastIndex((at, i) => at - records[i - 1] > 1)
        expect(reset).toBeGreaterThanOrEqual(600)

        expect(run.summary.records.main).toBeGreaterThanOrEqual(records.length)
        expect(run.summary.records.lost).toBe(0)
        expect(run.summary.resets).toBe(1)
        const said = run.output.match(/ftp: (?!logged in|confirmed).*/g)
        expect(run.summary.ftp.failures, said?.join("\n")).toBe(0)
        expect(run.output).toContain("start: console, ACME-7")
        const [before, after] = run.answers("export")
        expect(after).toEqual(before)
    })
})

test.runIf(mtools && fsck)(
    "an overcurrent is an alarm, two journal entries and a flag in the log",
    async () => {
        const run = await bench().exec([
            "set sd.period 1",
            "!current -500",
            "sleep 20s",
            "status",
            "!current 10",
            "sleep 20s",
            "journal",
        ])
        expect(run.exit).toBe(0)
        expect(run.answer("status").join("\n")).toContain("OVERCURRENT_DISCHARGE")
        // A blank card that takes long to format has its own entries.
        const entries = run.answer("journal").filter(line => /#(?!.* SD_CARD )/.test(line))
        expect(entries).toEqual([
            expect.stringMatching(/^Last record +#\d+ .* OVERCURRENT_DISCHARGE disappeared/),
            expect.stringMatching(/^Record \d+ +#\d+ .* OVERCURRENT_DISCHARGE appeared/),
            expect.stringMatching(/^Record \d+ +#\d+ .* OVERCURRENT_DISCHARGE disappeared/),
        ])
        const name = bench().cardNames("LOG")[0]
        const errors = bench()
            .cardFile(`LOG/${name}`)
            .toString()
            .split("\r\n")
            .slice(1, -1)
            .map(line => parseInt(line.split(",").at(-1)!, 16))
        expect(errors).toContain(1 << 3)
        expect(errors.at(-1)).toBe(0)
        expect(bench().cardComplaint()).toBeUndefined()
    },
)

test("a refused line gets one clear error and changes nothing", async () => {
    const refused: (string | Uint8Array)[] = [
        "-set sd.period 0",
        "-set ftp.port 99999",
        "-set nonsense 1",
        '-set ftp.host "a\\r\\nDELE x"',
        "-frobnicate",
        "-" + "x".repeat(10_000),
        Buffer.from([0x2d, 0x73, 0x65, 0x74, 0x00, 0xff, 0xfe, 0x01]),
    ]
    const run = await bench().exec(["export", ...refused, "export"])
    expect(run.exit).toBe(0)
    const [before, after] = run.answers("export")
    expect(before).toContain("import")
    expect(after).toEqual(before)
    expect(run.answer("set sd.period 0")).toEqual(["error: sd.period: 0 is not 1–86400 s"])
    expect(run.answer("set ftp.port 99999")).toEqual([
        expect.stringMatching(/^error: ftp.port: 99999 is not 1–65535/),
    ])
    expect(run.answer("set nonsense 1")).toEqual([
        expect.stringMatching(/^error: unknown setting nonsense/),
    ])
    expect(run.answer('set ftp.host "a\\r\\nDELE x"')).toEqual([
        expect.stringMatching(/^error: ftp.host: .* is not/),
    ])
    expect(run.answer("frobnicate")).toEqual([
        expect.stringMatching(/^error: unknown command frobnicate/),
    ])
    expect(run.answer("x".repeat(10_000))).toEqual([expect.stringMatching(/^error: .*10000 bytes/)])
    expect(run.output.match(/^error: /gm)).toHaveLength(7)
    expect(run.summary.resets).toBe(0)
    expect(run.output).not.toContain("PANIC")
})

test("a refused line without a leading dash makes the exit code 1", async () => {
    const run = await bench().exec(["set sd.period 0", "status"])
    expect(run.exit).toBe(1)
    expect(run.answer("status").length).toBeGreaterThan(5)
})

test("a new board has its defaults with --no-demo", async () => {
    const run = await bench().exec(["show wifi.ssid", "show sd.period"], ["--no-demo"])
    expect(run.exit).toBe(0)
    expect(run.output).not.toContain("demo settings")
    expect(run.answer("show wifi.ssid").join("\n")).toMatch(/wifi\.ssid +""/)
    expect(run.answer("show sd.period").join("\n")).toContain("60 s")
})

test.runIf(mtools && fsck)(
    "a new board uploads to the embedded server without any input",
    async () => {
        const run = await bench().run(["--for", "70s"])
        expect(run.exit).toBe(0)
        expect(run.output).toContain("demo settings")
        expect(run.output).toContain("ftp: confirmed")
        const received = readdirSync(join(bench().state, "ftp"))
        const name = bench().cardNames("LOG")[0]
        // The demo raises an alarm, so there are events too.
        const logs = ["CELL", "EVT", "LOG"]
        expect(received).toEqual(logs.map(log => `BMS-SA11-${log}-${name}`))
        const sent = received.map(one => readFileSync(join(bench().state, "ftp", one)))
        expect(sent).toEqual(logs.map(log => bench().cardFile(`${log}/${name}`)))
        const onServer = sent[2]
        const seconds = recordSeconds(onServer)
        expect(seconds.length).toBeGreaterThan(10)
        expect(seconds.every((at, i) => i === 0 || at - seconds[i - 1] === 5)).toBe(true)
        expect(run.summary.heap.peakBytes).toBeLessThan(48 * 1024)
    },
)

test.runIf(mtools && fsck)(
    "a power cut, a pulled card and a dead server lose no record",
    async () => {
        const run = await bench().exec([
            "set sd.period 2",
            "sleep 1m",
            "!power cut",
            "sleep 1m",
            "!card out",
            // 13 times two records wait then, and some more until the card is found, at most 32.
            "sleep 25s",
            "!card in",
            "!ftp down",
            "sleep 90s",
            "!ftp up",
            "sleep 2m",
            "set sd.enable off",
            "sleep 5s",
            "ftp send",
            "status",
        ])
        expect(run.exit).toBe(0)
        const name = bench().cardNames("LOG").sort()[0]
        const seconds = recordSeconds(bench().cardFile(`LOG/${name}`))
        const steps = seconds.slice(1).map((at, i) => at - seconds[i])
        // The first records have the demo's period of 5 s.
        const gaps = steps.slice(steps.indexOf(2))
        expect(gaps.filter(gap => gap !== 2).every(gap => gap > 2 && gap <= 6)).toBe(true)
        expect(gaps.filter(gap => gap !== 2).length).toBeLessThanOrEqual(2)
        expect(bench().cardComplaint()).toBeUndefined()
        expect(
            readFileSync(join(bench().state, "ftp", `BMS-SA11-LOG-${name}`)).equals(
                bench().cardFile(`LOG/${name}`),
            ),
        ).toBe(true)
        expect(run.summary.records.lost).toBe(0)
    },
)
