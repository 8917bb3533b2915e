import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Board } from "../../../src/core/seams"
import { Alarm } from "../../../src/core/alarm"
import { Journal, journalPositions } from "../../../src/journal/journal"
import { MemoryFlash } from "../../support/memoryflash"

// Services of the runtime for every board: fibers that survive a fault, and a log with whole lines.

vi.mock("@devicescript/core", async () => ({
    ...(await import("../../support/settingsservice")).natives,
    Wifi: class {
        gotIp = { subscribe: () => {} }
        lostIp = { subscribe: () => {} }
    },
    Fiber: { self: () => ({}) },
    deviceIdentifier: () => "0123456789abcdef",
    _dcfgString: () => "v9",
    millis: () => 0,
}))

const { runtimeBoard } = await import("../../../src/board/runtime")

// In DeviceScript a function can be started as a fiber.
Object.defineProperty(Function.prototype, "start", {
    value(this: (...values: unknown[]) => unknown, ...values: unknown[]) {
        fibers.push(Promise.resolve(this(...values)))
    },
})
let fibers: Promise<unknown>[]
let board: Board
let lines: string[]

beforeEach(() => {
    fibers = []
    lines = []
    vi.spyOn(console, "log").mockImplementation(line => void lines.push(line as string))
    board = runtimeBoard({} as never, {} as never, {} as never)
})

afterEach(() => {
    vi.restoreAllMocks()
})

/** Bytes of a line that the ESP32's log takes after "> ". */
const lineBytes = 156

describe("a fiber", () => {
    test("that throws is logged and ends, without further effect", async () => {
        board.spawn(async () => {
            throw new Error("x of undefined")
        })
        await Promise.all(fibers)
        expect(fibers).toHaveLength(1)
        expect(lines).toEqual(["fault: x of undefined"])
    })

    test("that succeeds is not logged", async () => {
        let done = false
        board.spawn(async () => void (done = true))
        await Promise.all(fibers)
        expect([done, lines]).toEqual([true, []])
    })
})

describe("a line of the log", () => {
    const fits = () => {
        for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(lineBytes)
    }

    test.each([0, 1, 155, 156])("of %i characters stays one line", length => {
        board.log("x".repeat(length))
        expect(lines).toEqual(["x".repeat(length)])
    })

    test("that is longer goes out in pieces, cut at blanks, without loss", () => {
        for (const length of [157, 200, 313, 1000]) {
            lines.length = 0
            const text = "some words ".repeat(100).slice(0, length)
            board.log(text)
            expect(lines.length).toBeGreaterThan(1)
            fits()
            expect(lines.join("")).toBe(text)
            for (const line of lines.slice(1)) expect(line[0]).toBe(" ")
        }
    })

    test("without blanks is cut at the limit", () => {
        board.log("x".repeat(500))
        fits()
        expect(lines.map(line => line.length)).toEqual([156, 156, 156, 32])
    })

    test("in another alphabet loses no character", () => {
        for (const text of [
            "ü".repeat(200),
            "€ ".repeat(150),
            "𝄞".repeat(60),
            "é" + "x".repeat(200),
        ]) {
            lines.length = 0
            board.log(text)
            fits()
            expect(lines.join("")).toBe(text)
        }
    })

    test("with the longest journal entry stays whole", async () => {
        const journal = new Journal(new MemoryFlash())
        await journal.load()
        journal.lastSequence = 4_294_967_200 - (4_294_967_200 % journalPositions)
        await journal.record(4_000_000_000, 0x1ffffff & ~0xfe00, Alarm.OvercurrentDischarge, 3)
        const text =
            "journal: record " + journal.describe(journal.lastSequence, () => "2096-10-02 07:06:40")
        expect(text.length).toBeGreaterThan(330)
        board.log(text)
        fits()
        expect(lines.join("")).toBe(text)
        expect(text).toContain("RECORDS_LOST, SAFE_MODE")
    })
})
