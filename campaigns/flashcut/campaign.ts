import { Random } from "../../test/support/random"
import { Judge } from "./judge"
import { blankCard, Rig } from "./rig"
import { readHalves, readValues } from "./store"

/** Where a life ends. */
export type CutPlace = "flash write undone" | "flash write done" | "any moment"

const cutPlaces: readonly CutPlace[] = ["flash write undone", "flash write done", "any moment"]

/** The board's activity at the power cut. */
export type Doing = "starting" | "setting" | "journal" | "counter" | "reset" | "idle"

/** A longer-running task counts as stuck. */
const skipMsMax = 100_000
/** A start that survives this long is no early death. */
const survivedMs = 61_500
/** This many consecutive starts ended early by the supply lead to safe mode. */
const deathsMax = 20
const lifeMsMax = 20_000
const settleMs = 300_000

export interface Violation {
    seed: number
    life: number
    what: string
}

/** The figures of a campaign. */
export interface FlashCutCounts {
    cuts: number
    byPlace: Record<string, number>
    byDoing: Record<string, number>
    settingsAcknowledged: number
    settingsInFlight: number
    entriesAcknowledged: number
    entriesInFlight: number
    countersAcknowledged: number
    scheduledResets: number
    collections: number
    safeModeStarts: number
    violations: Violation[]
}

export function emptyCounts(): FlashCutCounts {
    return {
        cuts: 0,
        byPlace: {},
        byDoing: {},
        settingsAcknowledged: 0,
        settingsInFlight: 0,
        entriesAcknowledged: 0,
        entriesInFlight: 0,
        countersAcknowledged: 0,
        scheduledResets: 0,
        collections: 0,
        safeModeStarts: 0,
        violations: [],
    }
}

/** Adds another part's figures. */
export function addCounts(sum: FlashCutCounts, more: FlashCutCounts): void {
    const add = (to: Record<string, number>, from: Record<string, number>): void => {
        for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count
    }
    const { byPlace, byDoing, violations, ...numbers } = more
    add(sum.byPlace, byPlace)
    add(sum.byDoing, byDoing)
    add(sum as unknown as Record<string, number>, numbers)
    sum.violations.push(...violations)
}

class PowerGone extends Error {}

/** One board on one flash image, from cut to cut. */
export class Chain {
    readonly counts = emptyCounts()
    private readonly random: Random
    private readonly rig: Rig
    private readonly judge = new Judge()
    private life = 0
    /** Number of power-ons: a cut planned for an earlier one must not end this one. */
    private starts = 0
    private cutWanted: { save: number; stored: boolean } | undefined
    private gone = false
    private doing: Doing = "starting"
    private logRead = 0
    private resetDays = 0

    constructor(
        imagePath: string,
        readonly seed: number,
    ) {
        this.random = new Random(seed)
        this.rig = new Rig(imagePath, { card: blankCard() })
        this.rig.flash.onSave = next => this.onSave(next)
    }

    /** Runs this many lives, each ended by a power cut. */
    async run(lives: number): Promise<void> {
        const { rig } = this
        await rig.start()
        await rig.ready()
        await rig.ask("card format yes")
        await rig.ask("set user.serial CHAIN-" + this.seed)
        await rig.ask("set sd.period 60")
        this.judge.acknowledge("user.serial", "CHAIN-" + this.seed)
        this.judge.acknowledge("sd.period", "60")
        // Gets past the store's first garbage collections.
        await rig.clock.sleep(5000)
        this.readLog()
        try {
            for (this.life = 1; this.life <= lives; ++this.life) await this.liveOnce()
        } finally {
            await rig.stop()
        }
    }

    private async liveOnce(): Promise<void> {
        const place = this.random.pick(cutPlaces)
        try {
            await this.surviveEarlyDeath()
            if (place === "any moment") await this.liveUntil(this.random.below(lifeMsMax))
            else await this.liveUntilWrite(place === "flash write done")
        } catch (thrown) {
            if (!(thrown instanceof PowerGone) && !this.gone) this.violation(`${thrown}`)
        }
        this.readLog()
        const { counts } = this
        ++counts.cuts
        counts.byPlace[place] = (counts.byPlace[place] ?? 0) + 1
        counts.byDoing[this.doing] = (counts.byDoing[this.doing] ?? 0) + 1
        const cutNext = this.random.chance(0.12)
        await this.startAgain(cutNext)
        if (!cutNext) await this.check()
    }

