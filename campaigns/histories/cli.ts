import { fork } from "node:child_process"
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { CpuName } from "../../sim/cpu"
import type { Verdict } from "./judge"
import { lifeOf } from "./life"
import { lifeAndVerdict, stepText } from "./one"
import { shorten } from "./shorten"
import { firmware, projectFolder, readManifest } from "../../tools/firmware"
import { findMutants, mutantTable } from "./findmutants"

// Random lives of random boards, with the whole firmware in the VM, and one judge that knows only
// the promises. Writes campaigns/histories/report.md, or reportslow.md, after a complete campaign.

const { values } = parseArgs({
    options: {
        /** Seed of the first life. */
        seed: { type: "string", default: "1" },
        /** By default 2,000 for esp32, 200 for others. */
        count: { type: "string" },
        /** Days of a life; by default 1 to 14, from the seed. */
        days: { type: "string" },
        cpu: { type: "string", default: "esp32" },
        jobs: { type: "string", default: String(cpus().length) },
        /** Keeps each life's result, one per line; lives already in the file are skipped. */
        results: { type: "string" },
        /**
         * Injects each fault of campaigns/histories/mutants.ts into the firmware, and looks for it.
         */
        mutants: { type: "boolean", default: false },
        /** Prints the events of one life. */
        show: { type: "boolean", default: false },
        /** Runs in a separate process. */
        child: { type: "boolean", default: false },
    },
})

const cpu = values.cpu as CpuName
const wholeCount = cpu === "esp32" ? 2000 : 200
const [first, count, jobs] = [values.seed, values.count ?? wholeCount, values.jobs].map(Number)

function daysOf(seed: number): number {
    return values.days === undefined ? 1 + (seed % 14) : Number(values.days)
}

/** One process's message about one life. */
interface Told {
    cpu: CpuName
    seed: number
    verdict: Verdict
    happened: Record<string, number>
}

/** Earlier results of the requested lives. */
function toldBefore(): Told[] {
    if (values.results === undefined || !existsSync(values.results)) return []
    const lines = readFileSync(values.results, "utf8").trim().split("\n")
    const all = lines.filter(line => line !== "").map(line => JSON.parse(line) as Told)
    return all.filter(one => one.cpu === cpu && one.seed >= first && one.seed < first + count)
}

async function liveSome(imagePath: string): Promise<void> {
    const known = new Set(toldBefore().map(one => one.seed))
    for (let seed = first; seed < first + count; seed += jobs) {
        if (known.has(seed)) continue
        const life = lifeOf(seed, { cpu, days: daysOf(seed) })
        const { verdict, evidence } = await lifeAndVerdict(life, imagePath)
        const happened: Record<string, number> = {}
        for (const { temper } of Object.values(life.cards))
            if (temper !== undefined) happened[`a card: ${temper}`] = 1
        happened[`a server: ${life.temper}`] = 1
        for (const one of evidence.seen) {
            const line = one.kind === "event" || one.kind === "asked" ? one.line : ""
            const what = /^!\w+ (?!in\b)\w+|^!\w+|^\w+( now| set| send)?/.exec(line)?.[0]
            if (what) happened[what] = (happened[what] ?? 0) + 1
        }
        if (values.show) console.log(evidence.seen.map(stepText).join("\n"))
        process.send?.({ cpu, seed, verdict, happened } satisfies Told)
        if (verdict.violations.length > 0) await tellShortened(seed, imagePath)
    }
}

/** The same, reduced to the necessary steps. */
async function tellShortened(seed: number, imagePath: string): Promise<void> {
    const life = lifeOf(seed, { cpu, days: daysOf(seed) })
    const short = await shorten(life, async one => {
        const { verdict } = await lifeAndVerdict(one, imagePath)
        return verdict.violations.length > 0
    })
    const steps = short.steps.map(({ waitMs, line }) => `${waitMs} ms, ${line}`)
    console.log(`shortened, seed ${seed}: ${steps.join("; ")}`)
}

/** Distributes the lives over processes. @returns their results */
async function campaign(): Promise<Told[]> {
    const told = toldBefore()
    const parts = Array.from({ length: Math.min(jobs, count) }, (_, i) => {
        const args = ["--child", "--seed", String(first + i), "--count", String(count - i)]
        const more = values.days === undefined ? [] : ["--days", values.days]
        const shown = values.show ? ["--show"] : []
        const kept = values.results === undefined ? [] : ["--results", values.results]
        const all = [...args, ...more, ...shown, ...kept, "--cpu", cpu, "--jobs", String(jobs)]
        const child = fork(fileURLToPath(import.meta.url), all, { execArgv: process.execArgv })
        child.on("message", message => take(message as Told))
        return new Promise<void>((resolve, reject) =>
            child.on("exit", code =>
                code === 0 ? resolve() : reject(new Error(`a process exited with code ${code}`)),
            ),
        )
    })
    const take = (one: Told): void => {
        told.push(one)
        if (values.results !== undefined) appendFileSync(values.results, JSON.stringify(one) + "\n")
        const { violations } = one.verdict
        for (const violation of violations) console.log(`VIOLATION seed ${one.seed}: ${violation}`)
        if (violations.length > 0)
            console.log(
                `again: npm run histories -- --seed ${one.seed} --count 1 --days ${daysOf(one.seed)} --cpu ${cpu} --show`,
            )
        if (told.length % 50 === 0) console.log(`${told.length} lives`)
    }
    await Promise.all(parts)
    return told
}

function report(told: Told[]): string {
    const sum = (pick: (verdict: Verdict) => number) =>
        told.reduce((total, { verdict }) => total + pick(verdict), 0).toLocaleString("en-US")
    const happened = new Map<string, number>()
    for (const one of told)
        for (const [what, often] of Object.entries(one.happened))
            happened.set(what, (happened.get(what) ?? 0) + often)
    const rows = [...happened].sort((one, two) => two[1] - one[1])
    return `# Lives of boards

Made by \`npm run histories -- --cpu ${cpu}\`: ${told.length} random lives of 1 to 14 days, seeds ${first} to ${first + count - 1}; the board is off for most of them.
The whole firmware runs in the VM; the judge (\`campaigns/histories/judge.ts\`) knows only the promises of the README and docs/reference.

- violations: ${sum(one => one.violations.length)}
- board time powered, seconds: ${sum(one => one.poweredSeconds)}
- starts: ${sum(one => one.starts)}
- records on the cards: ${sum(one => one.records)}; seconds that needed one: ${sum(one => one.recordsExpected)}
- journal entries: ${sum(one => one.entries)}; lines of events on the cards: ${sum(one => one.events)}
- files on the servers: ${sum(one => one.filesSent)}

| what happened | times |
|---|---|
${rows.map(([what, often]) => `| \`${what}\` | ${often} |`).join("\n")}
`
}

const { imagePath } = await firmware(readManifest().entries.simulator)
if (values.child) {
    await liveSome(imagePath)
    process.disconnect()
} else if (values.mutants) {
    const found = await findMutants(values.count === undefined ? 200 : count)
    writeFileSync(join(projectFolder, "campaigns", "histories", "mutants.md"), mutantTable(found))
    process.exitCode = found.every(one => one.seed !== undefined) ? 0 : 1
} else {
    const told = await campaign()
    const text = report(told)
    const name = cpu === "esp32" ? "report.md" : `report${cpu}.md`
    if (first === 1 && count === wholeCount && values.days === undefined)
        writeFileSync(join(projectFolder, "campaigns", "histories", name), text)
    console.log(text)
    process.exitCode = told.every(one => one.verdict.violations.length === 0) ? 0 : 1
}
