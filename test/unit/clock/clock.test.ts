import { beforeEach, describe, expect, it } from "vitest"
import { Ds3231Chip } from "../../../sim/chips/ds3231"
import { Clock, timeSourceName } from "../../../src/clock/clock"
import { Ds3231 } from "../../../src/clock/ds3231"
import { dateInLine } from "../../../src/clock/timeserver"
import { Alarm } from "../../../src/core/alarm"
import { FaultCode } from "../../../src/core/fault"
import { type Flash, type I2cBus, type TcpConnector, TimeSource } from "../../../src/core/seams"
import { Key } from "../../../src/settings/keys"
import { ChipI2cBus } from "../../support/chipi2cbus"
import { DeviceBuffer } from "../../support/devicebuffer"
import { storable } from "../../support/memoryflash"

const november = Date.UTC(2026, 10, 22, 10, 0, 0) / 1000
const newBoard = Date.UTC(2024, 0, 1) / 1000
/** About when this firmware was made. */
const release = Date.UTC(2026, 11, 1) / 1000
const tenYears = 3650 * 86400

class World {
    milliseconds = 0
    flashed: Record<string, Uint8Array> = {}
    flashWrites = 0
    texts: Record<number, string> = { [Key.TimeZone]: "UTC0", [Key.TimeServer]: "" }
    alarm: boolean | undefined
    chip = new Ds3231Chip({ nowSeconds: () => this.milliseconds / 1000 })
    connections: string[] = []
    sent = ""
    answer: string[] = []
    /** How long each piece of the answer takes. */
    answerMs = 0
    closed = 0

