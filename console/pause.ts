/** Host time, in Node and in a browser. */
export function pause(delayMs: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, delayMs))
}

/** As `pause`, but does not keep the program alive. */
export function idlePause(delayMs: number): Promise<void> {
    return new Promise(resolve => {
        const timer: unknown = setTimeout(resolve, delayMs)
        // In a browser it is a number.
        ;(timer as { unref?: () => void }).unref?.()
    })
}
