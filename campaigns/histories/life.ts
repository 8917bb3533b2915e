import type { CpuName } from "../../sim/cpu"
import { type Random, Chance } from "../../sim/random"
import { defaultNetwork } from "../../sim/wifi/air"
import { kindTempers, type NamedTemper, unkindTempers } from "../../test/support/tempers"
import { cardTempers } from "./cardtempers"

/**
 * One event, and its delay after the previous one. A line is the console's, or an event with `!`;
 * in addition to those of sim/events.ts there are:
 * - `!power off SECONDS`, `!power cut in MS`: the latter interrupts whatever comes next
 * - `!card in A|B`: one of the life's two cards
 * - `!server NAME`: from now on the server behaves like that one in test/support/tempers.ts
 * - `time set by SECONDS`, `reset in MINUTES`: the runner computes the time from the clock
 */
export interface Step {
    waitMs: number
    line: string
}

/** A card's format at the start of the life. */
export interface LifeCard {
    mebibytes: number
    fatBits: 16 | 32
    clusterSectors: number
    /** One of cardTempers; none for an ordinary card. */
    temper?: string
}

export interface Zone {
    /** The setting. */
    rule: string
    /** The same zone in the IANA database. */
    name: string
}

/** A board and all its events, determined by the seed. */
export interface Life {
    seed: number
    cpu: CpuName
    /** The date at the start, Unix ms. */
    startMs: number
    zone: Zone
    serial: string
    cards: { A: LifeCard; B: LifeCard }
    temper: string
    secrets: string[]
    setUp: string[]
    steps: Step[]
}

export interface LifeOptions {
    cpu?: CpuName
    /** Number of days; the board is off for most of them. */
    days?: number
    /** Includes an hour that ends in a scheduled reset; by default from the seed. */
    scheduled?: boolean
}

const zones: Zone[] = [
    { rule: "UTC0", name: "UTC" },
    { rule: "CET-1CEST,M3.5.0,M10.5.0/3", name: "Europe/Berlin" },
    { rule: "EST5EDT,M3.2.0,M11.1.0", name: "America/New_York" },
    { rule: "<+0530>-5:30", name: "Asia/Kolkata" },
    { rule: "NZST-12NZDT,M9.5.0,M4.1.0/3", name: "Pacific/Auckland" },
]

/**
 * Interesting moments: midnights, summer time, leap day, the end of a year. All UTC, in 2027 and
 * 2028.
 */
const moments = [
    "2027-03-28T00:50:00Z",
    "2027-10-31T00:50:00Z",
    "2027-03-14T06:50:00Z",
    "2027-09-25T13:50:00Z",
    "2027-12-31T23:00:00Z",
    "2028-02-28T18:20:00Z",
    "2027-06-15T21:55:00Z",
    "2027-05-10T03:55:00Z",
    "2027-08-02T23:57:00Z",
    "2027-04-20T12:00:00Z",
]

const lifeCards: LifeCard[] = [
    { mebibytes: 32, fatBits: 16, clusterSectors: 4 },
    { mebibytes: 64, fatBits: 16, clusterSectors: 8 },
    { mebibytes: 40, fatBits: 32, clusterSectors: 1 },
    { mebibytes: 300, fatBits: 32, clusterSectors: 8 },
    { mebibytes: 64, fatBits: 32, clusterSectors: 1 },
]

/** Servers that slow a session down or need a directory are rare, because lives would be long. */
const isRare = ({ temper, directory }: NamedTemper) =>
    Boolean(temper.greetingMs || temper.hiddenMs || directory)
const kind = kindTempers.filter(one => !isRare(one))
/** A greeting after 50 s is too late for the pauses of a life. */
const rare = kindTempers.filter(one => isRare(one) && (one.temper.greetingMs ?? 0) < 50_000)
const troubles = unkindTempers.filter(({ temper }) => !temper.takesAway && !temper.deletesBroken)

