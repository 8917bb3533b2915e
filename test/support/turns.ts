import type { Exclusive } from "../../src/core/seams"

/** Turns in the order of arrival; each ends with its work, without a timeout. */
export class Turns implements Exclusive {
    private last: Promise<unknown> = Promise.resolve()

    run<T>(_owner: string, _timeoutMs: number, work: () => Promise<T>): Promise<T> {
        const turn = this.last.then(work)
        this.last = turn.catch(() => undefined)
        return turn
    }
}
