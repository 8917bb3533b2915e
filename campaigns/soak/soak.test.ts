import { expect, test } from "vitest"
import { importWithFirmware } from "../../test/support/firmwareloader"
import { hasTool } from "../../test/support/tools"
import { judge } from "./judge"
import { longPlan, shortPlan } from "./plans"
import { runSoak } from "./run"
import { VmWorld } from "./vmworld"
import type { World } from "./world"

const tools = hasTool("mcopy") && hasTool("fsck.fat")
const shortHours = 2.4

/** Runs the short plan. @returns the judge's complaints */
async function violations(world: World): Promise<string[]> {
    try {
        const { plan, outcome } = await runSoak(world, { whole: shortPlan(shortHours) })
        const verdict = judge(plan, outcome, world.cardPath, world.serverPath)
        expect(verdict.recordsMissing).toBeGreaterThan(0)
        expect(verdict.filesCompared).toBeGreaterThan(1)
        return verdict.violations
    } finally {
        world.remove()
    }
}

test.runIf(tools)(
    "hours of resets, pulled cards, offline servers, alarms and clock jumps keep every record",
    async () => {
        expect(await violations(await VmWorld.create())).toEqual([])
    },
)

test.runIf(tools)("the same hours in Node keep every record", async () => {
    const path = "/campaigns/soak/nativeworld.ts"
    const native = await importWithFirmware<typeof import("./nativeworld")>(path)
    expect(await violations(new native.NativeWorld())).toEqual([])
})

test("a plan of fewer days begins like the whole one", () => {
    const whole = longPlan(30)
    for (const days of [2, 5, 6, 14, 22]) {
        const cut = longPlan(days)
        const end = (days - 1) * 86400
        expect(cut.steps.filter(step => step.at < end)).toEqual(
            whole.steps.filter(step => step.at < end),
        )
        expect(cut.steps.every(step => step.at < cut.seconds)).toBe(true)
    }
})

test("the plan's records follow the clock over its jumps", () => {
    const plan = shortPlan(shortHours)
    const records = plan.records()
    const seconds = records.map(record => record.seconds)
    const steps = seconds.slice(1).map((at, index) => at - seconds[index])
    // By hand: ten minutes set back are logged twice, of twenty set ahead one is made up for.
    expect(steps.filter(step => step !== 60)).toEqual([-540, 1200])
    expect(records.length).toBe(shortHours * 60 + 1)
    expect(plan.resetCount()).toBe(1)
})
