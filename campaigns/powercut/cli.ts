import { readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { askChild } from "../child"
import { importWithFirmware } from "../../test/support/firmwareloader"
import { projectFolder } from "../../tools/firmware"
import type { PowercutRequest } from "./node"
import type { Tally, TallyDump } from "./tally"

// Cuts the power after every sector write of every scenario, in every mode, and judges how the
// firmware recovers. Writes campaigns/powercut/report.md and the figures powercut.* of
// bench/results.json after a complete campaign.

const { values } = parseArgs({
    options: {
        scenario: { type: "string" },
        card: { type: "string" },
        seed: { type: "string" },
        cut: { type: "string" },
        "first-seed": { type: "string", default: "1" },
        seeds: { type: "string" },
        nested: { type: "string", default: "1" },
        /** "0/2": the first of two parts, in a separate process. */
        part: { type: "string" },
    },
})

function request(): PowercutRequest {
    const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
    const [part, parts] = (values.part ?? "0/1").split("/").map(Number)
    const { scenario, card, cut } = values
    const firstSeed = Number(values["first-seed"])
    const nestedCuts = Number(values.nested)
    const [seed, seeds] = [number(values.seed), number(values.seeds)]
    return { scenario, card, seed, seeds, cut, firstSeed, nestedCuts, part, parts }
}

/** One part of the campaign in another process. */
function runPart(part: number, parts: number): Promise<TallyDump> {
    const flags = [...process.argv.slice(2), "--part", `${part}/${parts}`]
    return askChild(import.meta.url, flags, `part ${part} of the campaign has died`)
}

function writeReport(tally: Tally, summary: string, tables: string): void {
    const report = `# Power cuts\n\nMade by \`npm run powercut\`: ${summary}.\n\n${tables}\n`
    writeFileSync(join(projectFolder, "campaigns", "powercut", "report.md"), report)
    const path = join(projectFolder, "bench", "results.json")
    const results = JSON.parse(readFileSync(path, "utf8"))
    const total = tally.total()
    results["powercut.cuts"] = total.cuts
    results["powercut.recordsLost"] = tally.lostInOrder()
    results["powercut.tornRecordsLostMax"] = total.lostMax
    writeFileSync(path, JSON.stringify(results, undefined, 4) + "\n")
}

const started = performance.now()
const run = await importWithFirmware<typeof import("./node")>("/campaigns/powercut/node.ts")
const { scenario, card, seed, cut, seeds, part } = values
if (part !== undefined) {
    const dump = (await run.runPowercut(request(), line => console.log(line))).dump()
    process.send!(dump, () => process.exit(0))
} else {
    const whole = [scenario, card, seed, cut, seeds].every(one => one === undefined)
    const parts = cut === undefined && seed === undefined ? Math.min(4, cpus().length) : 1
    let tally = new run.Tally()
    if (parts === 1) tally = await run.runPowercut(request(), line => console.log(line))
    else
        for (const dump of await Promise.all(
            Array.from({ length: parts }, (_, i) => runPart(i, parts)),
        ))
            tally.absorb(dump)
    const total = tally.total()
    const summary =
        `${total.cuts} cuts, ${total.nested} of them inside a recovery, ${total.onCard} recovered through the ` +
        `emulated card; ${total.acknowledged} records acknowledged, ${tally.lostInOrder()} lost with the writes ` +
        `in order, at most ${total.lostMax} in a torn or lost sector; ${tally.violationCount} violations`
    const tables = run.formatTables(tally)
    const seconds = Math.round((performance.now() - started) / 1000)
    console.log(`\n${tables}\n\n${summary}, in ${seconds} s`)
    if (tally.violationCount > 0) {
        console.log("\n" + run.formatViolations(tally.violations, 40))
        console.log(run.formatKinds(tally))
    }
    if (whole) writeReport(tally, summary, tables)
    process.exit(tally.violationCount === 0 ? 0 : 1)
}
