import { TimeSource } from "../../src/core/seams"
import { Key } from "../../src/settings/keys"
import type { SupervisorParts } from "../../src/tasks/supervisor"
import { NodeBoard } from "./nodeboard"

const bootMs = 500
/** Time that the processor is off in a reset. */
const resetMs = 2000
const hourMs = 3_600_000

/** Where the power cut hits a reset. */
export type Cut = "in the stop" | "before the count" | "after the count" | "after the cause"

/** Unix seconds of an ISO time with its offset, "2027-03-28T01:50+01:00". */
function secondsOf(iso: string): number {
    const seconds = Date.parse(iso) / 1000
    if (Number.isNaN(seconds)) throw new Error(`${iso} is no time`)
    return seconds
}

/**
 * A board with only its clock chip. Its time passes in leaps, each to the next multiple of `lookMs`
 * of its clock, where the supervisor checks. Tasks run at the start and while the work is being
 * stopped; in between the world only persists the time, once per hour.
 */
export class ResetWorld {
    /**
     * The local time at which the work was stopped, per completed reset: "2027-03-28 03:00 +02:00".
     */
    readonly resets: string[] = []
    lookMs = 60_000
    /** Extra time that the work takes to stop. */
    stopMs = 700
    /** Where the power is cut in the next reset. */
    cut: Cut | undefined
    /** Further error of the clock chip from the next reset's stop on. */
    chipStepSeconds = 0
    private readonly board: NodeBoard
    private persistMs = 0
    private begun: (() => void) | undefined
    private readonly format: Intl.DateTimeFormat

    private constructor(zone: string, iso: string) {
        this.format = new Intl.DateTimeFormat("sv-SE", {
            timeZone: zone,
            year: "numeric",
            month: "2-digit",
            day: "2-digit",
            hour: "2-digit",
            minute: "2-digit",
            timeZoneName: "longOffset",
        })
        const start = new Date(secondsOf(iso) * 1000 - bootMs).toISOString()
        this.board = new NodeBoard({ start })
    }

    /**
     * A board in a zone (its name for the judge, its rule for the board) that starts at a given
     * time.
     */
    static async start(zone: string, rule: string, iso: string): Promise<ResetWorld> {
        const world = new ResetWorld(zone, iso)
        await world.boot(0)
        await world.settings.apply([Key.TimeZone], [rule])
        return world
    }

    get chip() {
        return this.board.clockChip
    }

    get clock() {
        return this.board.parts.clock
    }

    get settings() {
        return this.board.parts.settings
    }

    async schedule(days: string, time: string): Promise<void> {
        await this.set(Key.ResetEnable, "on")
        await this.set(Key.ResetDays, days)
        await this.set(Key.ResetTime, time)
    }

    /** As `set` at the console does. */
    async set(key: Key, text: string): Promise<void> {
        await this.settings.apply([key], [this.settings.parse(key, text)])
    }

    /** Runs until the board's clock shows this time. */
    async until(iso: string): Promise<void> {
        const end = secondsOf(iso)
        while (this.clock.nowSeconds() < end) await this.look()
    }

    /** Runs for this long, whatever the clock shows. */
    async live(hours: number): Promise<void> {
        const endMs = this.board.nowMs() + hours * hourMs
        while (this.board.nowMs() < endMs) await this.look()
    }

    async setClock(iso: string, source: TimeSource = TimeSource.Person): Promise<void> {
        await this.clock.offer(secondsOf(iso), source)
    }

    /** Takes the power away for this long. */
    async losePower(seconds: number): Promise<void> {
        await this.boot(seconds * 1000)
    }

    count(): number {
        return this.settings.number(Key.ResetCount)
    }

    private async boot(offMs: number): Promise<void> {
        const { board } = this
        board.ticks.block(offMs)
        board.flash.powerUp()
        await board.start(bootMs)
        const { tasks } = board.parts.scheduler
        while (tasks.some(task => task.running)) await board.ticks.advance(10)
        this.persistMs = bootMs
        this.tamperWithStop()
    }

    private async look(): Promise<void> {
        const { board, clock } = this
        const { ticks } = board
        ticks.block(this.lookMs - (clock.nowMs() % this.lookMs))
        if (ticks.nowMs() - this.persistMs >= hourMs) {
            this.persistMs = ticks.nowMs()
            await clock.persist()
        }
        const began = new Promise<boolean>(resolve => (this.begun = () => resolve(true)))
        const atSeconds = clock.nowSeconds()
        const check = board.parts.supervisor.check()
        if (!(await Promise.race([check, began]))) return
        if (this.cut === "in the stop") await ticks.advance(300)
        else while (!board.rebooted) await ticks.advance(50)
        const cut = this.cut
        this.cut = undefined
        if (!cut) this.resets.push(this.local(atSeconds))
        await this.boot(resetMs)
    }

    /** Makes the next stop of the work take longer, change the chip and end in the power cut. */
    private tamperWithStop(): void {
        const { ticks, flash, parts } = this.board
        const firmware = parts as unknown as SupervisorParts
        const shutdown = firmware.shutdown.bind(firmware)
        firmware.shutdown = async () => {
            this.begun!()
            await ticks.sleep(this.stopMs)
            this.chip.offsetSeconds += this.chipStepSeconds
            this.chipStepSeconds = 0
            await shutdown()
            // The first of the following writes has the count and the time, the second the cause.
            if (this.cut) flash.cutPowerAt({ ...powerCuts[this.cut] })
        }
    }

    /** By Intl, independent of the code under test. */
    private local(seconds: number): string {
        const text = this.format.format(seconds * 1000).replace(/GMT$/, "GMT+00:00")
        return text.replace("GMT", "").replace("\u2212", "-")
    }
}

const powerCuts: Record<Cut, { write: number; stored: boolean }> = {
    "in the stop": { write: 1, stored: false },
    "before the count": { write: 1, stored: false },
    "after the count": { write: 1, stored: true },
    "after the cause": { write: 2, stored: true },
}
