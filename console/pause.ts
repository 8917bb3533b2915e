/** Host time, in Node and in a browser. */
export function pause(delayMs: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, delayMs))
}

/** As `pause`; a program that has nothing else to do does not wait for it. */
export function idlePause(delayMs: number): Promise<void> {
    return new Promise(resolve => {
        const timer: unknown = setTimeout(resolve, delayMs)
        // A browser has numbers here.
        ;(timer as { unref?: () => void }).unref?.()
    })
}
