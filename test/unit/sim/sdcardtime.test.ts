import { describe, expect, it } from "vitest"
import { SdCardChip, type SdCardTiming } from "../../../sim/chips/sdcard"
import { usualSdCardTiming } from "../../../sim/chips/sdcardpace"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { generator } from "../../../sim/random"

// The emulated card's own timing and its clock edges, byte by byte on the wire.

const hz = 20_000_000
/** A byte on the wire, ms. */
const byteMs = 8000 / hz

/** A card that is ready and selected, with a settable clock. */
function started(timing: Partial<SdCardTiming> = {}) {
    const clock = { ms: 0 }
    const store = new MemoryStore(8192 * 2048)
    const chip = new SdCardChip(store, {
        initPolls: 0,
        timing: { random: generator(3), ...timing, nowMs: () => clock.ms },
    })
    const exchange = (out: number[], clocks = 0) => {
        const back = chip.transfer(
            Uint8Array.from([...out, ...new Array<number>(clocks).fill(0xff)]),
        )
        clock.ms += back.length * byteMs
        return [...back]
    }
    const command = (index: number, argument: number, clocks = 16) =>
        exchange(
            [
                0xff,
                0x40 + index,
                argument >>> 24,
                (argument >>> 16) & 255,
                (argument >>> 8) & 255,
                argument & 255,
                index === 0 ? 0x95 : 0x87,
            ],
            clocks,
        )
    chip.configure(hz)
    exchange([], 10)
    chip.select(true)
    command(0, 0)
    command(8, 0x1aa)
    command(55, 0)
    command(41, 0x40000000)
    const data = (token: number) => [0xff, token, ...new Array<number>(512).fill(0x33), 0, 0]
    return { clock, chip, store, exchange, command, data }
}

const fixed = (ms: number) => ({ ms: [ms, ms] as const })
const calm = fixed(0)

describe("the emulated card with its own timing", () => {
    it("sends a block at its time, within a transfer by the bytes on the wire", () => {
        const { clock, command, exchange } = started({ read: fixed(1) })
        const startMs = clock.ms
        command(17, 5)
        // Seven bytes of command; the time counts from the last one.
        const at = (startMs + 6 * byteMs + 1 - clock.ms) / byteMs
        const back = exchange([], Math.ceil(at) + 3)
        expect(Math.abs(back.indexOf(0xfe) - at)).toBeLessThan(1.5)
        expect(at).toBeGreaterThan(2400)
    })

    it("sends a block at once if board time is past that", () => {
        const { clock, command, exchange } = started({ read: fixed(1) })
        command(17, 5)
        expect(exchange([], 20)).not.toContain(0xfe)
        clock.ms += 1
        expect(exchange([], 20)[0]).toBe(0xfe)
    })

    it("is busy until its time is over, however few bytes are clocked", () => {
        const { clock, command, exchange, data } = started({ write: fixed(0.9), tidying: calm })
        command(24, 5)
        const back = exchange(data(0xfe), 20)
        expect(back[516] & 0x1f).toBe(0x05)
        expect(back.slice(517).every(byte => byte === 0x00)).toBe(true)
        clock.ms += 0.8
        expect(exchange([], 4)).toEqual([0, 0, 0, 0])
        clock.ms += 0.1
        expect(exchange([], 4)).toEqual([0xff, 0xff, 0xff, 0xff])
    })

    it("continues programming while deselected, and is not ready earlier", () => {
        const { clock, chip, command, exchange, data } = started({
            write: fixed(5),
            tidying: calm,
        })
        command(24, 5)
        exchange(data(0xfe), 1)
        chip.select(false)
        exchange([], 3)
        clock.ms += 4
        chip.select(true)
        expect(exchange([], 1)).toEqual([0])
        clock.ms += 1
        expect(exchange([], 1)).toEqual([0xff])
    })

    it("programs a stream's block faster than a single one, and its end like a single one", () => {
        const { clock, command, exchange, data } = started({
            write: fixed(0.9),
            streamBlock: fixed(0.05),
            tidying: calm,
        })
        const busyMs = () => {
            const startMs = clock.ms
            while (exchange([], 1)[0] !== 0xff);
            return clock.ms - startMs
        }
        command(25, 5)
        for (let block = 0; block < 3; ++block) {
            expect(exchange(data(0xfc), 2)[516] & 0x1f).toBe(0x05)
            expect(busyMs()).toBeCloseTo(0.05, 2)
        }
        exchange([0xfd], 2)
        expect(busyMs()).toBeCloseTo(0.9, 2)
    })

    it("accepts no token while busy: that block is lost, the stream is not", () => {
        const { clock, command, exchange, data, store } = started({
            streamBlock: fixed(3),
            tidying: calm,
        })
        command(25, 5)
        exchange(data(0xfc), 2)
        expect(exchange(data(0xfc), 2)[516]).toBe(0)
        clock.ms += 5
        expect(exchange(data(0xfc), 2)[516] & 0x1f).toBe(0x05)
        expect([...store.written()]).toEqual([5, 6])
    })

    it("draws the usual times from its own random stream, the same for the same seed", () => {
        const times = (seed: number) => {
            const { clock, command, exchange, data } = started({ random: generator(seed) })
            const all: number[] = []
            for (let i = 0; i < 400; ++i) {
                command(24, i)
                exchange(data(0xfe), 1)
                const startMs = clock.ms
                while (exchange([], 1)[0] !== 0xff);
                all.push(clock.ms - startMs)
            }
            return all
        }
        const all = times(11)
        expect(times(11)).toEqual(all)
        expect(times(12)).not.toEqual(all)
        const usual = all.filter(ms => ms > 0.84 && ms < 1.01).length
        const slow = all.filter(ms => ms >= 2).length
        expect(usual + slow).toBe(400)
        expect(slow).toBeGreaterThan(3)
        expect(slow).toBeLessThan(30)
    })

    it("tidies up after one write in a hundred on bad days, for up to 250 ms", () => {
        const tidying = { ms: [0, 0] as const, tail: { share: 0.01, ms: [20, 250] as const } }
        const { clock, command, exchange, data } = started({ tidying })
        let long = 0
        for (let i = 0; i < 1000; ++i) {
            command(24, i)
            exchange(data(0xfe), 1)
            const startMs = clock.ms
            while (exchange([], 100).at(-1) !== 0xff);
            if (clock.ms - startMs > 20) long++
            expect(clock.ms - startMs).toBeLessThan(256)
        }
        expect(long).toBeGreaterThan(3)
        expect(long).toBeLessThan(25)
        expect(usualSdCardTiming.tidying.tail!.share).toBeLessThan(0.001)
    })

    it("begins no transfer before the end of the previous one", () => {
        const { clock, command, exchange, data } = started({ write: fixed(1), tidying: calm })
        command(24, 5)
        const startMs = clock.ms
        exchange(data(0xfe), 20)
        // A stopped clock: only the bytes take time.
        let bytes = 0
        do {
            clock.ms = startMs
            bytes++
        } while (exchange([], 1)[0] !== 0xff)
        expect(bytes * byteMs).toBeCloseTo(1 - 20 * byteMs, 1)
    })

    it("rejects a block past its last one", () => {
        const { command, exchange, data, clock } = started({ streamBlock: calm, tidying: calm })
        command(25, 8192 * 2048 - 1)
        expect(exchange(data(0xfc), 4)[516] & 0x1f).toBe(0x05)
        expect(exchange(data(0xfc), 4)[516] & 0x1f).toBe(0x0d)
        // From then on only CMD12 ends the stream.
        expect(exchange(data(0xfc), 4)[516]).toBe(0xff)
        expect(exchange([0xfd], 6)).not.toContain(0)
        expect(command(12, 0)).toContain(0)
        clock.ms += 1
        const status = command(13, 0)
        expect(status.slice(8, 10)).toEqual([0, 0x80])
    })
})

