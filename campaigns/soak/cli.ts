import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { askChild } from "../child"
import { importWithFirmware } from "../../test/support/firmwareloader"
import { projectFolder } from "../../tools/firmware"
import { formatSoak } from "./report"
import { soakInVm, type SoakResult } from "./soak"

// Thirty days of a board's life at high speed, with servers, cards and clocks that come and go: the
// optimized image in the DeviceScript runtime, with blackouts during idle waits for the next
// record, and the same firmware in Node with every second. Writes campaigns/soak/report.md after a
// complete run.

/** Shorter than any firmware timeout that a blackout can fall into. */
const leaveOutMs = 19_000

const { values } = parseArgs({
    options: {
        days: { type: "string", default: "30" },
        /** Wall time for the runtime's days. */
        minutes: { type: "string", default: "19" },
        /** No blackouts in the runtime: as many whole days as fit in the time. */
        "every-second": { type: "boolean", default: false },
        /** Only this one: vm or node. */
        world: { type: "string" },
        /** Runs in a separate process. */
        child: { type: "boolean", default: false },
    },
})

const days = Number(values.days)
const secondsMax = Number(values.minutes) * 60
const tell = (line: string) => console.log(line)

async function run(world: string): Promise<SoakResult> {
    if (world === "vm")
        return await soakInVm(days, secondsMax, values["every-second"] ? 0 : leaveOutMs, tell)
    const path = "/campaigns/soak/node.ts"
    const native = await importWithFirmware<typeof import("./node")>(path)
    return await native.soakInNode(days, secondsMax, tell)
}

function runInChild(world: string): Promise<SoakResult> {
    const flags = [...process.argv.slice(2), "--world", world, "--child"]
    return askChild(import.meta.url, flags, `the soak in ${world} has died`)
}

// jacdac-ts reports its connections here.
console.debug = () => {}

if (values.child) {
    const result = await run(values.world!)
    process.send!(result, () => process.exit(0))
} else {
    const started = performance.now()
    const worlds = values.world === undefined ? ["vm", "node"] : [values.world]
    const results = await Promise.all(worlds.map(runInChild))
    const seconds = Math.round((performance.now() - started) / 1000)
    for (const result of results)
        if (result.days < days && !values["every-second"])
            result.verdict.violations.push(
                `only ${result.days} of ${days} days fitted into ${values.minutes} minutes`,
            )
    const report = formatSoak(results, seconds)
    console.log("\n" + report)
    if (values.world === undefined && days === 30)
        writeFileSync(join(projectFolder, "campaigns", "soak", "report.md"), report)
    process.exit(results.every(result => result.verdict.violations.length === 0) ? 0 : 1)
}
