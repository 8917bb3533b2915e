import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { FtpServerName } from "../../test/support/servers/ftpserver"
import { Key } from "../../src/settings/keys"
import { MemoryCard, pattern } from "../../test/support/uploadcard"
import { BoardClock } from "./boardclock"
import { BoardSocket, Flow, type SocketKind } from "./boardsocket"
import { CardSlot } from "./cardslot"
import { type Action, describeFault } from "./faults"
import type { FaultProxy } from "./faultproxy"
import { badMessage, overstatements, touched, undelivered } from "./judge"
import type { Kind, Mode, SessionPlan } from "./kinds"
import { Random } from "../../test/support/random"
import { type SessionEnd, World } from "./world"
import type { Yard } from "./yard"

const calmSessionsMax = 8
/** Longer than any fault's hold. */
const holdMsMax = 200_000
const today = "LOG/20261122.CSV"

/** One case, determined by these. */
export interface CaseName {
    mode: Mode
    kind: Kind
    seed: number
}

export interface CaseResult {
    mode: Mode
    kind: string
    seed: number
    server: FtpServerName
    socket: SocketKind
    /** Total sessions, and those after the last fault until everything had arrived. */
    sessions: number
    calmSessions: number
    violations: string[]
    messages: string[]
    story: string[]
}

/** The board, the server and everything in between, in one case. */
export class FaultCase {
    private readonly random: Random
    private readonly clock = new BoardClock()
    private readonly flow = new Flow()
    private readonly slot = new CardSlot()
    private readonly socketKind: SocketKind
    private readonly serverName: FtpServerName
    private readonly cards: MemoryCard[] = []
    private readonly foreign = new Map<string, Buffer>()
    private readonly result: CaseResult
    private readonly serial: string
    // Set by `prepare`.
    private world!: World
    private server!: Awaited<ReturnType<Yard["place"]>>["server"]
    private serverProxy!: FaultProxy
    private boardProxy!: FaultProxy
    private kills = 0
    private serverBack: Promise<void> = Promise.resolve()
    private restoreCard: (() => void) | undefined

