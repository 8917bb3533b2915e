import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Session } from "../../src/console/session"
import { splitWords } from "../../src/console/words"
import { Key } from "../../src/settings/keys"
import { cardWith } from "../../test/support/cardconsole"
import { DeviceBuffer } from "../../test/support/devicebuffer"
import { equippedBoard, type NodeBoard } from "../../test/support/nodeboard"
import { Random } from "../../test/support/random"
import { complaint } from "./judge"
import { LineFuzzer, rows } from "./lines"

const warmUpLines = 4000
const heapGrowthBytesMax = 6 * 1024 * 1024
const sessionBytesMax = 12 * 1024
const boardMsMax = 120_000

/** Number of lines by effect. */
export interface ShellCounts {
    done: number
    refused: number
    changed: number
    resets: number
    loggedOut: number
    outputBytesMax: number
    heapGrowthBytes: number
}

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

function heapBytes(): number {
    collect()
    return process.memoryUsage().heapUsed
}

/** The command of the line; irrelevant for a refused line. */
function firstWords(line: string): string {
    try {
        return splitWords(line).slice(0, 2).join(" ")
    } catch {
        return ""
    }
}

/** A board in memory, restarted after each reset, and the effects of the lines on it. */
export class ShellCampaign {
    private readonly random: Random
    private readonly fuzzer: LineFuzzer
    readonly counts: ShellCounts = {
        done: 0,
        refused: 0,
        changed: 0,
        resets: 0,
        loggedOut: 0,
        outputBytesMax: 0,
        heapGrowthBytes: 0,
    }
    private board!: NodeBoard
    /** Errors of fibers, which would have ended the program. */
    private readonly crashes: unknown[] = []
    private sessions: Session[] = []

    constructor(seed: number) {
        this.random = new Random(seed)
        this.fuzzer = new LineFuzzer(this.random, 20_000)
    }

    /** Runs this many lines. Throws an Error that names the line and the fault in its effect. */
    async run(lines: number): Promise<ShellCounts> {
        let heap = 0
        await this.start()
        for (let i = 0; i < lines; ++i) {
            if (i === Math.min(warmUpLines, lines >> 1)) heap = heapBytes()
            await this.step()
        }
        this.counts.heapGrowthBytes = heapBytes() - heap
        if (this.counts.heapGrowthBytes > heapGrowthBytesMax) throw new Error("the heap has grown")
        await this.compareWithFlash()
        return this.counts
    }

    /** The board continues, and the settings in force equal those in flash. */
    private async compareWithFlash(): Promise<void> {
        await this.logIn()
        const next = await equippedBoard(await cardWith({}), this.board.flash)
        for (const row of rows.filter(each => !each.isState))
            if (next.parts.settings.text(row.key) !== this.board.parts.settings.text(row.key))
                throw new Error(`${row.name} in flash differs from the value in force`)
        const text = await next.console("status")
        if (!text.startsWith("version     0.1.0\n")) throw new Error(`after all: ${text}`)
    }

    private async start(): Promise<void> {
        this.board = await equippedBoard(await cardWith({ "NOTES.TXT": "one\ntwo\nthree\n" }))
        this.board.onCrash = thrown => void this.crashes.push(thrown)
        this.logOn()
    }

    private async step(): Promise<void> {
        const { board, counts, random } = this
        const fuzzed = this.fuzzer.next()
        const line = DeviceBuffer.from(fuzzed.bytes).toString("utf8")
        const session = random.pick(this.sessions)
        const inBlock = session.block !== undefined
        const spoilt = inBlock && session.block.wrong !== ""
        const before = this.settings()
        const beganMs = board.ticks.nowMs()
        const { done, text, largestWrite } = await board.run(line, session)
        const after = this.settings()
        const wrong =
            complaint(fuzzed, line, { done, text, before, after, inBlock }) ??
            this.boardComplaint(line, board.ticks.nowMs() - beganMs, largestWrite, session)
        if (spoilt && before !== after)
            throw new Error(`a block with wrong lines was applied: ${line}`)
        if (wrong) throw new Error(`${wrong}: ${JSON.stringify(line.slice(0, 300))}\n${text}`)
        counts[done ? "done" : "refused"]++
        if (before !== after) counts.changed++
        counts.outputBytesMax = Math.max(counts.outputBytesMax, text.length)
        if (/^error: log in first/.test(text)) await this.logIn()
        const resetNow = done && !inBlock && /^reset now$/.test(firstWords(line))
        const pause = random.below(4) === 0 ? random.below(2000) / 1000 : 0.05
        let resets = await board.live(resetNow ? 30 : pause)
        // A board that has announced a reset first ends its work.
        if (resets === 0 && this.resetReasons() !== "") resets = await board.live(60)
        if (resets > 0 || resetNow) this.hasReset(resetNow, resets)
        board.lines.length = 0
    }

    /** The settings a person can set. */
    private settings(): string {
        const { settings } = this.board.parts
        return JSON.stringify(rows.filter(row => !row.isState).map(row => settings.text(row.key)))
    }

    private boardComplaint(
        line: string,
        tookMs: number,
        largestWrite: number,
        session: Session,
    ): string | undefined {
        const { board, crashes } = this
        if (crashes.length > 0) return `a fiber died: ${crashes[0]}`
        if (tookMs > boardMsMax) return `it took ${tookMs} ms of board time`
        if (largestWrite > Math.max(2048, line.length * 2)) return "one write far too large"
        if (JSON.stringify(session).length > sessionBytesMax) return "a session that grows"
        const bug = board.lines.find(one => /undefined|NaN|Cannot |not a function/.test(one))
        return bug && `a bug in the log: ${bug}`
    }

    /** Removes a password set by a line, behind which nothing could be tested. */
    private async logIn(): Promise<void> {
        this.counts.loggedOut++
        const { ticks, parts } = this.board
        await ticks.finish(parts.settings.apply([Key.ConsolePassword], [""]))
        for (const session of this.sessions) session.proof = ""
    }

    private resetReasons(): string {
        return this.board.lines.filter(one => one.startsWith("reset: ")).join()
    }

    /** The reset was requested, scheduled by a line, or caused by an open network. */
    private hasReset(asked: boolean, resets: number): void {
        const reasons = this.resetReasons()
        const expected = asked ? ["reset: console"] : ["reset: scheduled", "reset: network"]
        if (!expected.includes(reasons) || resets !== 1)
            throw new Error(`expected ${expected.join(" or ")}, got: ${reasons}`)
        this.counts.resets++
        this.logOn()
    }

    private logOn(): void {
        this.sessions = [new Session(), new Session(), new Session()]
    }
}
