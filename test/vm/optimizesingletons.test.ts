import { beforeAll, describe, expect, it } from "vitest"
import { eachExpression } from "../../optimizer/ir/code"
import { decodeImage } from "../../optimizer/ir/image"
import { Op } from "../../optimizer/ir/opcodes"
import { asciiText } from "../../optimizer/ir/strings"
import { optimize } from "../../optimizer/pipeline"
import { runImage } from "../../tools/verify"
import { compileEntry } from "../support/compiler"

describe("a program with objects made once", () => {
    let image: Uint8Array
    const run = async (one: Uint8Array) => {
        const { lines, panic } = await runImage(one, "finished", 60_000)
        expect(panic).toBeUndefined()
        return lines.filter(line => line.startsWith("> "))
    }

    beforeAll(async () => {
        image = await compileEntry("test/vm/programs/optimizer/singletons.ts")
    }, 120_000)

    it("logs the same when it is optimized", async () => {
        const lines = await run(image)
        expect(lines.length).toBeGreaterThan(25)
        expect(await run(optimize(image).image)).toEqual(lines)
    })

    it("has their fields in globals, except those read by computed names", () => {
        const program = decodeImage(optimize(image).image)
        const used = new Set<string>()
        for (const { code } of program.functions)
            eachExpression(code, ({ op, value }) => {
                if (op === Op.AsciiField || op === Op.AsciiString)
                    used.add(new TextDecoder().decode(asciiText(program, value)))
            })
        expect(["ticks", "stepMs", "early", "lamps", "wires"].filter(one => used.has(one))).toEqual(
            [],
        )
        expect(["apples", "pears"].filter(one => !used.has(one))).toEqual([])
    })

    it("logs the same when it is optimized again", async () => {
        const once = optimize(image).image
        expect(await run(optimize(once).image)).toEqual(await run(image))
    })
})
