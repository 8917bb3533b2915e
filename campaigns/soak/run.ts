import type { Plan } from "./plan"
import type { World } from "./world"

/** A flag change that the board logged as a journal entry. */
export interface MadeEntry {
    number: number
    /** As printed, local. */
    time: string
    flag: string
    appears: boolean
    /** Seconds since the beginning of the soak. */
    elapsed: number
}

/** The results of a run, besides the card and the server's files. */
export interface Outcome {
    journal: MadeEntry[]
    /** The journal shown by the console at the end. */
    shown: string[]
    recordsLost: number
    resets: number
    /** The logged cause of each start since the beginning. */
    startCauses: string[]
    resetCount: string
    sessions: number
    sessionsFailed: number
    filesConfirmed: number
    /** Log lines that no soak should have. */
    alarming: string[]
    refusedLines: string[]
    /**
     * Live heap in bytes: the least in the half hour before the end of the first day, and before
     * the end.
     */
    heapFirst?: number
    heapLast?: number
    boardSeconds: number
    wallSeconds: number
}

/** The heap is sampled this often, and the least of this many samples counts: half an hour. */
const heapEvery = 60
const heapSamples = 30
const day = 86400
const settleMs = 5000
/** The end avoids a record's second. */
const beforeEnd = 10

/** After an event, or any unusual log line, every second is run. */
const calmMs = 60_000
/** Blackouts look like other light patterns. */
const usual = /^(light|ftp): /
/** Time run between two blackouts. */
const livedMs = 1000
/** From a record's log line to when the next record may be due. */
const nextRecordMs = 57_000

/**
 * The length of a soak: complete, or cut short at the end of a day, by its plan for that many days.
 */
export interface Course {
    whole: Plan
    /**
     * Between two records, if nothing else happens, the board runs for a second and then has a
     * blackout of this length, noticing only that its clocks went on: at most 20000. Without it
     * every second is run.
     */
    leaveOutMs?: number
    /** Called at the start of each day except the first: whether it is to be the last. */
    cut?: (dayNumber: number, wallSeconds: number) => Plan | undefined
}

/**
 * Runs a plan on a board, from its first power-on to the last session. @returns also the plan
 * carried out
 */
export async function runSoak(
    world: World,
    course: Course,
): Promise<{ plan: Plan; outcome: Outcome }> {
    const started = performance.now()
    const wallSeconds = () => (performance.now() - started) / 1000
    const soak = new Soak(world, course.leaveOutMs ?? 0)
    await world.start()
    let plan = course.whole
    for (const line of plan.setUp()) await soak.run(line)
    // Time for the tasks to notice that they are off.
    await world.clock.sleep(settleMs)
    const [first, ...others] = plan.begin()
    await soak.run(first)
    soak.begin(Math.min(day, plan.seconds / 2))
    for (const line of others) await soak.run(line)
    for (let from = 0; from < plan.seconds; from += day) {
        if (from > 0) plan = course.cut?.(from / day + 1, wallSeconds()) ?? plan
        for (const { at, line } of plan.steps) {
            if (at < from || at >= from + day) continue
            await soak.until(at)
            await soak.run(line)
        }
        await soak.until(Math.min(from + day, plan.seconds - beforeEnd))
    }
    await soak.finish()
    soak.outcome.wallSeconds = wallSeconds()
    return { plan, outcome: soak.outcome }
}

class Soak {
    readonly outcome: Outcome = {
        journal: [],
        shown: [],
        recordsLost: 0,
        resets: 0,
        startCauses: [],
        resetCount: "",
        sessions: 0,
        sessionsFailed: 0,
        filesConfirmed: 0,
        alarming: [],
        refusedLines: [],
        boardSeconds: 0,
        wallSeconds: 0,
    }
    private beginMs: number | undefined
    private resetsBefore = 0
    private ended = false
    private heap: number[] = []
    private recordMs = -Infinity
    private disturbedMs = 0

    constructor(
        private readonly world: World,
        private readonly leaveOutMs: number,
    ) {
        world.onLine = line => this.take(line)
    }

