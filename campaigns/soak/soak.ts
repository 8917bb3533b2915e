import { judge, type Verdict } from "./judge"
import { longPlan } from "./plans"
import { runSoak, type Course, type Outcome } from "./run"
import { VmWorld } from "./vmworld"
import type { World } from "./world"

/** One soak and its findings. */
export interface SoakResult {
    world: string
    days: number
    outcome: Outcome
    verdict: Verdict
}

/** A day may take this much longer than the previous ones. */
const daySlack = 1.15

/**
 * Runs this many days, or as many whole ones as fit in the time.
 * @param leaveOutMs see Course
 * @param tell gets one line per day
 */
export async function soak(
    world: World,
    days: number,
    secondsMax: number,
    leaveOutMs: number,
    tell: (line: string) => void,
): Promise<SoakResult> {
    let done = days
    const course: Course = {
        whole: longPlan(days),
        leaveOutMs,
        cut: (dayNumber, wallSeconds) => {
            tell(`${world.name}: ${dayNumber - 1} days in ${Math.round(wallSeconds)} s`)
            const perDay = (wallSeconds / (dayNumber - 1)) * daySlack
            if (done < days || wallSeconds + 2 * perDay <= secondsMax) return undefined
            done = dayNumber
            return longPlan(dayNumber)
        },
    }
    try {
        const { plan, outcome } = await runSoak(world, course)
        const verdict = judge(plan, outcome, world.cardPath, world.serverPath)
        return { world: world.name, days: done, outcome, verdict }
    } finally {
        if (process.env.SOAK_KEEP !== "1") world.remove()
    }
}

export async function soakInVm(
    days: number,
    secondsMax: number,
    leaveOutMs: number,
    tell: (line: string) => void,
): Promise<SoakResult> {
    const result = await soak(await VmWorld.create(), days, secondsMax, leaveOutMs, tell)
    const { heapFirst, heapLast } = result.outcome
    if (heapFirst === undefined || heapLast === undefined)
        result.verdict.violations.push("the heap was not measured")
    return result
}
