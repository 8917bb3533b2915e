import type { CpuName } from "../../sim/cpu"
import { HeapGauge } from "../../sim/heap"
import { Chance, type Random } from "../../sim/random"
import { FTP_HOST } from "../../sim/simulation"
import { defaultNetwork } from "../../sim/wifi/air"
import { SimulatedBoard } from "./simulatedboard"

/** The board's first day. */
const day = "20260301"
const sampleMs = 200
/** Until the station has joined and the first session is over. */
const settleMs = 60_000
/** After this, printing a whole log takes so long that nothing else would get done. */
const catMsMax = 3_600_000

/** Lines that put a new board into full use: both logs at 1 s, an upload every 30 s. */
export const fullUse = [
    "card format yes",
    `set wifi.ssid ${defaultNetwork.name}`,
    `set wifi.password ${defaultNetwork.password}`,
    `set ftp.host ${FTP_HOST}`,
    "set ftp.period 30",
    "set ftp.cells on",
    "set ftp.enable on",
    "set sd.period 1",
    "set sd.cells on",
]

/** Lines typed by a person who wants to see everything. */
const looks = [
    "describe",
    "journal",
    "status",
    "tasks",
    "show",
    "export",
    "help",
    "battery",
    "battery limits",
    "cells",
    "card",
    "card ls",
    "card ls log",
    "card tail LOGSENT.TXT 20",
    `card tail CELL/${day}.CSV 50`,
    "ftp",
    "ftp send",
    "wifi",
    "time",
    "reset",
    "show user.address",
    "no such line",
    'set user.address "a rack in the cellar of the house, \\"left\\" side"',
    "set battery.delay 3",
    "defaults battery yes",
]
const files = [`LOG/${day}.CSV`, `CELL/${day}.CSV`]

/**
 * Changes that turn the printed block of `export` into the second block. They touch more than one
 * group of settings in flash.
 */
const others: Record<string, string> = {
    "user.address": '"the shed behind the house, second rack from the left, lower shelf"',
    "ftp.user": '"logger"',
    "time.zone": '"CET-1CEST,M3.5.0,M10.5.0/3"',
    "battery.delay": '"4"',
    "battery.imbalance": '"250"',
    "battery.overtemperature": '"58"',
    "reset.days": '"Mon,Wed"',
}

export interface BusyOptions {
    cpu?: CpuName
    seed: number
    /** Also removes the card, the network and the monitor chip now and then. */
    troubles?: boolean
}

/**
 * A simulated board in full use: both logs at 1 s, uploads every 30 s, alarms that come and go, and
 * a person at the console. The seed decides when things happen.
 */
export class BusyBoard {
    readonly board: SimulatedBoard
    readonly gauge = new HeapGauge()
    /** Counts of the lines that the board carried out and refused. */
    readonly lines = { done: 0, refused: 0 }
    private readonly person: Random
    private readonly world: Random
    private blocks: string[][] = []
    private ended = false

    constructor(
        imagePath: string,
        private readonly options: BusyOptions,
    ) {
        const { cpu, seed } = options
        this.board = new SimulatedBoard(imagePath, { cpu, seed })
        const chance = new Chance(seed)
        this.person = chance.stream("person")
        this.world = chance.stream("world")
    }

    /** Sets the board up, then restarts it, so that it is in use from its start. */
    async start(): Promise<void> {
        const { board } = this
        await board.simulation.start()
        for (const line of fullUse) await board.run(line)
        const exported = (await board.run("export")).trimEnd().split("\n")
        const changed = exported.map(line => {
            const [word, key] = line.split(" ")
            return word === "set" && others[key] ? `set ${key} ${others[key]}` : line
        })
        this.blocks = [exported, changed]
        board.simulation.powerCut()
        await board.sleep(settleMs)
        this.sample()
    }

    /** Uses the board for this many board minutes, or until the program dies. */
    async use(minutes: number): Promise<void> {
        const { clock } = this.board.simulation
        const endMs = clock.nowMs() + minutes * 60_000
        const until = async (work: () => Promise<void>) => {
            while (clock.nowMs() < endMs && this.panics() === 0) await work()
        }
        await Promise.all([until(() => this.type()), until(() => this.happen())])
    }

    /** Looks once at everything that a person can see. */
    async lookAtAll(): Promise<void> {
        for (const line of looks) await this.run(line)
        for (const file of files) await this.run("card cat " + file)
    }

    /** Imports the whole export, then one with other values. */
    async importAll(): Promise<void> {
        for (const block of this.blocks) for (const line of block) await this.run(line)
    }

    /** Removes card, network or monitor chip for a while, or causes an overcurrent. */
    async trouble(share: number, seconds: number): Promise<void> {
        const { simulation } = this.board
        const pause = async () => await this.board.sleep(1000 * seconds)
        if (share < 0.05) {
            simulation.cardOut()
            await pause()
            simulation.cardIn()
        } else if (share < 0.1) {
            simulation.setWifi(false)
            await pause()
            simulation.setWifi(true)
        } else if (share < 0.15) {
            simulation.chips.setMonitor(false)
            await pause()
            simulation.chips.setMonitor(true)
        } else {
            simulation.chips.setCurrent(-300)
            await pause()
            simulation.chips.setCurrent(10)
        }
    }

    /** Number of times the program has died. */
    panics(): number {
        return this.board.log.filter(({ text }) => /PANIC/.test(text)).length
    }

    async end(): Promise<void> {
        this.ended = true
        await this.board.end()
    }

    /** Types one line or a whole block, then takes a moment to read the output. */
    private async type(): Promise<void> {
        const what = this.person()
        const which = Math.floor(this.person() * looks.length)
        if (what < 0.2) {
            const long = this.board.simulation.clock.nowMs() > catMsMax
            const file = files[which % files.length]
            await this.run(long ? `card tail ${file} 500` : `card cat ${file}`)
        } else if (what < 0.35) for (const line of this.blocks[which % 2]) await this.run(line)
        else await this.run(looks[which])
        await this.board.sleep(4000 * this.person() ** 2)
    }

    private async run(line: string): Promise<void> {
        try {
            await this.board.run(line)
            this.lines.done++
        } catch {
            this.lines.refused++
        }
    }

    /** Lets something happen to the board. */
    private async happen(): Promise<void> {
        const seconds = (most: number) => most * (0.3 + 0.7 * this.world())
        await this.trouble(this.options.troubles ? this.world() : 1, seconds(20))
        await this.board.sleep(1000 * seconds(20))
    }

    private sample(): void {
        const { simulation } = this.board
        if (this.ended) return
        const memory = simulation.board.memory()
        if (memory) this.gauge.sample(memory)
        simulation.clock.setTimeout(() => this.sample(), sampleMs)
    }
}
