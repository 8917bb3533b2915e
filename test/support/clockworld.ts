import { Ds3231Chip } from "../../sim/chips/ds3231"
import { Clock } from "../../src/clock/clock"
import { Ds3231 } from "../../src/clock/ds3231"
import { Alarm } from "../../src/core/alarm"
import { type Flash, type I2cBus, type TcpConnector } from "../../src/core/seams"
import { Key } from "../../src/settings/keys"
import { ChipI2cBus } from "./chipi2cbus"
import { DeviceBuffer } from "./devicebuffer"
import { storable } from "./memoryflash"

export const november = Date.UTC(2026, 10, 22, 10, 0, 0) / 1000
export const newBoard = Date.UTC(2024, 0, 1) / 1000
/** About the release date of this firmware. */
export const release = Date.UTC(2026, 11, 1) / 1000
export const tenYears = 3650 * 86400

export class ClockWorld {
    milliseconds = 0
    flashed: Record<string, Uint8Array> = {}
    flashWrites = 0
    texts: Record<number, string> = { [Key.TimeZone]: "UTC0", [Key.TimeServer]: "" }
    alarm: boolean | undefined
    chip = new Ds3231Chip({ nowSeconds: () => this.milliseconds / 1000 })
    connections: string[] = []
    sent = ""
    answer: string[] = []
    /** Time per piece of the answer. */
    answerMs = 0
    closed = 0

    /** Starts the board; flash and chip keep their state. */
    async start(): Promise<Clock> {
        const flash: unknown = {
            read: async (key: string) => this.flashed[key],
            write: async (key: string, value: Uint8Array) => {
                this.flashed[key] = storable(value)
                this.flashWrites += 1
            },
            remove: async () => {},
        }
        const settings = { number: () => 0, text: (key: Key) => this.texts[key] }
        const alarms = {
            set: (alarm: Alarm, active: boolean) => {
                if (alarm === Alarm.Clock) this.alarm = active
            },
        }
        const bus = new ChipI2cBus([this.chip]) as unknown as I2cBus
        const driver = new Ds3231(bus)
        const clock = new Clock(this.ticks, settings, flash as Flash, alarms, driver)
        await clock.start()
        return clock
    }

    ticks = {
        nowMs: () => this.milliseconds,
        sleep: async (ms: number) => {
            this.milliseconds += ms
        },
    }

    pass(seconds: number): void {
        this.milliseconds += seconds * 1000
    }

    store(seconds: number): void {
        this.flashed.clock = DeviceBuffer.alloc(4)
        new DataView(this.flashed.clock.buffer).setUint32(0, seconds, true)
    }

    stored(): number {
        return new DataView(this.flashed.clock.buffer).getUint32(0, true)
    }

    tcp: TcpConnector = {
        connect: async (host: string, port: number) => {
            this.connections.push(`${host}:${port}`)
            return {
                send: async (data: Uint8Array) => {
                    this.sent += data.toString()
                },
                receive: async () => {
                    this.milliseconds += this.answerMs
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

    owners: string[] = []
    lock = {
        run: async <T>(owner: string, _timeoutMs: number, work: () => Promise<T>) => {
            this.owners.push(owner)
            return await work()
        },
    }
}
