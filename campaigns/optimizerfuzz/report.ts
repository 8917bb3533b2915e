import { type FuzzCounts } from "./campaign"

export function formatFuzz(counts: FuzzCounts, firstSeed: number): string {
    const { programs, compared, lines, constructs, different } = counts
    const rows = Object.entries(constructs).map(([name, count]) => `| ${name} | ${count} |`)
    const seeds = different.map(one => one.seed).join(", ")
    return `# Random programs, plain and optimized

Made by \`npm run optimizerfuzz\`: ${programs} random programs from seed ${firstSeed} on, each run in the runtime as the
compiler made it and as the optimizer made it. ${compared} could be compared (the others exceed a limit of the
runtime or of the compiler); they logged ${lines} lines. Programs that behaved differently: ${different.length}${seeds && ` (seeds ${seeds})`}.

| what a program has | programs |
|---|---:|
${rows.join("\n")}
`
}
