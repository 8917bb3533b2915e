import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runEvent } from "../../sim/events"
import type { LinePrinter } from "../../sim/lineprinter"
import { SimFtpServer } from "../../sim/net/ftpserver"
import { Simulation } from "../../sim/simulation"
import { MemoryState } from "../../test/support/memorystate"
import { kindTempers, unkindTempers } from "../../test/support/tempers"
import { makeCard } from "./cards"
import { cardTempers } from "./cardtempers"
import { startCauses } from "./starts"
import type { Evidence, Happening, Seen } from "./evidence"
import { type Life, networkTroubles } from "./life"

/** Attempts of the last session. */
const lastSessions = 12
const lastPauseMs = 10_000
const startSecondsMax = 30
/** A session with a server that shows each file late takes minutes, and so does its line. */
const answerMs = 900_000

/** Runs a life; the caller must remove the evidence's folder. */
export async function live(
    life: Life,
    imagePath: string,
): Promise<{ evidence: Evidence; remove: () => void }> {
    const folder = mkdtempSync(join(tmpdir(), "bms-history-"))
    const remove = () => rmSync(folder, { recursive: true, force: true })
    try {
        const living = new Living(life, folder, imagePath)
        return { evidence: await living.run(), remove }
    } catch (failure) {
        remove()
        throw failure
    }
}

class Living {
    private readonly seen: Seen[] = []
    private readonly simulation: Simulation
    private readonly state: MemoryState
    private readonly server: SimFtpServer
    private readonly evidence: Evidence
    private answer = ""

    constructor(
        private readonly life: Life,
        folder: string,
        imagePath: string,
    ) {
        const statePath = join(folder, "state")
        mkdirSync(statePath)
        const cards = { A: join(statePath, "card.img"), B: join(folder, "other.img") }
        const foreign = {
            A: makeCard(cards.A, life.cards.A, life.seed),
            B: makeCard(cards.B, life.cards.B, life.seed + 1),
        }
        this.state = new MemoryState(statePath)
        const printer = {
            line: () => undefined,
            log: (text: string) => {
                const logged = /^\[ *[\d.]+\] (.*)$/s.exec(text)
                if (logged) this.see({ kind: "log", text: logged[1] })
            },
            text: (text: string): void => void (this.answer += text),
        } as unknown as LinePrinter
        const { cpu, seed, startMs: dateMs } = life
        const cardKind = (path: string) => {
            const { temper } = life.cards[path === cards.B ? "B" : "A"]
            return temper === undefined ? {} : cardTempers[temper]
        }
        const options = { speed: "max" as const, cpu, seed, dateMs, cardKind }
        this.simulation = new Simulation(options, this.state, imagePath, printer)
        const { clock, board } = this.simulation
        const host = board.network.hosts.host("server.test")
        const root = join(folder, "server")
        this.server = new SimFtpServer(clock, host, { root, epochMs: life.startMs })
        this.evidence = {
            life,
            seen: this.seen,
            cards,
            foreign,
            serverFolder: root,
            boardSeconds: 0,
            lastExport: "",
            lastJournal: "",
            lastSent: false,
        }
    }

    async run(): Promise<Evidence> {
        const { life, simulation, evidence } = this
        const { clock } = simulation
        this.setTemper(life.temper)
        try {
            await simulation.start()
            for (const line of life.setUp)
                await this.ask(line.replace("ftp.sim", "server.test"), false)
            for (const { waitMs, line } of life.steps) {
                await clock.sleep(waitMs)
                await this.step(line)
            }
            await this.lastDay()
            evidence.boardSeconds = clock.nowMs() / 1000
            evidence.heapFreeMin = simulation.summary(0).heap.freeBytesMin
            return evidence
        } finally {
            await simulation.end()
            this.state.release()
        }
    }

    private see(seen: Happening): void {
        this.seen.push({ atMs: this.simulation.clock.nowMs(), ...seen })
    }

    private async step(line: string): Promise<void> {
        const allowed = line.startsWith("-")
        const text = allowed ? line.slice(1) : line
        if (text.startsWith("!")) await this.event(text)
        else if (text.startsWith("time set by ")) await this.setClock(Number(text.slice(12)))
        else if (text.startsWith("reset in ")) await this.setSchedule(Number(text.slice(9)))
        else await this.ask(text, allowed)
    }