describe("a stray clock edge", () => {
    it("shifts the input and output of a selected card by a bit, until it is deselected", () => {
        const { chip, command, exchange } = started()
        // CMD58: 7a 00 00 00 00 87, answered with c0 ff 80 00 after R1.
        expect(command(58, 0).slice(7, 14)).toEqual([0xff, 0x00, 0xc0, 0xff, 0x80, 0x00, 0xff])
        chip.strayClock()
        // The end of the argument and the 87 look like CMD3, which is illegal: 04, a bit early.
        expect(command(58, 0).slice(11, 15)).toEqual([0xff, 0xfe, 0x09, 0xff])
        // The same command, deliberately shifted by a bit: so is its answer.
        const shifted = exchange([0xfe, 0xf4, 0, 0, 0, 0x01, 0x0f, 0xff], 12)
        expect(shifted.slice(7, 14)).toEqual([0xfe, 0x01, 0x81, 0xff, 0x00, 0x01, 0xff])
        chip.select(false)
        chip.select(true)
        expect(command(58, 0).slice(7, 14)).toEqual([0xff, 0x00, 0xc0, 0xff, 0x80, 0x00, 0xff])
    })

    it("comes with each new bus rate, and after eight edges the bytes align again", () => {
        const { chip, command } = started()
        for (let edges = 1; edges <= 8; ++edges) {
            chip.configure(hz)
            const answered = command(58, 0)[8] === 0x00
            expect(answered, `${edges} edges`).toBe(edges === 8)
        }
    })

    it("does not affect a deselected or missing card", () => {
        const { chip, command } = started()
        chip.select(false)
        chip.configure(400_000)
        chip.configure(hz)
        chip.select(true)
        expect(command(58, 0)[8]).toBe(0x00)
        chip.pull()
        chip.configure(hz)
        expect(command(58, 0)).toEqual(new Array<number>(23).fill(0xff))
    })
})

describe("a card left in the middle of a stream", () => {
    it("continues with it when selected again, and answers only to its end", () => {
        const { chip, command, exchange, data, clock } = started({
            streamBlock: fixed(0.05),
            tidying: calm,
        })
        command(25, 5)
        exchange(data(0xfc), 2)
        exchange(data(0xfc).slice(0, 100))
        chip.select(false)
        chip.select(true)
        // The rest of the block.
        exchange([], 414)
        clock.ms += 1
        expect(command(0, 0)).toEqual(new Array<number>(23).fill(0xff))
        exchange([0xfd], 4)
        clock.ms += 5
        expect(command(0, 0)[8]).toBe(0x01)
    })
})
