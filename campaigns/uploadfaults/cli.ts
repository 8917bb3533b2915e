import { writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { askChild } from "../child"
import { importWithFirmware } from "../../test/support/firmwareloader"
import type { CaseResult } from "./case"
import { runSimulated, simulatedCases } from "./simulated"
import { projectFolder } from "../../tools/firmware"

// Runs the uploader against real FTP servers over a network that cuts, stalls and sends nonsense,
// and checks that everything arrives once the faults stop. Writes campaigns/uploadfaults/report.md
// after a complete campaign.

const { values } = parseArgs({
    options: {
        mode: { type: "string" },
        kind: { type: "string" },
        seed: { type: "string" },
        /** Selects other cases: added to each seed. */
        "first-seed": { type: "string", default: "1" },
        /** Share of each kind's cases. */
        share: { type: "string", default: "1" },
        parts: { type: "string" },
        /** "0/2": the first of two parts, in a separate process. */
        part: { type: "string" },
    },
})

/** The board's model replaces the runtime for src/board/socket.ts. */
const runtime = {
    name: "board-natives",
    enforce: "pre" as const,
    transform(code: string, id: string): { code: string } | undefined {
        if (!id.endsWith("/src/board/socket.ts")) return undefined
        const natives = 'import { natives as ds } from "/campaigns/uploadfaults/natives.ts"'
        return { code: code.replace('import * as ds from "@devicescript/core"', natives) }
    },
}

function runPart(part: number, parts: number): Promise<CaseResult[]> {
    const flags = [...process.argv.slice(2), "--part", `${part}/${parts}`]
    return askChild(import.meta.url, flags, `part ${part} of the campaign has died`)
}

/** The simulator's part, as lines; a failure begins with VIOLATION. */
async function runSimulator(first: number): Promise<string[]> {
    const lines: string[] = []
    let baseBytes: number | undefined
    for (let index = 0; index < simulatedCases; ++index) {
        const one = await runSimulated(index, first, baseBytes)
        baseBytes ??= one.heapPeakBytes
        const verdict = one.violations.length > 0 ? "VIOLATION " : ""
        const counts = `${one.failures} sessions failed, heap peak ${one.heapPeakBytes} bytes`
        lines.push(`- ${verdict}${one.what}: ${[counts, ...one.violations].join("; ")}`)
        console.log(lines.at(-1))
    }
    return lines
}

const started = performance.now()
const run = await importWithFirmware<typeof import("./node")>("/campaigns/uploadfaults/node.ts", [
    runtime,
])
const { mode, kind, seed, part } = values
const shift = Number(values["first-seed"]) - 1
const chosen = (seed === undefined ? run.allCases(Number(values.share)) : run.allCases())
    .filter(one => (mode ?? one.mode) === one.mode && (kind ?? one.kind.name) === one.kind.name)
    .filter(one => seed === undefined || one.seed === 1)
    .map(one => ({ ...one, seed: seed === undefined ? one.seed + shift : Number(seed) }))
if (part !== undefined) {
    const [own, parts] = part.split("/").map(Number)
    const mine = chosen.filter((_, i) => i % parts === own)
    const results = await run.runCases(mine, line => console.log(line))
    process.send!(results, () => process.exit(0))
} else {
    const parts = seed === undefined ? Number(values.parts ?? Math.min(4, cpus().length)) : 1
    const results =
        parts === 1
            ? await run.runCases(chosen, line => console.log(line))
            : (await Promise.all(Array.from({ length: parts }, (_, i) => runPart(i, parts)))).flat()
    const order = new Map(chosen.map((one, i) => [`${one.mode} ${one.kind.name}`, i]))
    results.sort(
        (one, two) => order.get(`${one.mode} ${one.kind}`)! - order.get(`${two.mode} ${two.kind}`)!,
    )
    const whole = [mode, kind, seed].every(one => one === undefined) && values.share === "1"
    const simulated = whole ? await runSimulator(shift + 1) : []
    const wrong = simulated.filter(line => line.startsWith("- VIOLATION"))
    const bad = results.filter(one => one.violations.length > 0)
    const sessions = results.reduce((sum, one) => sum + one.sessions, 0)
    const summary = `${results.length} cases, ${sessions} sessions, ${bad.length} cases with a violation`
    const seconds = Math.round((performance.now() - started) / 1000)
    console.log(`\n${run.formatTables(results)}\n\n${summary}, in ${seconds} s`)
    if (seed !== undefined) console.log(results.flatMap(one => one.story).join("\n"))
    if (bad.length > 0) console.log("\n" + run.formatViolations(results, 30))
    if (whole) {
        const messages = `The uploader's messages:\n\n${run.formatMessages(results)}`
        const report = `# Upload faults\n\nMade by \`npm run uploadfaults\`: ${summary}.\n\n`
        writeFileSync(
            join(projectFolder, "campaigns", "uploadfaults", "report.md"),
            `${report}${run.formatTables(results)}\n\n${messages}\n\nIn the simulator:\n\n${simulated.join("\n")}\n`,
        )
    }
    process.exit(bad.length + wrong.length === 0 ? 0 : 1)
}
