import { inOrder, modes, type Mode } from "./faults"

export interface Counts {
    cuts: number
    /** Cuts inside a recovery, and those recovered through the emulated card. */
    nested: number
    onCard: number
    acknowledged: number
    lost: number
    lostMax: number
}

export interface FsckCounts {
    recovered: number
    raw: number
    rawDamaged: number
    agreed: number
}

export interface Violation {
    text: string
    mode: Mode
    what: string
    story: string
}

export interface TallyDump {
    rows: [string, Counts][]
    violations: Violation[]
    violationCount: number
    violationsOf: [string, number][]
    fsck: [Mode, FsckCounts][]
    modeCuts: [Mode, number][]
}

/** The campaign's figures. */
export class Tally {
    readonly rows = new Map<string, Counts>()
    readonly violations: Violation[] = []
    violationCount = 0
    readonly violationsOf = new Map<string, number>()
    private readonly fsck = new Map<Mode, FsckCounts>()
    private readonly modeCuts = new Map<Mode, number>()

    count(
        row: { scenario: string; card: string; mode: Mode },
        cut: {
            acknowledged: number
            lost: number
            /** In one torn or lost sector. */
            lostMax: number
            nested: boolean
            onCard: boolean
        },
    ): void {
        const key = [row.scenario, row.card, row.mode].join("|")
        const counts = this.rows.get(key) ?? emptyCounts()
        this.rows.set(key, counts)
        counts.cuts++
        if (cut.nested) counts.nested++
        if (cut.onCard) counts.onCard++
        counts.acknowledged += cut.acknowledged
        counts.lost += cut.lost
        counts.lostMax = Math.max(counts.lostMax, cut.lostMax)
        this.modeCuts.set(row.mode, this.cutsOf(row.mode) + 1)
    }

    cutsOf(mode: Mode): number {
        return this.modeCuts.get(mode) ?? 0
    }

    violation(text: string, mode: Mode, what: string, story: string): void {
        this.violationCount++
        const scenario = /--scenario "([^"]+)"/.exec(text)?.[1]
        const kind = what.replace(/"[^"]*"/g, '""').replace(/\d+/g, "0")
        const group = `${scenario} | ${mode} | ${kind}`
        const seen = this.violationsOf.get(group) ?? 0
        this.violationsOf.set(group, seen + 1)
        // A few of each kind are enough.
        if (seen < 2) this.violations.push({ text, mode, what, story })
    }

    compared(mode: Mode, agree: boolean, clean: boolean, recovered: boolean): void {
        const counts = this.fsckOf(mode)
        if (recovered) counts.recovered++
        else {
            counts.raw++
            if (!clean) counts.rawDamaged++
        }
        if (agree) counts.agreed++
        this.fsck.set(mode, counts)
    }

    fsckOf(mode: Mode): FsckCounts {
        return this.fsck.get(mode) ?? { recovered: 0, raw: 0, rawDamaged: 0, agreed: 0 }
    }

    /** All figures as plain data. */
    dump(): TallyDump {
        const { rows, violations, violationCount, violationsOf, fsck, modeCuts } = this
        return {
            rows: [...rows],
            violations,
            violationCount,
            violationsOf: [...violationsOf],
            fsck: [...fsck],
            modeCuts: [...modeCuts],
        }
    }

    /** Adds another part's figures. */
    absorb(other: TallyDump): void {
        for (const [key, counts] of other.rows)
            this.rows.set(key, add(this.rows.get(key) ?? emptyCounts(), counts))
        this.violations.push(...other.violations)
        this.violationCount += other.violationCount
        for (const [kind, count] of other.violationsOf)
            this.violationsOf.set(kind, (this.violationsOf.get(kind) ?? 0) + count)
        for (const [mode, counts] of other.fsck) {
            const sum = this.fsckOf(mode)
            for (const key of Object.keys(counts) as (keyof FsckCounts)[]) sum[key] += counts[key]
            this.fsck.set(mode, sum)
        }
        for (const [mode, cuts] of other.modeCuts) this.modeCuts.set(mode, this.cutsOf(mode) + cuts)
    }

    /** Sums of all rows with the same scenario, card or mode (`column` 0, 1, 2). */
    sums(column: number): Map<string, Counts> {
        const sums = new Map<string, Counts>()
        for (const [key, counts] of this.rows) {
            const name = key.split("|")[column]
            sums.set(name, add(sums.get(name) ?? emptyCounts(), counts))
        }
        return sums
    }

    total(): Counts {
        return [...this.rows.values()].reduce(add, emptyCounts())
    }

    /** Acknowledged records lost although all writes came complete and in order. */
    lostInOrder(): number {
        const sums = this.sums(2)
        return modes.filter(inOrder).reduce((sum, mode) => sum + (sums.get(mode)?.lost ?? 0), 0)
    }
}

function emptyCounts(): Counts {
    return { cuts: 0, nested: 0, onCard: 0, acknowledged: 0, lost: 0, lostMax: 0 }
}

function add(one: Counts, two: Counts): Counts {
    return {
        cuts: one.cuts + two.cuts,
        nested: one.nested + two.nested,
        onCard: one.onCard + two.onCard,
        acknowledged: one.acknowledged + two.acknowledged,
        lost: one.lost + two.lost,
        lostMax: Math.max(one.lostMax, two.lostMax),
    }
}