/** Battery faults, their remedies, and the flags they raise. */
export const upsets = [
    { on: "!cell 3 4.00", off: "!cell 3 3.32", flag: "CELL_OVERVOLTAGE" },
    { on: "!cell 5 2.40", off: "!cell 5 3.32", flag: "CELL_UNDERVOLTAGE" },
    { on: "!temp 1 65", off: "!temp 1 25", flag: "OVERTEMPERATURE" },
    { on: "!temp 2 -25", off: "!temp 2 25", flag: "UNDERTEMPERATURE" },
    { on: "!current -250", off: "!current free", flag: "OVERCURRENT_DISCHARGE" },
    { on: "!current 130", off: "!current free", flag: "OVERCURRENT_CHARGE" },
    { on: "!monitor down", off: "!monitor up", flag: "MONITOR_OFFLINE" },
]

/** Network faults, and their remedies. */
export const networkTroubles = [
    { on: "!wifi down", off: "!wifi up" },
    { on: `!wifi gone ${defaultNetwork.name}`, off: `!wifi back ${defaultNetwork.name}` },
    {
        on: `!wifi password ${defaultNetwork.name} another-one`,
        off: `!wifi password ${defaultNetwork.name} ${defaultNetwork.password}`,
    },
    { on: "!wifi dhcp 40", off: "!wifi dhcp usual" },
    { on: "!wifi scan silent", off: "!wifi scan ok" },
]

/** More would cost as much as another life, and show no more. */
const stretchesMax = 5

/** Lines that change nothing; each must be carried out. */
const questions = [
    "status",
    "battery",
    "cells",
    "journal",
    "tasks",
    "card",
    "card ls",
    "card ls LOG",
    "ftp",
    "wifi",
    "time",
    "show",
    "export",
    "describe",
    "help card",
    "reset",
]

/** One life in four has an unusual card. */
function oddCard(seed: number): { card: "A" | "B"; temper: string } | undefined {
    const random = new Chance(seed).stream("odd card")
    if (random() >= 0.25) return undefined
    const names = Object.keys(cardTempers)
    const card = random() < 0.7 ? "A" : "B"
    return { card, temper: names[Math.floor(random() * names.length)] }
}

/** One life in twelve has a server that is slow, shows files late, or has a closed root. */
function rareServer(seed: number): NamedTemper | undefined {
    const random = new Chance(seed).stream("rare server")
    return random() < 1 / 12 ? rare[Math.floor(random() * rare.length)] : undefined
}

/** The board and the life of a seed. */
export function lifeOf(
    seed: number,
    { cpu = "esp32", days = 2, scheduled = days > 2 && seed % 16 === 0 }: LifeOptions = {},
): Life {
    const life = new LifeMaker(seed, cpu, days).make(scheduled)
    const server = rareServer(seed)
    if (server === undefined) return life
    const { directory } = server
    if (directory === undefined) return { ...life, temper: server.name }
    const there = `set ftp.directory "${directory}"`
    const steps = life.steps.map(step =>
        step.line.includes("set ftp.directory ") ? { ...step, line: there } : step,
    )
    return { ...life, temper: server.name, setUp: [...life.setUp, there], steps }
}

class LifeMaker {
    private readonly random: Random
    private readonly steps: Step[] = []

    constructor(
        private readonly seed: number,
        private readonly cpu: CpuName,
        private readonly days: number,
    ) {
        this.random = new Chance(seed).stream("life")
    }

