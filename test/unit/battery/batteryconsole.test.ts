import { expect, it } from "vitest"
import { buildConfiguration } from "../../../src/battery/configuration"
import { Key } from "../../../src/settings/keys"
import { batteryBench } from "../../support/batterybench"
import { ConsoleBench } from "../../support/consoleparts"

async function measured() {
    const battery = batteryBench()
    await battery.monitor.sample()
    const console = new ConsoleBench()
    Object.assign(console.battery, {
        last: battery.monitor.last,
        applied: battery.monitor.applied,
    })
    return { ...battery, console }
}

it("`battery limits` shows the chip's limits as the chip rounds them", async () => {
    const { console, monitor, settings } = await measured()
    expect(Buffer.from(monitor.applied!)).toEqual(Buffer.from(buildConfiguration(settings)))
    const lines = (await console.run("battery limits")).split("\n")
    expect(lines).toContain("COV         3643.2 mV")
    expect(lines).toContain("OCC delay   0.426 s")
    expect(lines).toContain("SCD         600 A")
    // Labels have 12 places; the last one is a blank.
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^(?=.{11} \S)[A-Z]{2,4}/)
    expect(lines).toHaveLength(12)
})

it("`battery limits` reports a missing monitor", async () => {
    const { console } = await measured()
    console.battery.last = undefined
    expect(await console.run("battery limits")).toBe("error: no answer from the battery monitor\n")
})

it("`battery` shows alerts beside the safety status", async () => {
    const { console, monitor, pack, ticks } = await measured()
    pack.setCell(5, 3.8)
    await ticks.sleep(1000)
    console.battery.last = await monitor.sample()
    expect(await console.run("battery")).toContain("\nalerts      0x000008\n")
})

it("limits of a failed configuration are not shown as applied", async () => {
    const { monitor, chip, settings } = await measured()
    const before = monitor.applied
    settings.with([[Key.BatteryCellOvervoltage, 3550]])
    monitor.reconfigure()
    chip.fault = "offline"
    await monitor.sample().catch(() => undefined)
    expect(monitor.applied).toBe(before)
})
