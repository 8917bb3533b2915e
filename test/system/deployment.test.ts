import { expect, test } from "vitest"
import { firmware } from "../../tools/firmware"
import { blankCard, firmwarePath, Rig } from "../../campaigns/flashcut/rig"

// Two programs on one board: the firmware, and the same with 16 KB of its heap held back.

test("another program is a deployment, the same one is not, and neither counts as an early death", async () => {
    const programs = [
        await firmwarePath(),
        (await firmware("bench/device/ballast.ts")).imagePath,
    ] as const
    let flash: Uint8Array | undefined
    const causes: string[] = []
    for (const program of [0, 0, 1, 1, 0, 1, 0, 1, 0, 0]) {
        const rig = new Rig(programs[program], { card: blankCard(16) })
        if (flash) rig.flash.image = flash
        await rig.start()
        await rig.ready()
        const line = await rig.logged(/^> start: /, 0, 10_000)
        causes.push(/start: (.*),/.exec(line!.text)![1])
        expect(await rig.ask("status")).not.toContain("safe mode")
        // Less than a minute: each of these starts dies early.
        await rig.clock.sleep(5000)
        await rig.stop()
        flash = rig.flash.image
    }
    const wanted = [0, 0, 1, 1, 0, 1, 0, 1, 0, 0].map((program, i, all) =>
        program === all[i - 1] ? "power-on" : "deployed",
    )
    expect(causes).toEqual(wanted)
})
