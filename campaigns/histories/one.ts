import type { Evidence, Seen } from "./evidence"
import { judge, type Verdict } from "./judge"
import type { Life } from "./life"
import { live } from "./run"

/** Runs a life and judges it. A run that does not finish is a violation too. */
export async function lifeAndVerdict(
    life: Life,
    imagePath: string,
): Promise<{ verdict: Verdict; evidence: Evidence }> {
    const { evidence, remove } = await live(life, imagePath)
    try {
        return { evidence, verdict: judge(evidence) }
    } finally {
        remove()
    }
}

/** An observation as a readable line. */
export function stepText(seen: Seen): string {
    const time = `[${(seen.atMs / 1000).toFixed(2).padStart(10)}]`
    if (seen.kind === "log") return `${time} ${seen.text}`
    if (seen.kind === "asked") return `${time} > ${seen.line}`
    if (seen.kind === "event") return `${time} ${seen.line}`
    if (seen.kind === "answered") return `${time} status ${seen.status}: ${seen.text.trimEnd()}`
    return `${time} the clock shows ${new Date(seen.toSeconds * 1000).toISOString()}`
}