    constructor(
        private readonly yard: Yard,
        private readonly name: CaseName,
    ) {
        const { mode, kind, seed } = name
        let hash = seed
        for (const letter of mode + kind.name)
            hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619)
        this.random = new Random(hash)
        this.socketKind = this.random.chance(0.65) ? "esp32" : "simulator"
        this.serverName = kind.servers[seed % kind.servers.length]
        this.serial = "B" + seed
        this.result = {
            mode,
            kind: kind.name,
            seed,
            server: this.serverName,
            socket: this.socketKind,
            sessions: 0,
            calmSessions: 0,
            violations: [],
            messages: [],
            story: [],
        }
    }

    async run(): Promise<CaseResult> {
        try {
            await this.prepare()
            await this.troubled()
            await this.calm()
        } catch (thrown) {
            this.violate("the campaign itself: " + (thrown as Error).stack)
        }
        this.boardProxy?.reset()
        this.serverProxy?.reset()
        this.world?.socket.powerOff().forEach(socket => socket.destroy())
        await this.serverBack.catch(() => {})
        if (this.server && Object.keys(this.server.options).length > 0)
            await this.server.restart({})
        this.clock.stop()
        return this.result
    }

    private violate(...what: string[]): void {
        for (const text of what) {
            this.result.violations.push(text)
            this.say("VIOLATION " + text)
        }
    }

    private say(line: string): void {
        this.result.story.push(line)
    }

    private async prepare(): Promise<void> {
        const { clock, flow, random, name } = this
        const place = await this.yard.place(this.serverName)
        this.server = place.server
        this.serverProxy = place.proxy
        this.serverProxy.reset(clock)
        this.boardProxy = name.mode === "direct" ? this.serverProxy : await this.yard.gateway()
        if (this.boardProxy !== this.serverProxy) this.boardProxy.reset(clock)
        this.boardProxy.flow = flow
        this.serverProxy.onAction = action => this.act(action)
        this.boardProxy.onAction = action => this.act(action)
        this.fillCard(this.slot.card)
        this.cards.push(this.slot.card)
        this.world = new World(
            clock,
            new BoardSocket(this.socketKind, clock, flow, new Random(name.seed)),
            this.slot,
        )
        const { settings } = this.world
        settings.set(Key.UserSerial, this.serial)
        settings.set(Key.FtpUser, this.server.user)
        settings.set(Key.FtpPassword, this.server.password)
        settings.set(Key.FtpPort, this.serverProxy.port)
        if (name.mode === "gateway")
            settings.set(Key.FtpGateway, "127.0.0.1:" + this.boardProxy.port)
        this.say(`${this.serverName}, ${this.socketKind} socket`)
        for (const [path, content] of this.slot.card.files) this.say(`${path}: ${content.length}`)
        if (random.chance(0.4)) this.foreign.set(`${this.serial}-LOG-20261122.CSV`, pattern0(99))
        if (random.chance(0.2)) this.foreign.set(`${this.serial}-LOG-20261121.CSV`, pattern0(0))
        this.foreign.set("OTHER.CSV", pattern0(700))
    }

    private fillCard(card: MemoryCard): void {
        const { random } = this
        const sizes = [0, 1, 511, 512, 513, 4096, -5000, -30_000, -100_000, -250_000]
        const put = (path: string): void => {
            const size = random.pick(sizes)
            const bytes = size < 0 ? 1 + random.below(-size) : size
            card.put(path, long(bytes, random.below(1 << 30)))
        }
        for (let day = 23 - 1 - random.below(3); day < 22; ++day) put(`LOG/202611${day}.CSV`)
        put(today)
        if (random.chance(0.5)) put("CELL/20261122.CSV")
        if (random.chance(0.3)) put("LOG/26112201.CSV")
    }

    private placeForeign(): void {
        for (const [name, content] of this.foreign)
            writeFileSync(join(this.server.folder, name), content)
    }

    private async act(action: Action): Promise<void> {
        const { clock, random, slot } = this
        if (action === "power cut") this.world.cutPower()
        else if (action === "card pulled") {
            slot.pull()
            this.restoreCard = () => slot.insert(this.cards[0])
        } else if (action === "card changed") {
            const other = this.cards[1] ?? new MemoryCard()
            if (!this.cards[1]) {
                this.fillCard(other)
                // The same days with slightly longer files.
                for (const [path, content] of this.cards[0].files)
                    if (path.includes("/"))
                        other.put(path, long(content.length + random.below(2) * 700, 5))
                this.cards.push(other)
            }
            slot.insert(other)
            this.restoreCard = random.chance(0.5) ? () => slot.insert(this.cards[0]) : undefined
        } else if (action === "server killed") {
            const kill = ++this.kills
            await this.server.kill()
            clock.holding++
            const back = async (): Promise<void> => {
                await clock.sleep(300 + random.below(30_000))
                clock.holding--
                try {
                    await this.server.restart()
                } catch (thrown) {
                    // Killed again while starting: the later kill restarts it.
                    if (kill === this.kills) throw thrown
                }
            }
            this.serverBack = back()
        }
    }

    /** The sessions with faults. */
    private async troubled(): Promise<void> {
        const { random, clock } = this
        const bytes = [...this.slot.card.files.values()].reduce((sum, file) => sum + file.length, 0)
        const files = this.slot.card.files.size
        const steps = this.name.mode === "direct" ? 30 + 45 * files : 6 + 6 * files
        const plans = this.name.kind.plan(random, { bytes, steps })
        if (!plans[0].server) this.placeForeign()
        for (const plan of plans) {
            if (plan.server) {
                await this.serverBack
                await this.server.restart(plan.server)
                if (plan === plans[0]) this.placeForeign()
            }
            await this.trouble(plan)
            if (random.chance(0.6)) this.restoreCard?.()
            this.restoreCard = undefined
            clock.nowMs += random.below(3) * 5000
        }
        if (this.slot.absent) this.slot.insert(this.cards[0])
    }

    private async trouble(plan: SessionPlan): Promise<void> {
        const { random, world } = this
        const proxy = plan.where === "behind" ? this.serverProxy : this.boardProxy
        this.boardProxy.arm(undefined, {})
        this.serverProxy.arm(undefined, {})
        proxy.arm(plan.fault, plan.manners ?? {})
        this.slot.historyCut = plan.historyCut && { ...plan.historyCut }
        if (random.chance(0.5))
            for (let i = random.below(30); i >= 0; --i)
                this.slot.growth.push({ path: today, bytes: i % 9 === 0 ? random.below(300) : 0 })
        world.settings.set(Key.FtpPassword, plan.wrongPassword ? "wrong" : this.server.password)
        const { fault, ...rest } = plan
        this.say(`session: ${fault ? describeFault(fault) : ""} ${JSON.stringify(rest)}`)
        // Some servers refuse slowly.
        this.clock.calm = plan.wrongPassword === true
        const end = await this.session()
        this.clock.calm = false
        if (plan.wrongPassword && end.how === "done" && !/log-in refused/.test(end.error))
            this.violate(`the wrong password gives "${end.error}"`)
        this.slot.historyCut = undefined
        world.settings.set(Key.FtpPassword, this.server.password)
    }

    private async session(): Promise<SessionEnd> {
        const { world, result } = this
        const slowBytes = this.boardProxy.manners.slowBytes ?? this.serverProxy.manners.slowBytes
        const end = await world.session()
        result.sessions++
        const slowMs = slowBytes ? (2_000_000 / slowBytes) * 100 : 0
        if (end.how === "endless") this.violate("the session did not end")
        else if (end.boardMs > 150_000 + 10 * end.realMs + slowMs)
            this.violate(`the session took ${Math.round(end.boardMs / 1000)} s`)
        if (end.error !== "") result.messages.push(end.error)
        this.say(`  ${end.how}, ${Math.round(end.boardMs)} ms: ${end.error || "no error"}`)
        // Pending events reach the board.
        for (let ms = 0; world.socket.queued() > 0 && ms < 200; ms += 5)
            await new Promise(resolve => setTimeout(resolve, 5))
        if (end.error !== "") this.violate(...badMessage(end.error))
        for (const card of this.cards) this.violate(...overstatements(card, this.server.folder))
        this.violate(...touched(this.foreign, this.server.folder))
        this.violate(...world.socket.complaints.splice(0))
        if (end.how === "done") {
            if (world.socket.openSockets() > 1)
                this.violate(`${world.socket.openSockets()} sockets are open after the session`)
            if (world.socket.queued() > 0)
                this.violate(`${world.socket.queued()} entries are queued after the session`)
        }
        return end
    }

    /** Without faults: everything arrives. */
    private async calm(): Promise<void> {
        const { clock } = this
        const startedMs = clock.nowMs
        while (clock.holding > 0 && clock.nowMs < startedMs + holdMsMax)
            await new Promise(resolve => setTimeout(resolve, 5))
        await this.serverBack
        this.boardProxy.arm(undefined, {})
        this.serverProxy.arm(undefined, {})
        if (Object.keys(this.server.options).length > 0) await this.server.restart({})
        this.slot.growth = []
        clock.calm = true
        let end: SessionEnd | undefined
        for (const card of this.cards) {
            if (this.slot.card !== card) this.slot.insert(card)
            for (let count = 0; count < calmSessionsMax; ++count) {
                clock.nowMs += 7_200_000
                this.say("calm session:")
                end = await this.session()
                this.result.calmSessions++
                if (end.error === "") break
                // Servers keep broken transfers open for a minute; the board's back-off is longer.
                const waitMs = Math.min(20_000, 1000 << count)
                await new Promise(resolve => setTimeout(resolve, waitMs))
            }
        }
        if (end!.error !== "") this.violate(`after ${calmSessionsMax} calm sessions: ${end!.error}`)
        this.violate(...undelivered(this.cards, this.foreign, this.server.folder))
    }

    /** The traffic on the wire. */
    trace(): string[] {
        return [...this.boardProxy.trace]
    }
}

function pattern0(length: number): Buffer {
    return Buffer.from(pattern(length, 4711))
}

/** Longer than a device's buffer can be. */
function long(length: number, seed: number): Buffer {
    const parts: Buffer[] = []
    for (let at = 0; at < length; at += 50_000)
        parts.push(Buffer.from(pattern(Math.min(50_000, length - at), seed + at)))
    return Buffer.concat(parts)
}
