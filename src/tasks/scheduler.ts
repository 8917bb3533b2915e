import { faultMessage } from "../core/fault"
import { Ticks } from "../core/seams"
import { Task, TaskOptions } from "./task"

/** Changes of periods, of the clock and of enabled tasks are noticed within this time. */
const lookMs = 1000
const stopLookMs = 20

/** Starts a fiber. */
export type Spawn = (work: () => Promise<void>) => void

/**
 * Runs the tasks: one fiber watches for the next release and starts a fiber per job, so that a job
 * never waits for another and never overlaps itself.
 */
export class Scheduler {
    readonly tasks: Task[] = []
    private running: boolean
    /** When all tasks are checked again, due or not: the next whole second of the wall clock. */
    private lookAtMs = 0
    /** Counts starts: the fiber of an earlier start ends. */
    private starts = 0

    /**
     * @param wallMs the wall clock in ms since 1970; tasks are aligned to its seconds
     * @param log prints one line per failed job
     */
    constructor(
        private readonly ticks: Ticks,
        private readonly wallMs: () => number,
        private readonly spawn: Spawn,
        private readonly log: (line: string) => void,
    ) {}

    add(options: TaskOptions): Task {
        const task = new Task(options)
        this.tasks.push(task)
        return task
    }

    /**
     * Releases tasks from now on. A task's first release is its first multiple, or one period
     * later.
     */
    start(): void {
        const nowMs = this.ticks.nowMs()
        for (const task of this.tasks) task.restart(nowMs, this.wallMs())
        this.running = true
        const start = ++this.starts
        const self = this
        this.spawn(async () => {
            while (self.running && self.starts === start) await self.ticks.sleep(self.release())
        })
    }

    /**
     * Runs a task at once, or once more if it is running. False for an unknown name or after
     * `stop`.
     */
    trigger(name: string): boolean {
        if (!this.running) return false
        for (const task of this.tasks)
            if (task.options.name === name) {
                task.triggered = true
                if (!task.running) this.launch(task)
                return true
            }
        return false
    }

    /** Stops releasing and waits for the running jobs. False if some still run at the timeout. */
    async stop(timeoutMs: number): Promise<boolean> {
        this.running = false
        const endMs = this.ticks.nowMs() + timeoutMs
        while (this.tasks.some(task => task.running)) {
            if (this.ticks.nowMs() >= endMs) return false
            await this.ticks.sleep(stopLookMs)
        }
        return true
    }

    /** A task that has exceeded its deadline by `graceMs`, else undefined. */
    overdue(graceMs: number): Task | undefined {
        const nowMs = this.ticks.nowMs()
        for (const task of this.tasks)
            if (task.running && nowMs - task.startedMs > task.options.deadlineMs + graceMs)
                return task
        return undefined
    }

    /**
     * Starts the jobs that are due. Otherwise a task is asked for its next release only once per
     * `lookMs`, since asking takes the interpreter longer than anything else here.
     * @returns ms until the next check
     */
    private release(): number {
        const nowMs = this.ticks.nowMs()
        const look = nowMs >= this.lookAtMs
        if (look) {
            const wallMs = this.wallMs()
            // The runtime's % takes 32-bit numbers only.
            this.lookAtMs = nowMs + (Math.floor(wallMs / lookMs) + 1) * lookMs - wallMs
        }
        let wakeMs = this.lookAtMs
        for (const task of this.tasks) {
            let dueMs = task.dueMs
            if (look || dueMs <= nowMs) dueMs = this.plan(task, nowMs)
            // A due task that is running is checked when it ends.
            if (dueMs > nowMs && dueMs < wakeMs) wakeMs = dueMs
        }
        return wakeMs - nowMs
    }

    /**
     * Starts the job if it is due.
     * @returns when to check it again, in the past while it runs too long
     */
    private plan(task: Task, nowMs: number): number {
        let leftMs = lookMs
        try {
            const wallMs = this.wallMs()
            leftMs = task.dueInMs(nowMs, wallMs)
            if (leftMs <= 0 && !task.running) {
                task.release(nowMs, wallMs, -leftMs)
                this.launch(task)
                leftMs = task.dueInMs(nowMs, wallMs)
            }
        } catch (thrown) {
            // The other tasks continue.
            this.log("scheduler: " + faultMessage(thrown))
        }
        const dueMs = nowMs + leftMs
        task.dueMs = dueMs
        return dueMs
    }

    private launch(task: Task): void {
        task.begin(this.ticks.nowMs())
        const self = this
        this.spawn(async () => await self.runJob(task))
    }

    private async runJob(task: Task): Promise<void> {
        let thrown: any = undefined
        try {
            await task.options.job()
        } catch (error) {
            thrown = error || "nothing"
        }
        const nowMs = this.ticks.nowMs()
        task.end(nowMs, thrown)
        if (thrown !== undefined) this.log(task.options.name + ": " + task.lastError)
        if (!this.running) return
        if (task.triggered) this.launch(task)
        // It may be due again, or held back.
        else if (thrown !== undefined || task.dueMs <= nowMs) this.plan(task, nowMs)
    }
}