    /** A board that starts: flash and chip are what they were. */
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

let world: World

beforeEach(() => {
    world = new World()
})

describe("clock at the start", () => {
    it("begins with 2024 and the flag up when nothing is known", async () => {
        const clock = await world.start()
        expect(clock.nowSeconds()).toBe(newBoard)
        expect(clock.source).toBe(TimeSource.None)
        expect(clock.trusted()).toBe(false)
        expect(world.alarm).toBe(true)
        expect(clock.chipError).toContain("lost the time")
    })

    it("goes on from the last time in flash, with the flag up", async () => {
        world.store(november)
        const clock = await world.start()
        world.pass(5)
        expect(clock.nowSeconds()).toBe(november + 5)
        expect(timeSourceName(clock.source)).toBe("flash")
        expect(world.alarm).toBe(true)
    })

    it.each([0, 1, 3])("ignores %d bytes in flash", async count => {
        world.store(november)
        const bytes = DeviceBuffer.alloc(count)
        bytes.set(world.flashed.clock.subarray(0, count))
        world.flashed.clock = bytes
        expect((await world.start()).nowSeconds()).toBe(newBoard)
    })

    it("takes the time of the chip over that of the flash", async () => {
        world.store(november)
        world.chip = new Ds3231Chip({
            nowSeconds: () => world.milliseconds / 1000,
            startSeconds: november + 86400,
        })
        const clock = await world.start()
        expect(clock.nowSeconds()).toBe(november + 86400)
        expect(timeSourceName(clock.source)).toBe("RTC chip")
        expect(world.alarm).toBe(false)
        expect(clock.chipError).toBe("")
    })

    it("does not go behind the last known time for a chip that lost count", async () => {
        world.store(november)
        world.chip = new Ds3231Chip({ nowSeconds: () => 0, startSeconds: november - 3600 })
        const clock = await world.start()
        expect(clock.nowSeconds()).toBe(november)
        expect(clock.trusted()).toBe(false)
        expect(clock.chipError).toContain("set the clock")
    })

    it.each([
        ["of 2000", 946684800],
        ["of 2106", 0xffffffff],
    ])("ignores a time %s in flash", async (_title, seconds) => {
        world.store(seconds)
        expect((await world.start()).nowSeconds()).toBe(newBoard)
    })

    it.each([
        ["60 s behind the flash is the better clock", -60, true],
        ["61 s behind it has lost count", -61, false],
        ["years ahead is believed: the board was off", 5 * 365 * 86400, true],
        ["ten years ahead of this firmware is believed", tenYears - (november - release), true],
        ["further ahead has not counted: its cell does not last", tenYears + 30 * 86400, false],
        ["of 2053 is not believed", 27 * 365 * 86400, false],
    ])("a chip %s", async (_title, ahead, trusted) => {
        world.store(november)
        world.chip = new Ds3231Chip({ nowSeconds: () => 0, startSeconds: november + ahead })
        const clock = await world.start()
        expect(clock.trusted()).toBe(trusted)
        expect(clock.nowSeconds()).toBe(trusted ? november + ahead : november)
    })

    it.each([
        ["of the years before the clock's", Date.UTC(2023, 11, 31, 23, 59, 59) / 1000],
        ["of the next century", Date.UTC(2100, 0, 1) / 1000],
    ])("refuses a chip %s and says so", async (_title, seconds) => {
        world.chip = new Ds3231Chip({ nowSeconds: () => 0, startSeconds: seconds })
        const clock = await world.start()
        expect(clock.trusted()).toBe(false)
        expect(clock.nowSeconds()).toBe(newBoard)
        expect(clock.chipError).toBe("the clock chip has lost the time: set the clock")
    })

    it.each([
        ["the first", 0],
        ["the second", 1],
    ])("does not believe a chip of which the bus garbled %s reading", async (_title, garbled) => {
        const chip = { readings: 0, write: async () => {}, read: async () => 0 }
        // Bit 6 of the minutes: a time all the same, 40 minutes from the right one.
        chip.read = async () => november + (chip.readings++ === garbled ? 2400 : 0)
        const alarms = { set: () => {} }
        const settings = { number: () => 0, text: () => "" }
        const read = async (): Promise<undefined> => undefined
        const flash = { read, write: async () => {} } as unknown as Flash
        const clock = new Clock(world.ticks, settings, flash, alarms, chip)
        await clock.start()
        expect(clock.trusted()).toBe(false)
        expect(clock.chipError).not.toBe("")
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november)
        expect(clock.chipError).toBe("")
    })

    it.each([
        ["2053", Date.UTC(2053, 5, 1) / 1000, false],
        ["ten years after this firmware was made", release + tenYears, true],
        ["a second more", release + tenYears + 1, false],
        ["before this firmware was made", newBoard, true],
    ])(
        "a new board believes a chip of %s: by when it was made",
        async (_title, seconds, trusted) => {
            world.chip = new Ds3231Chip({ nowSeconds: () => 0, startSeconds: seconds })
            const clock = await world.start()
            expect(clock.trusted()).toBe(trusted)
            expect(world.alarm).toBe(!trusted)
            expect(clock.nowSeconds()).toBe(trusted ? seconds : newBoard)
            expect(clock.chipError).toBe(
                trusted ? "" : "the clock chip has lost the time: set the clock",
            )
        },
    )

    it("a board that knows of 2040 believes a chip of 2045", async () => {
        world.store(Date.UTC(2040, 0, 1) / 1000)
        const seconds = Date.UTC(2045, 0, 1) / 1000
        world.chip = new Ds3231Chip({ nowSeconds: () => 0, startSeconds: seconds })
        expect((await world.start()).trusted()).toBe(true)
    })

    it("never runs backwards over starts without any source", async () => {
        world.store(november)
        world.chip.absent = true
        let last = november
        for (let i = 0; i < 5; ++i) {
            const clock = await world.start()
            expect(clock.nowSeconds()).toBeGreaterThanOrEqual(last)
            world.pass(3600)
            await clock.persist()
            last = clock.nowSeconds()
            // Not stored any more: lost, but not gone back behind what was.
            world.pass(1800)
        }
        expect(last).toBe(november + 5 * 3600)
        expect(world.alarm).toBe(true)
    })

    it("does without a chip", async () => {
        world.store(november)
        world.chip.absent = true
        const clock = await world.start()
        expect(clock.nowSeconds()).toBe(november)
        expect(clock.chipError).not.toBe("")
        await clock.offer(november + 100, TimeSource.Person)
        expect(clock.trusted()).toBe(true)
    })
})

