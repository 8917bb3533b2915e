import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { deployOnce, heldProgram, noProgram } from "../support/deployrun"
import { freePort } from "../support/freeport"
import { SerialSimulation } from "../support/serialsimulation"

const tenths = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
const hash = (image: Uint8Array) => createHash("sha256").update(image).digest("hex")

describe("a deployment disturbed at each tenth", () => {
    let board: SerialSimulation
    /** The firmware, and the same with some of its heap held back. */
    let programs: Uint8Array[]

    beforeAll(async () => {
        const entries = [readManifest().entries.simulator, "bench/device/ballast.ts"]
        programs = []
        for (const entry of entries) programs.push(readFileSync((await firmware(entry)).imagePath))
        board = await SerialSimulation.start(`127.0.0.1:${await freePort()}`, 4)
        await board.ask("set user.serial KEPT-7")
    }, 240_000)
    afterAll(() => board?.end())

    /** Disturbs a deployment, checks what the board has then, and deploys again. */
    async function disturbed(at: number, disturb: () => void, mend: () => Promise<void>) {
        const old = await heldProgram(board.port)
        await board.free()
        const next = programs.find(one => hash(one) !== old)!
        let done = false
        const broken = deployOnce(board.port, next, part => {
            if (part < at || done) return
            done = true
            disturb()
        })
        const message = await broken.then(
            report => report,
            (failure: Error) => failure.message,
        )
        await mend()
        await board.free()
        const held = await heldProgram(board.port)
        expect([noProgram, old, hash(next)]).toContain(held)
        if (held === noProgram) expect(message).toMatch(/run the same command again$/)
        await board.free()
        expect(await deployOnce(board.port, next)).toMatch(
            held === hash(next)
                ? /bytes in|already runs that program/
                : /bytes in .*start: deployed, KEPT-7$/,
        )
        await board.free()
        expect(await heldProgram(board.port)).toBe(hash(next))
        await board.free()
        return held
    }

    it.each(tenths)(
        "power fails at %f: a second deployment repairs it",
        { timeout: 90_000 },
        async at => {
            const held = await disturbed(
                at,
                () => board.simulation.powerCut(),
                () => board.free(),
            )
            if (at < 1) expect(held).toBe(noProgram)
        },
    )

    it.each(tenths)(
        "the cable is pulled at %f: a second deployment repairs it",
        { timeout: 90_000 },
        async at => {
            let pulled: Promise<void> | undefined
            const held = await disturbed(
                at,
                () => (pulled = board.unplug()),
                async () => {
                    await pulled
                    await board.plug()
                },
            )
            if (at < 1) expect(held).toBe(noProgram)
        },
    )

    it("keeps the settings", async () => {
        expect(await board.ask("show user.serial")).toContain("KEPT-7")
    })
})
