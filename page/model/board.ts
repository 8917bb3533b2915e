import { signal } from "@preact/signals"
import { Catalog } from "../../console/catalog"
import type { Channel, Opening, Ran } from "../board/messages"
import { RemoteBoard } from "../board/remote"
import { type Board, parseBoard } from "./description"
import { LiveHistory } from "./history"
import { type Entry, parseJournal } from "./journal"
import { parseValues, type Values } from "./values"

export type Phase = "idle" | "connecting" | "ready" | "lost"
export type Way = Opening["kind"]

/** How a connection to the board is opened, and reopened after a loss. */
export interface Entrance {
    way: Way
    /** Throws an Error with the reason if that fails. */
    opening(): Promise<Opening>
}

const lookMs = 1_000
/** Looks per status read: card, Wi-Fi and FTP seldom change. */
const statusEvery = 5
const reopenMs = 1_500
const logLinesMax = 3_000

/** The board requires a password first. */
const wantsLogin = /^error: log in first/m

/** The known state of the board, and the requests to it. */
export class BoardModel {
    readonly phase = signal<Phase>("idle")
    readonly way = signal<Way | undefined>(undefined)
    readonly problem = signal("")
    readonly values = signal<Values | undefined>(undefined)
    /** This computer's time of the last values, Unix ms. */
    readonly seenMs = signal(0)
    readonly board = signal<Board | undefined>(undefined)
    readonly catalog = signal<Catalog | undefined>(undefined)
    /** Output of `status` and similar commands, by name. */
    readonly status = signal<ReadonlyMap<string, string>>(new Map())
    readonly entries = signal<Entry[] | undefined>(undefined)
    readonly locked = signal(false)
    readonly outdated = signal(false)
    readonly restarts = signal(0)
    readonly keeps = signal(true)
    readonly log = signal<readonly string[]>([])
    readonly world = signal<readonly string[]>([])
    readonly history = new LiveHistory()
    remote: RemoteBoard | undefined
    private entrance: Entrance | undefined
    /** Number of the connection: events of earlier ones are ignored. */
    private turn = 0

    async connect(entrance: Entrance): Promise<void> {
        await this.disconnect()
        this.entrance = entrance
        this.way.value = entrance.way
        await this.open()
    }

    async disconnect(): Promise<void> {
        this.turn++
        this.entrance = undefined
        this.remote?.end()
        this.remote = undefined
        this.phase.value = "idle"
        this.way.value = undefined
        this.forget()
    }

    /** Runs one console line. Throws an Error if the board is gone. */
    async run(channel: Channel, line: string, onText?: (text: string) => void): Promise<Ran> {
        const remote = this.remote
        if (!remote) throw new Error("no board is connected")
        const stream = onText ? remote.stream(text => onText(text as string)) : undefined
        try {
            const ran = await remote.call("run", channel, line, stream)
            if (ran.status !== 0 && wantsLogin.test(ran.text)) this.locked.value = true
            return ran
        } finally {
            if (stream !== undefined) remote.dropStream(stream)
        }
    }

    /** @returns the refusal, or "" */
    async login(line: string): Promise<string> {
        for (const channel of ["work", "live", "terminal"] as const) {
            const { status, text } = await this.run(channel, line)
            if (status !== 0) return text.trim().replace(/^error: /, "")
        }
        this.locked.value = false
        void this.describe()
        return ""
    }

    /** Reloads settings, commands and state. */
    async describe(): Promise<void> {
        const { turn } = this
        const { status, text } = await this.run("work", "describe")
        if (turn !== this.turn || status !== 0) return
        try {
            this.board.value = parseBoard(text)
            this.catalog.value = Catalog.fromDescription(text)
            this.status.value = new Map([...this.status.value, ...this.board.value.state])
        } catch {
            this.problem.value = "the board's description cannot be read"
        }
    }

    /** Shows accepted changes until the board reports them. */
    assume(changes: ReadonlyMap<string, string>): void {
        const board = this.board.value
        if (!board) return
        const shown = (type: string, value: string) =>
            type === "secret" ? (value === "" ? "not set" : "set") : value
        const settings = board.settings.map(one => {
            const value = changes.get(one.key)
            return value === undefined ? one : { ...one, value: shown(one.type, value) }
        })
        this.board.value = { ...board, settings }
    }