describe("clock that is set", () => {
    it("gives a person's time to the chip and the flash and lowers the flag", async () => {
        const clock = await world.start()
        world.pass(10)
        await clock.offer(november, TimeSource.Person)
        expect(clock.nowSeconds()).toBe(november)
        expect(world.chip.chipSeconds()).toBe(november)
        expect(world.stored()).toBe(november)
        expect(world.alarm).toBe(false)
    })

    it("is right in force and in flash though the chip does not take it, and says so", async () => {
        world.chip.absent = true
        const clock = await world.start()
        await clock.offer(november, TimeSource.Person)
        expect(clock.nowSeconds()).toBe(november)
        expect(world.stored()).toBe(november)
        expect(clock.chipError).not.toBe("")
        world.chip.absent = false
        await clock.offer(november, TimeSource.Person)
        expect(world.chip.chipSeconds()).toBe(november)
        expect(clock.chipError).toBe("")
    })

    it("follows a source that differs by two seconds", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        await clock.offer(november + 2, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november + 2)
        await clock.offer(november, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november)
    })

    it.each([
        ["a server", TimeSource.Http],
        ["the chip", TimeSource.Chip],
    ])("can be set back by %s too", async (_title, source) => {
        world.store(november)
        const clock = await world.start()
        await clock.offer(november - 7200, source)
        expect(clock.nowSeconds()).toBe(november - 7200)
        expect(clock.trusted()).toBe(true)
    })

    it("can be set back by a person", async () => {
        world.store(november)
        const clock = await world.start()
        await clock.offer(november - 86400, TimeSource.Person)
        expect(clock.nowSeconds()).toBe(november - 86400)
        expect((await world.start()).nowSeconds()).toBe(november - 86400)
    })

    it("keeps its phase when a source differs by less than two seconds", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.milliseconds += 1700
        const writes = world.flashWrites
        await clock.offer(november, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november + 1)
        world.milliseconds += 300
        expect(clock.nowSeconds()).toBe(november + 2)
        expect(clock.nowMs()).toBe((november + 2) * 1000)
        expect(world.flashWrites).toBe(writes)
    })

    it("keeps a person's time against lesser sources for a day, and no longer", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Person)
        world.pass(86399)
        await clock.offer(november, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november + 86399)
        world.pass(1)
        await clock.offer(november + 86500, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(november + 86500)
        expect(timeSourceName(clock.source)).toBe("time server")
    })

    it.each([0, -1, newBoard - 1, Date.UTC(2100, 0, 1) / 1000, NaN])(
        "refuses %d from a person and ignores it from a server",
        async seconds => {
            const clock = await world.start()
            await expect(clock.offer(seconds, TimeSource.Person)).rejects.toMatchObject({
                code: FaultCode.BadValue,
            })
            await clock.offer(seconds, TimeSource.Http)
            expect(clock.nowSeconds()).toBe(newBoard)
            expect(world.alarm).toBe(true)
        },
    )

    it("goes past 2038", async () => {
        const clock = await world.start()
        await clock.offer(2147483647, TimeSource.Person)
        world.pass(1)
        expect(clock.nowSeconds()).toBe(2147483648)
        await clock.persist()
        expect((await world.start()).nowSeconds()).toBe(2147483648)
    })
})

describe("clock whose chip is away when the time is set", () => {
    /** Its chip is months ahead, and away. */
    async function worldSet(source: TimeSource): Promise<Clock> {
        world.chip = new Ds3231Chip({
            nowSeconds: () => world.milliseconds / 1000,
            startSeconds: november + 90 * 86400,
        })
        const clock = await world.start()
        world.chip.absent = true
        await clock.offer(november, source)
        return clock
    }

    it.each([
        ["a person", TimeSource.Person],
        ["a server", TimeSource.Http],
    ])("gives %s's time to the chip within a minute of its return", async (_title, source) => {
        const clock = await worldSet(source)
        await clock.catchUp()
        expect(clock.chipError).not.toBe("")
        await clock.persist()
        expect(clock.chipError).not.toBe("")
        world.pass(100)
        world.chip.absent = false
        await clock.catchUp()
        expect(world.chip.chipSeconds()).toBe(november + 100)
        expect(clock.chipError).toBe("")
        const next = await world.start()
        expect(next.nowSeconds()).toBe(november + 100)
        expect(next.trusted()).toBe(true)
    })

    it("does not believe the chip's old time after a power cut, and says why", async () => {
        await worldSet(TimeSource.Person)
        world.chip.absent = false
        for (let start = 0; start < 3; ++start) {
            const clock = await world.start()
            expect(clock.nowSeconds()).toBe(november)
            expect(world.alarm).toBe(true)
            await clock.catchUp()
            await clock.persist()
            expect(clock.trusted()).toBe(false)
            expect(clock.chipError).toBe(
                "the clock chip missed the time that was set: set the clock",
            )
        }
        // A lower bound is nothing for the chip either.
        expect(world.chip.chipSeconds()).toBe(november + 90 * 86400)
        const clock = await world.start()
        await clock.offer(november + 50, TimeSource.Http)
        expect(world.chip.chipSeconds()).toBe(november + 50)
        expect((await world.start()).trusted()).toBe(true)
    })

    it("writes to flash once, however long the chip is away", async () => {
        const clock = await worldSet(TimeSource.Person)
        const writes = world.flashWrites
        for (let minute = 0; minute < 50; ++minute) {
            world.pass(60)
            await clock.catchUp()
            await clock.offer(november + 60 * (minute + 1), TimeSource.Person)
        }
        expect(world.flashWrites).toBe(writes)
    })

    it("leaves a chip alone that has the time", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Person)
        world.chip.offsetSeconds += 3
        await clock.catchUp()
        expect(world.chip.chipSeconds()).toBe(november + 3)
    })

    it.each([
        ["takes another time", november + 7],
        ["has lost the time at once", undefined],
    ])("is told of a chip that %s", async (_title, seconds) => {
        const chip = { write: async () => {}, read: async () => seconds }
        const alarms = { set: () => {} }
        const settings = { number: () => 0, text: () => "" }
        const flash: unknown = { read: async () => undefined, write: async () => {} }
        const clock = new Clock(world.ticks, settings, flash as Flash, alarms, chip)
        await clock.offer(november, TimeSource.Person)
        expect(clock.chipError).toBe("the clock chip did not take the time")
    })
})

