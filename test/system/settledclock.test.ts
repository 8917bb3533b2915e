import { expect, test } from "vitest"
import { benchOfEachTest } from "../support/eachbench"

const bench = benchOfEachTest()

test("a time that the clock chip missed is reported, set later and kept over a power cut", async () => {
    const run = await bench().exec([
        "!clock down",
        "time set 2027-06-01 12:00:00",
        "sleep 150s",
        "time",
        "!clock up",
        "sleep 70s",
        "time",
        "!power cut",
        "sleep 10s",
        "time",
    ])
    expect(run.exit).toBe(0)
    expect(run.answer("time set 2027-06-01 12:00:00")[0]).toMatch(
        /2027-06-01 12:00:00 .* from person; no acknowledge on I2C/,
    )
    const times = run.answers("time").map(lines => lines[0])
    expect(times[0]).toMatch(/2027-06-01 12:02:3\d .* from person; no acknowledge on I2C/)
    expect(times[1]).toMatch(/2027-06-01 12:03:4\d .* from person$/)
    expect(times[2]).toMatch(/2027-06-01 12:03:\d\d .* from RTC chip$/)
})

test("a power cut before that leaves a lower bound instead of the chip's old time", async () => {
    const run = await bench().exec([
        "time set 2027-06-01 12:00:00",
        "!clock down",
        "time set 2027-03-01 12:00:00",
        "sleep 5s",
        "!clock up",
        "!power cut",
        "sleep 10s",
        "time",
        "status",
    ])
    expect(run.answer("time")[0]).toMatch(
        /2027-03-01 12:00:\d\d~ .* from flash; the clock chip missed the time that was set/,
    )
    expect(run.answer("status").join("\n")).toMatch(/^alarms +CLOCK/m)
})

test("a new capacity keeps the percentage, even over a power cut", async () => {
    const run = await bench().exec([
        "sleep 5s",
        "battery",
        "set battery.capacity 280000",
        "!power cut",
        "sleep 10s",
        "battery",
        "set battery.capacity 50000",
        "sleep 10s",
        "battery",
    ])
    expect(run.exit).toBe(0)
    const charges = [...run.output.matchAll(/^battery .* (\d+\.\d) %$/gm)].map(found => +found[1])
    expect(charges.length).toBe(3)
    for (const charge of charges) expect(Math.abs(charge - charges[0])).toBeLessThan(0.3)
})
