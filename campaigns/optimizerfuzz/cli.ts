import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { fuzz } from "./campaign"
import { compare } from "./compare"
import { randomProgram } from "./generator"
import { formatFuzz } from "./report"
import { shrunk } from "./shrink"
import { printed } from "./source"
import { projectFolder } from "../../tools/firmware"

// Random programs, unoptimized against optimized, in the runtime. Writes
// campaigns/optimizerfuzz/report.md after a complete campaign. `--shrink <seed>` prints the
// shortest program that still behaves differently.

const { values } = parseArgs({
    options: {
        programs: { type: "string", default: "2000" },
        "first-seed": { type: "string", default: "1" },
        shrink: { type: "string" },
        /** Maximum of images compiled to shrink one. */
        images: { type: "string", default: "80" },
    },
})

async function shrink(seed: number): Promise<number> {
    const text = printed(await shrunk(seed, randomProgram(seed), Number(values.images)))
    const found = (await compare([{ seed, text }])).get(seed)
    console.log(text + "\n" + JSON.stringify(found, undefined, 2))
    return 0
}

async function campaign(firstSeed: number, programs: number): Promise<number> {
    const counts = await fuzz(firstSeed, programs, so => {
        const { different } = so
        console.log(`${so.programs} programs, ${so.compared} compared, ${different.length} differ`)
    })
    for (const { seed } of counts.different) console.log(`differs: --shrink ${seed}`)
    const report = formatFuzz(counts, firstSeed)
    if (firstSeed === 1)
        writeFileSync(join(projectFolder, "campaigns", "optimizerfuzz", "report.md"), report)
    return counts.different.length ? 1 : 0
}

// The compiler logs its search for installed packages.
console.debug = () => undefined
const firstSeed = Number(values["first-seed"])
process.exit(
    values.shrink === undefined
        ? await campaign(firstSeed, Number(values.programs))
        : await shrink(Number(values.shrink)),
)
