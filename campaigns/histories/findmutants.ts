import { lifeOf } from "./life"
import { buildMutant, mutants } from "./mutants"
import { lifeAndVerdict } from "./one"

/** A fault that was put into the firmware, and what the judge said of it. */
export interface FoundMutant {
    promise: string
    file: string
    /** The first life in which it was found; undefined when it was not. */
    seed?: number
    violation: string
}

/** Looks for each mutant in short lives. @param livesMax in so many of them it must be found */
export async function findMutants(livesMax: number): Promise<FoundMutant[]> {
    const found: FoundMutant[] = []
    for (const mutant of mutants) {
        const { image, remove } = buildMutant(mutant)
        const one: FoundMutant = { promise: mutant.promise, file: mutant.file, violation: "" }
        try {
            for (let seed = 1; seed <= livesMax && one.seed === undefined; ++seed) {
                const { verdict } = await lifeAndVerdict(
                    lifeOf(seed, { days: 1, scheduled: mutant.scheduled }),
                    image,
                )
                if (verdict.violations.length === 0) continue
                one.seed = seed
                one.violation = verdict.violations[0]
            }
        } finally {
            remove()
        }
        found.push(one)
        console.log(
            `${one.promise}: ${one.seed ? `seed ${one.seed}: ${one.violation}` : "NOT FOUND"}`,
        )
    }
    return found
}

export function mutantTable(found: FoundMutant[]): string {
    const rows = found.map(({ promise, file, seed, violation }) => {
        const said = violation.replaceAll("|", "\\|").replaceAll(/\s+/g, " ").slice(0, 110)
        return `| ${promise} | \`${file}\` | ${seed ?? "not found"} | ${said} |`
    })
    return `# Faults put into the firmware

Made by \`npm run histories -- --mutants\`: each breaks one promise, and the judge of the lives must find it.

| promise | file | found in life | what the judge says |
|---|---|---|---|
${rows.join("\n")}
`
}