    /**
     * After nineteen consecutive short lives the next is long, or the board may enter safe mode.
     */
    private async surviveEarlyDeath(): Promise<void> {
        const boot = readValues(this.rig.flash.image).get("boot")
        const deaths = boot ? boot[1] : 0
        if (deaths < deathsMax - 1 || this.random.chance(0.1)) return
        const upMs = this.rig.clock.nowMs() - this.rig.board.poweredAtMs
        await this.rig.clock.sleep(survivedMs - Math.min(upMs, survivedMs) + 3000)
        if (deaths >= deathsMax) {
            // Safe mode ends with a reset.
            await this.rig.ask("reset now")
            await this.waitForReset(1)
        }
    }

    private async liveUntil(ms: number): Promise<void> {
        const endMs = this.rig.clock.nowMs() + ms
        this.powerOffIn(ms)
        while (this.rig.clock.nowMs() < endMs + settleMs) await this.doSomething()
    }

    private async liveUntilWrite(stored: boolean): Promise<void> {
        this.cutWanted = { save: 1 + this.random.below(8), stored }
        if (this.random.chance(0.06)) await this.resetOnSchedule()
        for (let i = 0; i < 100 && !this.gone; ++i) await this.doSomething()
        if (!this.gone) throw new Error("nothing was written to flash")
        throw new PowerGone()
    }

    private powerOffIn(ms: number): void {
        const { starts } = this
        this.rig.clock.setTimeout(() => {
            if (starts === this.starts) this.powerOff()
        }, ms)
    }

    private powerOff(): void {
        if (this.gone) return
        this.gone = true
        this.rig.board.off()
    }

    /** Counts the runtime's writes; the awaited one cuts the power. */
    private onSave(next: Uint8Array): boolean {
        const generation = (image: Uint8Array): number => readHalves(image)[0]?.generation ?? 0
        const before = this.rig.flash.image
        if (before.length > 0 && generation(next) > generation(before)) ++this.counts.collections
        const wanted = this.cutWanted
        if (!wanted || --wanted.save > 0) return true
        this.cutWanted = undefined
        this.powerOff()
        return wanted.stored
    }

    private async doSomething(): Promise<void> {
        const { random, rig } = this
        if (this.gone) throw new PowerGone()
        this.doing = "idle"
        const choice = random.below(10)
        if (choice < 5) await this.changeSetting()
        else if (choice < 8) await this.changeAlarm()
        else if (choice < 9) await this.clearCount()
        else await rig.clock.sleep(random.below(3000))
        this.readLog()
        if (this.gone) throw new PowerGone()
    }

    private async changeSetting(): Promise<void> {
        const { key, value } = this.judge.choose(this.random)
        this.doing = "setting"
        this.judge.begin(key, value)
        await this.execute(`set ${key} "${value}"`)
        this.judge.end(key)
        ++this.counts.settingsAcknowledged
    }

    private async clearCount(): Promise<void> {
        this.doing = "counter"
        this.judge.beginCount(0)
        await this.execute("reset clear")
        this.judge.endCount()
        ++this.counts.countersAcknowledged
    }

    /** Power loss ends console lines: the caller is told at once. */
    private async execute(line: string): Promise<void> {
        const answer = this.rig.execute(line)
        answer.catch((): void => undefined)
        const watch = async (): Promise<"gone"> => {
            while (!this.gone) await new Promise(resolve => setImmediate(resolve))
            return "gone"
        }
        const first = await Promise.race([answer, watch()])
        if (first === "gone") throw new PowerGone()
        if (first.status !== 0) throw new Error(`${line}: ${first.text}`)
    }

    /** Makes journal entries: flags must last 3 s, limits up to 2 s longer. */
    private async changeAlarm(): Promise<void> {
        const { random, rig } = this
        this.doing = "journal"
        switch (random.below(4)) {
            case 0:
                rig.pack.setCurrent(random.pick([-300, 250, 5]))
                break
            case 1:
                rig.pack.setTemperature(1, random.pick([75, -35, 25]))
                break
            case 2:
                rig.insert(rig.card ? undefined : blankCard(8))
                break
            default:
                rig.pack.setCell(1 + random.below(16), random.pick([3.9, 2.2, 3.3]))
        }
        for (let i = 0; i < 14 && !this.gone; ++i) await rig.clock.sleep(500)
    }

