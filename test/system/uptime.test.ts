import { expect, test } from "vitest"
import { firmwarePath, Rig } from "../flashcut/rig"

const minuteMs = 60_000
const dayMs = 1440 * minuteMs
/** The runtime counts microseconds in 32 bits: a longer jump would be taken for one into the past. */
const skipMs = 30 * minuteMs
/** Long enough for what was due meanwhile. */
const liveMs = 2_500

test("the board counts 45 days in the runtime, past 2^31 ms, and then resets in good order", async () => {
    const rig = new Rig(await firmwarePath())
    await rig.start()
    await rig.ready()
    const uptime = async () => /^up +(.*)$/m.exec(await rig.ask("status"))?.[1]
    for (const line of ["set ftp.enable off", "set user.address here"]) await rig.ask(line)

    const startedMs = rig.clock.nowMs()
    const pass = async (untilMs: number) => {
        while (rig.clock.nowMs() - startedMs < untilMs) {
            rig.clock.skip(skipMs)
            await rig.clock.sleep(liveMs)
        }
    }
    await pass(25 * dayMs)
    expect(await uptime()).toMatch(/^25 d 00:/)
    await pass(45 * dayMs - 60 * minuteMs)
    expect(await uptime()).toMatch(/^44 d 2[23]:/)
    expect(rig.board.resets).toBe(0)
    await pass(45 * dayMs + minuteMs)
    await rig.ready()

    expect(rig.board.resets).toBe(1)
    const status = await rig.ask("status")
    expect(status).toMatch(/^last start +uptime$/m)
    expect(status).toMatch(/^up +0 d 00:/m)
    // By the clock chip, which went on: 45 days after 22 November.
    expect(await rig.ask("time")).toMatch(/2027-01-06 1\d:\d\d:\d\d \+00:00 from RTC chip/)
    expect(await rig.ask("show user.address")).toContain("here")
    await rig.stop()
}, 300_000)
