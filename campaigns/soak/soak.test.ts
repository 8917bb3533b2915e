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

/** Runs the short plan. @returns the violations */
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
    "hours with a reset, a pulled card, a server that is away, alarms and clock jumps leave every record in its place",
    async () => {
        expect(await violations(await VmWorld.create())).toEqual([])
    },
)

test.runIf(tools)("the same hours in Node", async () => {
    const path = "/campaigns/soak/nativeworld.ts"
    const native = await importWithFirmware<typeof import("./nativeworld")>(path)
    expect(await violations(new native.NativeWorld())).toEqual([])
})

test("a plan of fewer days begins as the whole one does", () => {
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
    // Computed by hand: ten minutes back are recorded twice; of twenty ahead, one record is made up
    // for.
    expect(steps.filter(step => step !== 60)).toEqual([-540, 1200])
    expect(records.length).toBe(shortHours * 60 + 1)
    expect(plan.resetCount()).toBe(1)
})
