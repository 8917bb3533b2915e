/** The part of the simulator's clock that the network lives by. */
export interface BoardTime {
    /** Board milliseconds; they never go backwards. */
    nowMs(): number
    setTimeout(run: () => void, delayMs: number): object
    clearTimeout(timer: object | undefined): void
}
