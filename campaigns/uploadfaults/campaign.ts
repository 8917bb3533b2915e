import { type CaseName, type CaseResult, FaultCase } from "./case"
import { kinds, type Mode } from "./kinds"
import { Yard } from "./yard"

/** Every case of the complete campaign: the seeds of each kind from 1 on. */
export function allCases(share = 1): CaseName[] {
    const modes: Mode[] = ["direct", "gateway"]
    return modes.flatMap(mode =>
        kinds[mode].flatMap(kind =>
            Array.from({ length: Math.max(1, Math.round(kind.cases * share)) }, (_, i) => ({
                mode,
                kind,
                seed: i + 1,
            })),
        ),
    )
}

/** Runs the cases in order. An unhandled promise rejection counts against the case. */
export async function runCases(
    cases: CaseName[],
    say: (line: string, result: CaseResult) => void = () => {},
): Promise<CaseResult[]> {
    const results: CaseResult[] = []
    const yard = new Yard()
    const unhandled: string[] = []
    const note = (reason: unknown): void => {
        unhandled.push("unhandled: " + ((reason as Error)?.stack ?? reason))
    }
    process.on("unhandledRejection", note)
    try {
        for (const name of cases) {
            const started = performance.now()
            const one = new FaultCase(yard, name)
            const result = await one.run()
            result.violations.push(...unhandled.splice(0))
            results.push(result)
            const seconds = ((performance.now() - started) / 1000).toFixed(1)
            const bad = result.violations.length
            say(
                `${name.mode}, ${name.kind.name}, seed ${name.seed}: ${result.sessions} sessions in ` +
                    `${seconds} s${bad === 0 ? "" : `, ${bad} VIOLATIONS`}`,
                result,
            )
        }
    } finally {
        process.off("unhandledRejection", note)
        await yard.close()
    }
    return results
}