    /** Starts counting. @param firstHeapAt when the heap is measured for the later comparison */
    begin(firstHeapAt: number): void {
        const { world, outcome } = this
        this.beginMs = world.clock.nowMs()
        this.resetsBefore = world.resets
        const look = (): void => {
            if (this.ended) return
            const bytes = world.liveHeapBytes()
            if (bytes !== undefined) this.heap = [...this.heap.slice(1 - heapSamples), bytes]
            if (this.elapsed() >= firstHeapAt) outcome.heapFirst ??= this.leastHeap()
            world.clock.setTimeout(look, heapEvery * 1000)
        }
        world.clock.setTimeout(look, heapEvery * 1000)
    }

    private leastHeap(): number | undefined {
        return this.heap.length === 0 ? undefined : Math.min(...this.heap)
    }

    async until(elapsed: number): Promise<void> {
        const { clock } = this.world
        const endMs = this.beginMs! + elapsed * 1000
        for (let nowMs = clock.nowMs(); nowMs < endMs; nowMs = clock.nowMs()) {
            const idleMs = this.idleMs(endMs - livedMs)
            if (idleMs > 0) clock.skip(idleMs)
            await clock.sleep(
                this.leaveOutMs > 0 ? Math.min(livedMs, endMs - nowMs) : endMs - nowMs,
            )
        }
    }

    private idleMs(endMs: number): number {
        const { clock } = this.world
        const nowMs = clock.nowMs()
        if (clock.held || nowMs - this.disturbedMs < calmMs) return 0
        return Math.min(this.leaveOutMs, endMs - nowMs, this.recordMs + nextRecordMs - nowMs)
    }

    async run(line: string): Promise<string> {
        this.disturbedMs = this.world.clock.nowMs()
        if (line.startsWith("!")) {
            await this.world.event(line)
            return ""
        }
        const answer = await this.world.execute(line)
        if (answer.includes("error: ")) this.outcome.refusedLines.push(`${line}: ${answer.trim()}`)
        return answer
    }

    /** The last session and console output; then the card is made safe to pull. */
    async finish(): Promise<void> {
        const { outcome, world } = this
        await this.run("set sd.enable off")
        await this.run("ftp send")
        outcome.resetCount = (await this.run("show reset.count")).trim()
        outcome.shown = (await this.run("journal")).split("\n").filter(line => line.includes("#"))
        await this.run("card eject")
        outcome.heapLast = this.leastHeap()
        outcome.boardSeconds = this.elapsed()
        outcome.resets = world.resets - this.resetsBefore
        this.ended = true
        await world.end()
    }

    private elapsed(): number {
        return (this.world.clock.nowMs() - (this.beginMs ?? Infinity)) / 1000
    }

    private take(line: string): void {
        const { outcome } = this
        if (this.beginMs === undefined || this.ended) return
        if (line.startsWith("records: ")) this.recordMs = this.world.clock.nowMs()
        else if (!usual.test(line)) this.disturbedMs = this.world.clock.nowMs()
        const entry =
            /^journal: record #(\d+) (\S+ \S+?)~? (\w+) (appeared|disappeared)(.*too often)?/.exec(
                line,
            )
        if (entry)
            outcome.journal.push({
                number: Number(entry[1]),
                time: entry[2],
                flag: entry[3],
                appears: entry[4] === "appeared",
                elapsed: this.elapsed(),
            })
        if (entry?.[5] || /^PANIC|^supervisor:|is stuck/.test(line)) outcome.alarming.push(line)
        const lost = /^logger: (\d+) records lost\b/.exec(line)
        if (lost) outcome.recordsLost += Number(lost[1])
        const cause = /^start: ([\w-]+)/.exec(line)
        if (cause) outcome.startCauses.push(cause[1])
        if (line.startsWith("ftp: logged in")) outcome.sessions++
        if (line.startsWith("ftp: failed")) outcome.sessionsFailed++
        if (line.startsWith("ftp: confirmed")) outcome.filesConfirmed++
    }
}
