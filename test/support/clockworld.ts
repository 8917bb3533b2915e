import type { Ds3231Chip } from "../../sim/chips/ds3231"
import type { Clock } from "../../src/clock/clock"
import { Alarm } from "../../src/core/alarm"
import type { TcpConnector } from "../../src/core/seams"
import type { Key } from "../../src/settings/keys"
import { DeviceBuffer } from "./devicebuffer"
import type { Lock } from "../../src/core/lock"
import { MemoryFlash } from "./memoryflash"
import { NodeBoard } from "./nodeboard"

export const november = Date.UTC(2026, 10, 22, 10, 0, 0) / 1000
export const newBoard = Date.UTC(2024, 0, 1) / 1000
/** About the release date of this firmware. */
export const release = Date.UTC(2026, 11, 1) / 1000
export const tenYears = 3650 * 86400

/**
 * A whole board whose clock is tested. After the start, time passes in leaps, so that no task
 * touches the clock in between.
 */
export class ClockWorld {
    readonly flash = new MemoryFlash()
    connections: string[] = []
    sent = ""
    answer: string[] = []
    /** Time per piece of the answer. */
    answerMs = 0
    closed = 0
    /** Owners of the socket, in order. */
    owners: string[] = []
    private board: NodeBoard

    readonly tcp: TcpConnector = {
        connect: async (host: string, port: number) => {
            this.connections.push(`${host}:${port}`)
            return {
                send: async (data: Uint8Array) => {
                    this.sent += data.toString()
                },
                receive: async () => {
                    this.block(this.answerMs)
                    const part = this.answer.shift()
                    return part === undefined
                        ? undefined
                        : (DeviceBuffer.from(part) as unknown as Buffer)
                },
                close: async () => {
                    this.closed += 1
                },
            }
        },
    }

    constructor() {
        this.board = this.boardWith(undefined)
    }

    /** Replaces the chip by one that shows this time, Unix seconds. */
    chipShows(seconds: number): void {
        this.board = this.boardWith(new Date(seconds * 1000).toISOString())
    }

    get chip(): Ds3231Chip {
        return this.board.clockChip
    }

    /** Whether the clock reports an error. */
    get alarm(): boolean {
        return this.board.reports(Alarm.Clock)
    }

    get ticks() {
        return this.board.ticks
    }

    /** Starts the board in no time; flash and chip keep their state. */
    async start(): Promise<Clock> {
        const { board } = this
        await board.start(0)
        const lock = (board.parts as unknown as { socketLock: Lock }).socketLock
        const run = lock.run.bind(lock)
        lock.run = async (owner, timeoutMs, work) => {
            this.owners.push(owner)
            return await run(owner, timeoutMs, work)
        }
        return board.parts.clock
    }

    /** As the firmware asks the time server. */
    async sync(): Promise<boolean> {
        return await this.ticks.finish(this.board.parts.syncTime())
    }

    async set(key: Key, value: string): Promise<void> {
        await this.board.parts.settings.apply([key], [value])
    }

    block(ms: number): void {
        this.board.ticks.block(ms)
    }

    pass(seconds: number): void {
        this.block(seconds * 1000)
    }

    store(seconds: number): void {
        const bytes = DeviceBuffer.alloc(4)
        new DataView(bytes.buffer).setUint32(0, seconds, true)
        this.flash.values.set("clock", bytes)
    }

    stored(): number {
        return new DataView(this.flash.values.get("clock")!.buffer).getUint32(0, true)
    }

    private boardWith(start: string | undefined): NodeBoard {
        const board = new NodeBoard({ start, flash: this.flash, tcp: this.tcp })
        // Without a network the task asks no server; the tests do.
        board.online = false
        return board
    }
}
