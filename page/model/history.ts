/** Battery history, one sample per look: recent minutes complete, older ones thinned out. */
export class LiveHistory {
    /** Unix seconds of this computer; volts, amperes, percent; NaN if not measured. */
    readonly times: number[] = []
    readonly volts: number[] = []
    readonly amperes: number[] = []
    readonly charge: number[] = []
    readonly cells: number[][] = []

    constructor(
        /** Total length of the history. */
        private readonly keptSeconds = 3600,
        /** Beyond this age, one sample per `thinnedSeconds` is enough. */
        private readonly wholeSeconds = 600,
        private readonly thinnedSeconds = 5,
    ) {}

    add(
        atSeconds: number,
        sample: { volts: number; amperes: number; charge: number; cellMv: readonly number[] },
    ): void {
        if (atSeconds <= (this.times.at(-1) ?? -Infinity)) return
        this.times.push(atSeconds)
        this.volts.push(sample.volts)
        this.amperes.push(sample.amperes)
        this.charge.push(sample.charge)
        this.cells.push([...sample.cellMv])
        this.thin(atSeconds)
    }

    /** Index of the first sample at or after that time. */
    since(atSeconds: number): number {
        const index = this.times.findIndex(time => time >= atSeconds)
        return index < 0 ? this.times.length : index
    }

    clear(): void {
        this.remove(0, this.times.length)
    }

    private thin(nowSeconds: number): void {
        this.remove(0, this.since(nowSeconds - this.keptSeconds))
        // Each look one sample passes the age limit: it is removed if its neighbours are close
        // enough.
        const edge = this.since(nowSeconds - this.wholeSeconds) - 1
        if (edge > 1 && this.times[edge] - this.times[edge - 2] < this.thinnedSeconds)
            this.remove(edge - 1, 1)
    }

    private remove(from: number, count: number): void {
        for (const list of [this.times, this.volts, this.amperes, this.charge, this.cells])
            (list as unknown[]).splice(from, count)
    }
}
