import { expect, test } from "vitest"
import { benchOfEachTest } from "../support/eachbench"
import { recordSeconds } from "../support/simulator"
import { hasTool } from "../support/tools"

const bench = benchOfEachTest()

test.runIf(hasTool("mcopy") && hasTool("fsck.fat"))(
    "power cuts in quick succession, even during a start, leave one working board",
    async () => {
        const run = await bench().exec([
            "set sd.period 1",
            "sleep 10s",
            "!power cut",
            "!power cut",
            "sleep 100ms",
            "!power cut",
            "sleep 700ms",
            "!power cut",
            "status",
            "sleep 10s",
            "journal",
        ])
        expect(run.exit).toBe(0)
        expect(run.output).not.toContain("does not answer")
        expect(run.output.match(/start: power-on/g)!.length).toBeLessThanOrEqual(3)
        const name = bench().cardNames("LOG")[0]
        const seconds = recordSeconds(bench().cardFile(`LOG/${name}`))
        expect(seconds.every((at, i) => i === 0 || at > seconds[i - 1])).toBe(true)
        expect(bench().cardComplaint()).toBeUndefined()
    },
)

test("a second simulator on the same folder is refused and disturbs nothing", async () => {
    // At real speed it runs until it is told to end.
    const first = bench().start(["--speed", "1"])
    await first.until(/records: 1 main/)
    await expect(bench().run(["--for", "1s"])).rejects.toThrow("another simulator")
    await first.until(/records: 1 main/, first.output.length)
    first.kill("SIGTERM")
    const { exit, summary } = await first.ended
    expect(exit).toBe(0)
    expect(summary.records.main).toBeGreaterThanOrEqual(2)
    expect(summary.records.lost).toBe(0)
})

test("a clock that was set continues over runs and stays trusted", async () => {
    await bench().exec(['time set "2027-05-05 10:00:00"', "sleep 5s"])
    const run = await bench().exec(["time"])
    expect(run.answer("time")[0]).toMatch(/2027-05-05 10:0\d:\d\d \+00:00 from RTC chip/)
})

test("successive short runs do not end in safe mode", async () => {
    for (let i = 0; i < 6; ++i) await bench().run(["--for", "1s"])
    const run = await bench().exec(["status", "sleep 10s"])
    expect(run.exit).toBe(0)
    expect(run.answer("status").join("\n")).not.toContain("safe mode")
    expect(run.summary.records.main).toBeGreaterThan(0)
})