    make(scheduled: boolean): Life {
        const { seed, cpu } = this
        const zone = this.pick(zones)
        const serial = this.pick(["HIST-1", "a", "PACK_0123456789X", "BMS-7"])
        const startMs = Date.parse(this.pick(moments)) + this.between(0, 300) * 1000
        const cards = { A: this.pick(lifeCards), B: this.pick(lifeCards) }
        const odd = oddCard(seed)
        if (odd) cards[odd.card] = { ...cards[odd.card], temper: odd.temper }
        const temper = this.pick(kind).name
        const secrets = [`pw${this.word(8)}`, `st${this.word(7)}`]
        const setUp = this.setUp(zone, serial, secrets)
        const stretches = Math.min(
            stretchesMax,
            Math.max(1, Math.round(this.days * (1 + this.random()))),
        )
        for (let i = 0; i < stretches; ++i) {
            this.stretch()
            const dayPart = (this.days * 86400) / stretches
            const offSeconds = Math.round(dayPart * (0.5 + this.random()))
            if (i < stretches - 1) this.then(this.between(2, 9), `!power off ${offSeconds}`)
        }
        if (scheduled) this.scheduledReset()
        const { steps } = this
        return { seed, cpu, startMs, zone, serial, cards, temper, secrets, setUp, steps }
    }

    private setUp(zone: Zone, serial: string, [ftpPassword, other]: string[]): string[] {
        const minutes = this.between(0, 1439)
        const two = (value: number) => String(value).padStart(2, "0")
        const lines = [
            `set user.serial ${serial}`,
            `set time.zone ${zone.rule}`,
            `set sd.period ${this.pick([1, 1, 2, 3, 5, 10])}`,
            `set sd.cells ${this.pick(["on", "off"])}`,
            `set wifi.ssid ${defaultNetwork.name}`,
            `set wifi.password ${defaultNetwork.password}`,
            `set ftp.password ${ftpPassword}`,
            `set ftp.period ${this.pick([10, 20, 60])}`,
            "set ftp.cells on",
            "set battery.imbalance 2000",
            "set battery.cell_overvoltage 3900",
            `set reset.time ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`,
            `set user.address "${other} street"`,
            "set ftp.host ftp.sim",
        ]
        if (this.chance(0.85)) lines.push("set ftp.enable on")
        return lines
    }

    /** Some minutes with supply. */
    private stretch(): void {
        this.then(this.between(5, 20), "status")
        const happenings = this.between(2, 5)
        for (let i = 0; i < happenings; ++i) this.happening()
        this.then(this.between(5, 25), this.pick(questions))
    }

    private happening(): void {
        const makers = [
            () => this.ask(),
            () => this.set(),
            () => this.set(),
            () => this.supply(),
            () => this.supply(),
            () => this.card(),
            () => this.card(),
            () => this.network(),
            () => this.server(),
            () => this.upset(),
            () => this.upset(),
            () => this.clock(),
            () => this.clockChip(),
            () => this.imported(),
            () => this.reset(),
            () => this.send(),
            () => this.then(this.between(20, 60), "tasks"),
        ]
        this.pick(makers)()
    }

    private ask(): void {
        for (let i = this.between(1, 4); i > 0; --i)
            this.then(this.between(0, 6), this.pick(questions))
    }

    private set(): void {
        const line = this.pick([
            () => `set sd.period ${this.pick([1, 2, 5, 10])}`,
            () => `set sd.cells ${this.pick(["on", "off"])}`,
            () => `set ftp.period ${this.between(10, 100)}`,
            () => `set user.address "${this.word(this.between(1, 50))}"`,
            () => `set battery.capacity ${this.between(1000, 300000)}`,
            () => `set battery.delay ${this.between(0, 3)}`,
            () => `set reset.max ${this.between(1, 65535)}`,
            () => `set ftp.directory ${this.pick(["", "inbox", "a/b"]) || '""'}`,
        ])()
        const cut = this.chance(0.2)
        if (cut) this.then(this.between(1, 9), `!power cut in ${this.between(10, 700)}`)
        // The line interrupted by the cut may have no answer.
        this.then(cut ? 0 : this.between(1, 12), (cut ? "-" : "") + line)
    }

