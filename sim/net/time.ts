/** The part of the simulator's clock the network uses. */
export interface BoardTime {
    /** Board milliseconds; they never go backwards. */
    nowMs(): number
    setTimeout(run: () => void, delayMs: number): object
    clearTimeout(timer: object | undefined): void
}