describe("clock that runs", () => {
    it("does not follow a chip that jumps ahead of its own count", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.offsetSeconds += 61
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november + 90000)
        expect(clock.chipError).toContain("lost the time")
        expect(clock.trusted()).toBe(true)
        // Nor after a power cut; and it gets the time.
        expect((await world.start()).trusted()).toBe(false)
        await clock.catchUp()
        expect(world.chip.chipSeconds()).toBe(november + 90000)
        expect(clock.chipError).toBe("")
        const next = await world.start()
        expect([next.nowSeconds(), next.trusted()]).toEqual([november + 90000, true])
    })

    it("gives the time to a chip that has lost it meanwhile", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.stopOscillator(true)
        await clock.persist()
        expect(clock.chipError).toContain("lost the time")
        world.chip.stopOscillator(false)
        await clock.catchUp()
        expect(clock.chipError).toBe("")
        expect((await world.start()).nowSeconds()).toBe(november + 90000)
    })

    it("follows a chip that is a minute ahead, but no more", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.offsetSeconds += 60
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november + 90060)
    })

    it("does not believe a server of 2053, but a person", async () => {
        const clock = await world.start()
        const seconds = Date.UTC(2053, 5, 1) / 1000
        await clock.offer(seconds, TimeSource.Http)
        expect(clock.nowSeconds()).toBe(newBoard)
        expect(world.alarm).toBe(true)
        await clock.offer(seconds, TimeSource.Person)
        expect(clock.nowSeconds()).toBe(seconds)
        await clock.offer(seconds + 86400, TimeSource.Person)
        expect((await world.start()).nowSeconds()).toBe(seconds + 86400)
    })

    it("stores the time when asked to, whatever it runs on", async () => {
        const clock = await world.start()
        world.pass(3600)
        await clock.persist()
        expect(world.stored()).toBe(newBoard + 3600)
        world.pass(50)
        const next = await world.start()
        expect(next.nowSeconds()).toBe(newBoard + 3600)
    })

    it("follows the chip once the better source is a day old", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.offsetSeconds += 4
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november + 90004)
        expect(timeSourceName(clock.source)).toBe("RTC chip")
        expect(clock.trusted()).toBe(true)
    })

    it("stays with its own count when the chip stops", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Http)
        world.pass(90000)
        world.chip.stopOscillator(true)
        await clock.persist()
        expect(clock.nowSeconds()).toBe(november + 90000)
        expect(clock.chipError).toContain("lost the time")
    })

    it("knows the zone's offset, also after the zone was changed", async () => {
        const clock = await world.start()
        expect(clock.offsetMinutes(november)).toBe(0)
        world.texts[Key.TimeZone] = "CET-1CEST,M3.5.0,M10.5.0/3"
        expect(clock.offsetMinutes(november)).toBe(60)
        expect(clock.offsetMinutes(november + 150 * 86400)).toBe(120)
        world.texts[Key.TimeZone] = "-03:30"
        expect(clock.offsetMinutes(november)).toBe(-210)
        world.texts[Key.TimeZone] = "nowhere"
        expect(clock.offsetMinutes(november)).toBe(0)
    })

    it("counts milliseconds for what is aligned to it", async () => {
        const clock = await world.start()
        await clock.offer(november, TimeSource.Person)
        world.milliseconds += 250
        expect(clock.nowMs()).toBe(november * 1000 + 250)
    })
})