    async readJournal(): Promise<void> {
        const { status, text } = await this.run("live", "journal")
        if (status === 0) this.entries.value = parseJournal(text)
    }

    knows(words: string): boolean {
        return this.catalog.value?.commands.some(one => one.words.join(" ") === words) ?? false
    }

    setting(key: string): string | undefined {
        return this.board.value?.settings.find(one => one.key === key)?.value
    }

    private forget(): void {
        for (const one of [this.values, this.board, this.catalog, this.entries])
            one.value = undefined
        this.status.value = new Map()
        this.locked.value = this.outdated.value = false
        this.log.value = []
        this.world.value = []
        this.problem.value = ""
        this.history.clear()
    }

    private async open(): Promise<void> {
        const turn = ++this.turn
        this.phase.value = "connecting"
        try {
            const opening = await this.entrance!.opening()
            if (turn !== this.turn) return
            this.remote ??= new RemoteBoard(event => {
                if (event.event === "lost") this.lost(event.reason)
                else if (event.event === "log") this.addTo(this.log, event.line)
                else if (event.event === "world") this.addTo(this.world, event.line)
                else if (event.event === "kept") this.keeps.value = event.keeps
                else if (event.event === "restarted") this.restarted()
            })
            await this.remote.call("open", opening)
            if (turn !== this.turn) return
            this.problem.value = ""
            this.phase.value = "ready"
            void this.look(turn)
        } catch (failure) {
            if (turn === this.turn) this.lost((failure as Error).message)
        }
    }

    private addTo(list: { value: readonly string[] }, line: string): void {
        list.value = [...list.value.slice(-logLinesMax), line]
    }

    private restarted(): void {
        this.restarts.value++
        this.locked.value = false
        void this.describe().catch(() => undefined)
    }

    private lost(reason: string): void {
        const entrance = this.entrance
        if (!entrance || this.phase.value === "lost") return
        const turn = ++this.turn
        this.phase.value = "lost"
        this.problem.value = reason
        if (entrance.way === "tab") return
        setTimeout(() => {
            if (turn === this.turn) void this.retry()
        }, reopenMs)
    }

    async retry(): Promise<void> {
        if (this.entrance) await this.open()
    }

    /** Polls the board while it is connected. */
    private async look(turn: number): Promise<void> {
        for (let count = 0; turn === this.turn; count++) {
            const beganMs = performance.now()
            try {
                await this.lookOnce(turn, count)
            } catch {
                // An event reports a lost connection; late answers are requested again.
            }
            const restMs = lookMs - (performance.now() - beganMs)
            await new Promise(resolve => setTimeout(resolve, Math.max(100, restMs)))
        }
    }

    private async lookOnce(turn: number, count: number): Promise<void> {
        if (this.locked.value) return
        const { status, text } = await this.run("live", "values")
        if (turn !== this.turn) return
        this.outdated.value = status !== 0 && /unknown command/.test(text)
        const values = status === 0 ? parseValues(text) : undefined
        if (values) this.take(values)
        if (count === 0 && !this.locked.value) void this.describe().catch(() => undefined)
        if (count % statusEvery === 1) await this.readStatus(turn)
    }

    private take(values: Values): void {
        const before = this.values.value?.lastEntry
        const { battery } = values
        this.seenMs.value = Date.now()
        this.history.add(this.seenMs.value / 1000, {
            volts: battery ? battery.packMv / 1000 : NaN,
            amperes: battery ? battery.currentMa / 1000 : NaN,
            charge: battery?.socPermille === undefined ? NaN : battery.socPermille / 10,
            cellMv: battery?.cellMv ?? [],
        })
        this.values.value = values
        if (before !== undefined && before !== values.lastEntry && this.entries.value)
            void this.readJournal().catch(() => undefined)
    }

    private async readStatus(turn: number): Promise<void> {
        const { status, text } = await this.run("live", "status")
        if (turn !== this.turn || status !== 0) return
        const rows = text.split("\n").filter(line => line !== "")
        const read = rows.map(line => [line.slice(0, 12).trim(), line.slice(12)] as const)
        const next = new Map([...this.status.value].filter(([name]) => !shownOnlyThen.has(name)))
        for (const [name, value] of read) next.set(name, value)
        this.status.value = next
    }
}

/** Lines of `status` that are present only if relevant. */
const shownOnlyThen = new Set(["safe mode", "backup"])
