import type { Life, Step } from "./life"

/**
 * Drops steps, many at a time, then singly, as long as the life still goes wrong.
 * @param fails lives a life and says whether it goes wrong
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
