import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { importWithFirmware } from "../../test/support/firmwareloader"
import { firmware, projectFolder, readManifest } from "../../tools/firmware"

// Console lines of every kind, mutated from the command table and the schema: to the shell over all
// firmware parts in Node, and to the firmware in the VM. Writes campaigns/consolefuzz/report.md
// after a complete campaign.

const { values } = parseArgs({
    options: {
        rounds: { type: "string", default: "10" },
        lines: { type: "string", default: "20000" },
        "vm-rounds": { type: "string", default: "4" },
        "vm-lines": { type: "string", default: "12000" },
        /** One round with this seed, in Node and in the VM. */
        seed: { type: "string" },
    },
})

const run = await importWithFirmware<typeof import("./node")>("/campaigns/consolefuzz/node.ts")
const { imagePath } = await firmware(readManifest().entries.simulator)
const first = Number(values.seed ?? 1)
const whole = values.seed === undefined
let violations = 0

/** Runs the rounds; one table row per round. */
async function rounds(count: number, round: (seed: number) => Promise<string>): Promise<string[]> {
    const rows: string[] = []
    for (let seed = first; seed < first + count; ++seed) {
        let row: string
        try {
            row = `| ${seed} | ${await round(seed)} |`
        } catch (failure) {
            violations++
            row = `| ${seed} | VIOLATION ${(failure as Error).message.split("\n")[0]} |`
            console.log((failure as Error).message)
        }
        console.log(row)
        rows.push(row)
    }
    return rows
}

async function inNode(seed: number): Promise<string> {
    const campaign = new run.ShellCampaign(seed)
    const counts = await campaign.run(Number(values.lines))
    const { done, refused, changed, resets, outputBytesMax, heapGrowthBytes } = counts
    return [done, refused, changed, resets, outputBytesMax, heapGrowthBytes].join(" | ")
}

async function inVm(seed: number): Promise<string> {
    const board = new run.FuzzedBoard(imagePath)
    try {
        await board.start()
        const { done, refused, heapBytes } = await board.fuzz(Number(values["vm-lines"]), seed)
        return [done, refused, ...heapBytes].join(" | ")
    } finally {
        await board.end()
    }
}

const nodeRows = await rounds(whole ? Number(values.rounds) : 1, inNode)
const vmRows = await rounds(whole ? Number(values["vm-rounds"]) : 1, inVm)
const report = `# Console lines of every kind

Made by \`npm run consolefuzz\`: ${nodeRows.length} × ${values.lines} lines in Node, ${vmRows.length} × ${values["vm-lines"]} in the VM,
${violations} violations. Each line has an answer, a refused one changes nothing and says why in one line, no secret is printed, no output is
unbounded, no fiber dies, no board resets except by \`reset now\` or a schedule that a line set, and memory is freed.

In Node, the shell over all the firmware's parts:

| seed | done | refused | settings changed | resets requested | longest output, bytes | heap growth, bytes |
|---|---|---|---|---|---|---|
${nodeRows.join("\n")}

In the VM, a second console asking in between:

| seed | done | refused | heap in bytes before | halfway | after |
|---|---|---|---|---|---|
${vmRows.join("\n")}
`
if (whole) writeFileSync(join(projectFolder, "campaigns", "consolefuzz", "report.md"), report)
process.exit(violations === 0 ? 0 : 1)
