import { readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { askChild } from "../child"
import { addCounts, Chain, emptyCounts, type FlashCutCounts } from "./campaign"
import { formatFlashCuts } from "./report"
import { firmwarePath } from "./rig"
import { projectFolder } from "../../tools/firmware"

// Cuts the power of the whole simulated board while settings change, journal entries arrive and
// counters count. Writes campaigns/flashcut/report.md and the figures flashcut.* of
// bench/results.json after a complete campaign.

const { values } = parseArgs({
    options: {
        /** Number of chains: boards that each keep one flash from cut to cut. */
        chains: { type: "string", default: "14" },
        lives: { type: "string", default: "40" },
        "first-seed": { type: "string", default: "1" },
        part: { type: "string" },
    },
})
const chains = Number(values.chains)
const lives = Number(values.lives)
const firstSeed = Number(values["first-seed"])
console.debug = () => {}

async function runPart(part: number, parts: number): Promise<FlashCutCounts> {
    const sum = emptyCounts()
    const imagePath = await firmwarePath()
    for (let seed = firstSeed + part; seed < firstSeed + chains; seed += parts) {
        const chain = new Chain(imagePath, seed)
        await chain.run(lives)
        addCounts(sum, chain.counts)
        const { cuts, violations } = chain.counts
        console.log(`chain ${seed}: ${cuts} cuts, ${violations.length} violations`)
    }
    return sum
}

function forkPart(part: number, parts: number): Promise<FlashCutCounts> {
    const flags = [...process.argv.slice(2), "--part", `${part}/${parts}`]
    return askChild(import.meta.url, flags, `part ${part} of the campaign has died`)
}

if (values.part !== undefined) {
    const [part, parts] = values.part.split("/").map(Number)
    process.send!(await runPart(part, parts), () => process.exit(0))
} else {
    const started = performance.now()
    await firmwarePath()
    const parts = Math.min(2, cpus().length, chains)
    const sum = emptyCounts()
    const all = Array.from({ length: parts }, (_, part) => forkPart(part, parts))
    for (const counts of await Promise.all(all)) addCounts(sum, counts)
    const seconds = Math.round((performance.now() - started) / 1000)
    const report = formatFlashCuts(sum, chains)
    console.log(`\n${report}\nin ${seconds} s`)
    if (chains * lives >= 500) {
        writeFileSync(join(projectFolder, "campaigns", "flashcut", "report.md"), report)
        const path = join(projectFolder, "bench", "results.json")
        const results = JSON.parse(readFileSync(path, "utf8"))
        results["flashcut.cuts"] = sum.cuts
        results["flashcut.violations"] = sum.violations.length
        writeFileSync(path, JSON.stringify(results, undefined, 4) + "\n")
    }
    process.exit(sum.violations.length === 0 ? 0 : 1)
}