describe("time server", () => {
    const head =
        "HTTP/1.1 404 Not Found\r\nServer: x\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\r\n"

    it("is not asked when none is set", async () => {
        const clock = await world.start()
        expect(await clock.sync(world.tcp, world.lock)).toBe(false)
        expect(world.connections).toEqual([])
    })

    it.each([
        ["ntp.example.org", "ntp.example.org:80"],
        ["192.0.2.7:8080", "192.0.2.7:8080"],
    ])("%s is asked at %s, once, with the socket to itself", async (server, connection) => {
        world.texts[Key.TimeServer] = server
        world.answer = [head]
        const clock = await world.start()
        expect(await clock.sync(world.tcp, world.lock)).toBe(true)
        expect(world.connections).toEqual([connection])
        expect(world.sent).toBe(`HEAD / HTTP/1.1\r\nHost: ${server}\r\nConnection: close\r\n\r\n`)
        expect(world.closed).toBe(1)
        expect(world.owners).toEqual(["clock"])
        expect(clock.nowSeconds()).toBe(november)
        expect(timeSourceName(clock.source)).toBe("time server")
    })

    it.each([1, 7, 53])("may answer in pieces of %d bytes", async size => {
        world.texts[Key.TimeServer] = "h"
        for (let i = 0; i < head.length; i += size) world.answer.push(head.slice(i, i + size))
        const clock = await world.start()
        await clock.sync(world.tcp, world.lock)
        expect(clock.nowSeconds()).toBe(november)
    })

    it.each([
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ])("may say something before its answer: %j", async interim => {
        world.texts[Key.TimeServer] = "h"
        world.answer = [interim + head]
        const clock = await world.start()
        await clock.sync(world.tcp, world.lock)
        expect(clock.nowSeconds()).toBe(november)
    })

    it.each([
        ["nothing", []],
        ["no date", ["HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"]],
        ["half a date", ["HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:"]],
        ["endless noise", Array.from({ length: 100 }, () => "x".repeat(100))],
    ])("that answers %s is named", async (_title, answer) => {
        world.texts[Key.TimeServer] = "h"
        world.answer = answer
        const clock = await world.start()
        await expect(clock.sync(world.tcp, world.lock)).rejects.toMatchObject({
            code: FaultCode.TimeServerNoDate,
        })
        expect(world.closed).toBe(1)
        expect(clock.trusted()).toBe(false)
    })

    it("is left after 2 KiB, and after 30 s, that had no date", async () => {
        world.texts[Key.TimeServer] = "h"
        world.answer = Array.from({ length: 100 }, () => "x".repeat(100))
        const clock = await world.start()
        await expect(clock.sync(world.tcp, world.lock)).rejects.toThrow("without a date")
        expect(world.answer.length).toBe(100 - 21)
        world.answer = Array.from({ length: 100 }, () => "x")
        world.answerMs = 1000
        await expect(clock.sync(world.tcp, world.lock)).rejects.toThrow("without a date")
        expect(world.answer.length).toBe(100 - 30)
        expect(world.closed).toBe(2)
    })

    it.each([
        ["HTTP/1.0 200 OK", undefined],
        ["date:Sun, 22 Nov 2026 10:00:00 GMT", november],
        ["DATE:   Sun, 22 Nov 2026 10:00:00 GMT", november],
        ["Date: Sun, 22 Nov 2026 10:00:00 GMT and more", november],
        ["date:\t Sun, 22 Nov 2026 10:00:00 GMT \t", november],
        ["Date:Sun, 22 Nov 2026 10:00:00 GMT", november],
        ["X-Date: Sun, 22 Nov 2026 10:00:00 GMT", undefined],
        ["Date: yesterday", undefined],
        ["Date:", undefined],
    ])("line %j is dated %s", (text, seconds) => {
        expect(dateInLine(text)).toBe(seconds)
    })
})