    /**
     * Lets an hour pass and schedules a reset for the next minute; the cut may come anywhere in
     * between.
     */
    private async resetOnSchedule(): Promise<void> {
        const { rig } = this
        const wanted = this.cutWanted
        this.cutWanted = undefined
        for (let passedMs = 0; passedMs < 3_700_000; passedMs += skipMsMax) {
            rig.clock.skip(skipMsMax)
            // Long enough that no task run contains two of these steps.
            await rig.clock.sleep(6000)
        }
        // One reset per day, so use another day each time.
        const day = String(++this.resetDays).padStart(2, "0")
        await rig.ask(`time set 2026-12-${day} 10:00:00`)
        const text = await rig.ask("time")
        const now = /(\d\d):(\d\d):\d\d/.exec(text)!
        const minute = (Number(now[1]) * 60 + Number(now[2]) + 2) % 1440
        const at =
            `${Math.floor(minute / 60)}`.padStart(2, "0") + ":" + `${minute % 60}`.padStart(2, "0")
        for (const [key, value] of [
            ["reset.enable", "on"],
            ["reset.days", "all"],
            ["reset.time", at],
        ]) {
            this.judge.begin(key, value)
            await rig.ask(`set ${key} ${value}`)
            this.judge.end(key)
        }
        this.judge.beginCount(this.judge.count + 1)
        this.doing = "reset"
        if (this.random.chance(0.7)) this.cutWanted = wanted
        await this.waitForReset(3 * 60)
        if (this.gone) return
        this.judge.endCount()
        ++this.counts.scheduledResets
        await this.rig.ready()
        await this.check()
        this.judge.begin("reset.enable", "off")
        await rig.ask("set reset.enable off")
        this.judge.end("reset.enable")
        this.cutWanted ??= wanted
    }

    /** Waits for a reset by the board itself. */
    private async waitForReset(seconds: number): Promise<void> {
        const before = this.rig.board.resets
        for (let i = 0; i < seconds + 40 && !this.gone; ++i) {
            if (this.rig.board.resets > before) break
            await this.rig.clock.sleep(1000)
        }
        if (this.gone) return
        if (this.rig.board.resets === before) throw new Error("the board did not reset")
        this.readLog()
        await this.rig.ready()
    }

    private async startAgain(cutInStart: boolean): Promise<void> {
        const { rig } = this
        this.readLog()
        await this.powerOn()
        if (!cutInStart) return
        // The next life ends during its start.
        if (this.random.chance(0.5))
            this.cutWanted = { save: 1 + this.random.below(3), stored: this.random.chance(0.5) }
        this.powerOffIn(300 + this.random.below(3000))
        for (let i = 0; i < 80 && !this.gone; ++i) await rig.clock.sleep(50)
        ++this.counts.cuts
        this.counts.byPlace["in a start"] = (this.counts.byPlace["in a start"] ?? 0) + 1
        this.counts.byDoing.starting = (this.counts.byDoing.starting ?? 0) + 1
        this.readLog()
        await this.powerOn()
        await this.check()
    }

    private async powerOn(): Promise<void> {
        ++this.starts
        this.gone = false
        this.cutWanted = undefined
        this.doing = "starting"
        await this.rig.cut()
    }

    /** The board's log lines acknowledge journal entries. */
    private readLog(): void {
        const { log } = this.rig
        for (; this.logRead < log.length; ++this.logRead) {
            const { text } = log[this.logRead]
            const entry = /^> journal: record (#\d+ .*)$/.exec(text)
            if (entry) {
                this.judge.entered(entry[1])
                ++this.counts.entriesAcknowledged
            }
            if (text.includes("safe mode:")) ++this.counts.safeModeStarts
            if (/fstor: (formatting|mount failure)/.test(text) && this.life > 0)
                this.violation(`the store: ${text}`)
            if (/^PANIC|assert/i.test(text)) this.violation(text)
        }
    }

    /** After a start the board must show what it acknowledged before. */
    private async check(): Promise<void> {
        const { rig, judge } = this
        try {
            await rig.ready()
            this.readLog()
            // The journal is loaded shortly after the console appears.
            if (!(await rig.logged(/journal: last record/, this.logOfStart(), 5000)))
                throw new Error("the journal was not loaded")
            this.readLog()
            const found = [
                ...judge.settings(await rig.ask("export")),
                ...judge.journal(await rig.ask("journal")),
                ...judge.counters(await rig.ask("show reset")),
                ...judge.flags(await rig.ask("status")),
            ]
            this.counts.settingsInFlight += judge.takeInFlight()
            this.counts.entriesInFlight += judge.takeUnacknowledged()
            for (const what of found) this.violation(what)
        } catch (thrown) {
            this.violation(`after the start: ${(thrown as Error).message}`)
        }
    }

    private logOfStart(): number {
        const { log } = this.rig
        let at = log.length - 1
        while (at > 0 && !/^> BMS Mini/.test(log[at].text)) --at
        return at
    }

    private violation(what: string): void {
        this.counts.violations.push({ seed: this.seed, life: this.life, what })
    }
}
