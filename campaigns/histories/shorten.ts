import type { Life, Step } from "./life"

/**
 * Drops steps, first many at once, then singly, while the life still fails.
 * @param fails runs a life and returns whether it fails
 */
export async function shorten(
    life: Life,
    fails: (life: Life) => Promise<boolean>,
    livesMax = 200,
): Promise<Life> {
    let steps = life.steps
    let lives = 0
    for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2))
        for (let from = 0; from < steps.length && lives < livesMax;) {
            const fewer: Step[] = [...steps.slice(0, from), ...steps.slice(from + size)]
            lives++
            if (await fails({ ...life, steps: fewer })) steps = fewer
            else from += size
        }
    return { ...life, steps }
}
