import { describe, expect, test } from "vitest"
import {
    measureTiming,
    nearestProfile,
    speedProfiles,
    StartWatch,
    timingReport,
} from "../../console/timing"
import type { CpuName } from "../../sim/cpu"
import { firmware, readManifest } from "../../tools/firmware"
import { SimulatedBoard } from "../support/simulatedboard"

/** The measurement of `npm run console -- PORT --timing` on a simulated board, in its own time. */
async function measured(cpu: CpuName) {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    const simulated = new SimulatedBoard(imagePath, { cpu, seed: 3 })
    const { simulation } = simulated
    const { clock, board, console } = simulation
    const watch = new StartWatch(() => clock.nowMs())
    simulated.onLog = line => watch.take(line)
    try {
        await simulation.start()
        await clock.sleep(20_000)
        return await measureTiming(
            {
                execute: line => console.execute(line, () => undefined),
                reset: async () => {
                    const { resets } = board
                    await console.execute("reset now", () => undefined)
                    await simulation.resetAfter(resets)
                    await simulation.consoleReady()
                },
                nowMs: () => clock.nowMs(),
            },
            watch,
        )
    } finally {
        await simulated.end()
    }
}

describe("the timing of a board", () => {
    test.each(speedProfiles.map(profile => [profile.name, profile] as const))(
        "finds the profile %s, whose table is right within a tenth",
        async (name, profile) => {
            const timing = await measured(name as CpuName)
            expect(nearestProfile(timing).name).toBe(name)
            expect(timing.describeMs / profile.describeMs).toBeGreaterThan(0.9)
            expect(timing.describeMs / profile.describeMs).toBeLessThan(1.1)
            expect(timing.startMs / profile.startMs).toBeGreaterThan(0.9)
            expect(timing.startMs / profile.startMs).toBeLessThan(1.1)
        },
    )

    test("is one line with the times and the profile", () => {
        const [line] = timingReport({ describeMs: 5300, startMs: 820 }).split("\n")
        expect(line).toMatch(/^timing: describe 5\.30 s, start 0\.82 s: profile slow \(10\d % of/)
    })

    test("says what to do when the log is missing or the board refuses", async () => {
        const board = {
            execute: async () => ({ status: 0 }),
            reset: async () => {},
            nowMs: () => 0,
        }
        const watch = new StartWatch(() => 0)
        await expect(measureTiming(board, watch)).rejects.toThrow("start log did not arrive")
        const refusing = { ...board, execute: async () => ({ status: 1 }) }
        await expect(measureTiming(refusing, watch)).rejects.toThrow("log in")
    })
})