    private async event(line: string): Promise<void> {
        const { board, clock } = this.simulation
        const [, name, what] = /^!(\S+) ?(.*)$/.exec(line)!
        const seconds = /^off (\d+)$/.exec(what)
        const cut = /^cut in (\d+)$/.exec(what)
        if (name === "server") {
            this.see({ kind: "event", line })
            this.setTemper(what === "kind" ? this.life.temper : what)
        } else if (name === "ftp") {
            this.see({ kind: "event", line })
            this.server.setMode(what as "up" | "down" | "hang")
        } else if (name === "power" && seconds) {
            this.see({ kind: "event", line: "!power off" })
            board.off()
            clock.skip(Number(seconds[1]) * 1000)
            this.see({ kind: "event", line: "!power on" })
            board.on()
        } else if (name === "power" && cut) {
            clock.setTimeout(() => {
                this.see({ kind: "event", line: "!power cut" })
                board.powerCut()
            }, Number(cut[1]))
        } else {
            if (name === "clock") await this.started()
            this.see({ kind: "event", line })
            const image = what.startsWith("in ") ? this.evidence.cards[what[3] as "A" | "B"] : ""
            await runEvent(image ? `!card in ${image}` : line, this.simulation)
        }
    }

    /**
     * Waits until the start is logged: a board that cannot read its clock chip while starting has
     * no time to judge.
     */
    private async started(): Promise<void> {
        const tells = (one: Seen) => one.kind === "log" && startCauses.test(one.text)
        const ends = (one: Seen) =>
            /^(!power|!deploy|reset now)/.test("line" in one ? one.line : "")
        for (let seconds = 0; seconds < startSecondsMax; ++seconds) {
            if (this.seen.findLastIndex(tells) > this.seen.findLastIndex(ends)) return
            await this.simulation.clock.sleep(1000)
        }
    }

    /** Sets the server's behaviour for future log-ins. */
    private setTemper(name: string): void {
        const found = [...kindTempers, ...unkindTempers].find(one => one.name === name)
        if (!found) throw new Error(`no server is like "${name}"`)
        this.server.temper = found.temper
    }

    /** @returns its output; undefined if there was no answer */
    private async ask(line: string, allowed: boolean): Promise<string | undefined> {
        const { clock } = this.simulation
        this.answer = ""
        this.see({ kind: "asked", line, allowed })
        let status: number | undefined
        const late = new Promise<undefined>(resolve =>
            clock.setTimeout(() => resolve(undefined), answerMs),
        )
        try {
            status = await Promise.race([this.simulation.execute(line), late])
        } catch (failure) {
            this.answer += (failure as Error).message
        }
        const text = this.answer
        this.see({ kind: "answered", line, allowed, status, text })
        return status === 0 ? text : undefined
    }

    /** The clock's time in seconds: local, and its offset east of UTC. */
    private async clockShows(): Promise<{ local: number; offset: number } | undefined> {
        const shown = await this.ask("time", false)
        const found = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) ([+-])(\d\d):(\d\d)/.exec(shown ?? "")
        if (!found) return undefined
        const offset = (Number(found[3]) * 60 + Number(found[4])) * (found[2] === "-" ? -60 : 60)
        return { local: Date.parse(found[1].replace(" ", "T") + "Z") / 1000, offset }
    }

    /** Schedules a daily reset, at the time of day this many minutes from now. */
    private async setSchedule(inMinutes: number): Promise<void> {
        const shown = await this.clockShows()
        if (!shown) return
        const time = new Date((shown.local + inMinutes * 60) * 1000).toISOString().slice(11, 16)
        await this.ask("set reset.days all", false)
        await this.ask("set reset.enable on", false)
        await this.ask(`set reset.time ${time}`, false)
    }

    private async setClock(bySeconds: number): Promise<void> {
        const shown = await this.clockShows()
        if (!shown) return
        const toSeconds = shown.local - shown.offset + bySeconds
        const answer = await this.ask(`time set @${toSeconds}`, false)
        if (answer !== undefined) this.see({ kind: "set the clock", toSeconds })
    }

    /**
     * Everything works, so that all records can be sent. Both cards are made safe to pull: the size
     * in a directory may lag behind the records, and a mount recovers them.
     */
    private async lastDay(): Promise<void> {
        const { clock } = this.simulation
        const networkIsWell = networkTroubles.map(({ off }) => off)
        for (const line of ["!ftp up", "!server kind", ...networkIsWell, "!card out", "!card in B"])
            await this.event(line)
        await clock.sleep(15_000)
        await this.ask("card eject", false)
        await this.event("!card out")
        await this.event("!card in A")
        await clock.sleep(30_000)
        await this.ask("set sd.enable off", false)
        await clock.sleep(4000)
        const on = (await this.ask("show ftp.enable", false)) ?? ""
        for (let i = 0; / on /.test(on) && i < lastSessions && !this.evidence.lastSent; ++i) {
            this.evidence.lastSent = (await this.ask("ftp send", true)) !== undefined
            if (!this.evidence.lastSent) await clock.sleep(lastPauseMs)
        }
        this.evidence.lastExport = (await this.ask("export", false)) ?? ""
        this.evidence.lastJournal = (await this.ask("journal", false)) ?? ""
        await this.ask("card eject", false)
    }
}