    /** A block of lines sent by a program, each as soon as the previous one is answered. */
    private imported(): void {
        this.then(this.between(2, 10), `set user.address "${this.word(30)}"`)
        for (const line of [
            `set battery.delay ${this.between(0, 3)}`,
            `set battery.capacity ${this.between(1000, 300000)}`,
            `set ftp.period ${this.between(10, 100)}`,
            `set reset.max ${this.between(1, 65535)}`,
            `set sd.period ${this.pick([1, 2, 5, 10])}`,
            `set sd.cells ${this.pick(["on", "off"])}`,
        ])
            this.then(0, line)
    }

    private supply(): void {
        if (this.chance(0.15)) {
            this.then(this.between(3, 30), "!deploy")
            return this.then(this.between(8, 30), "status")
        }
        const cuts = this.chance(0.2) ? this.between(2, 5) : 1
        for (let i = 0; i < cuts; ++i)
            this.then(this.between(3, 30) + this.random(), "!power cut in 1")
        this.then(this.between(8, 30), "status")
    }

    private card(): void {
        const seconds = this.chance(0.3) ? this.between(1, 10) : this.between(15, 45)
        const other = this.chance(0.4)
        if (this.chance(0.3)) this.then(this.between(5, 15), "card eject")
        this.then(this.between(5, 15), "!card out")
        this.then(seconds, `!card in ${other ? "B" : "A"}`)
        if (!other) return
        this.then(this.between(15, 60), "!card out")
        this.then(this.between(1, 20), "!card in A")
    }

    private network(): void {
        const { on, off } = this.pick(networkTroubles)
        this.then(this.between(3, 20), on)
        this.then(this.between(2, 90), off)
    }

    private server(): void {
        const trouble = this.pick([
            "!ftp down",
            "!ftp hang",
            ...troubles.map(({ name }) => `!server ${name}`),
        ])
        this.then(this.between(3, 20), trouble)
        this.then(this.between(10, 60), trouble.startsWith("!ftp") ? "!ftp up" : "!server kind")
    }

    private upset(): void {
        const { on, off } = this.pick(upsets)
        this.then(this.between(3, 15), on)
        this.then(this.between(1, 5), "!light")
        this.then(this.between(15, 35), off)
        this.then(this.between(15, 25), "journal")
    }

    /** Sets the time seconds or hours ahead or back. */
    private clock(): void {
        const by = this.pick([30, 600, 5400, -20, -600, -5400]) + this.between(0, 5)
        this.then(this.between(12, 20), `time set by ${by}`)
        this.then(this.between(12, 25), "time")
    }

    /** The clock chip is offline, or has lost its time until the clock is set. */
    private clockChip(): void {
        const lost = this.chance(0.5)
        this.then(this.between(3, 20), lost ? "!clock lost" : "!clock down")
        this.then(this.between(5, 90), lost ? `time set by ${this.between(0, 5)}` : "!clock up")
        this.then(this.between(5, 10), "time")
    }

    private reset(): void {
        this.then(this.between(3, 15), "reset now")
        this.then(this.between(10, 30), "status")
    }

    /** A board makes a scheduled reset after running for an hour. */
    private scheduledReset(): void {
        this.then(2, "set sd.period 60")
        this.then(2, "!power cut in 1")
        this.then(this.between(20, 100), `reset in ${this.between(59, 66)}`)
        this.then(this.between(68, 70) * 60, "status")
        this.then(this.between(30, 90), "journal")
    }

    private send(): void {
        this.then(this.between(3, 15), "-ftp send")
        this.then(this.between(0, 3), this.chance(0.5) ? "-ftp test" : "ftp")
    }

    private then(seconds: number, line: string): void {
        this.steps.push({ waitMs: Math.round(seconds * 1000), line })
    }

    private between(low: number, high: number): number {
        return low + Math.floor(this.random() * (high - low + 1))
    }

    private chance(share: number): boolean {
        return this.random() < share
    }

    private pick<T>(list: readonly T[]): T {
        return list[Math.floor(this.random() * list.length)]
    }

    private word(length: number): string {
        const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        return Array.from({ length }, () => letters[this.between(0, letters.length - 1)]).join("")
    }
}
