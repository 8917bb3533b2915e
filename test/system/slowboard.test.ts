import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { watchdogMs } from "../../sim/cpu"
import { firmware, readManifest } from "../../tools/firmware"
import { fullUse } from "../support/busyboard"
import { SimulatedBoard } from "../support/simulatedboard"

// The board at the slowest profile, with all of its work at once for half an hour.

const minutes = 30
/**
 * Lines that a person types in a minute, and the seconds between them. Each changed setting causes
 * a backup to the card.
 */
const typed = (minute: number): (string | number)[] => [
    ...["describe", 6, "status", "journal", 8, "card ls LOG"],
    ...[`set battery.imbalance ${1000 + minute}`, 5, "describe"],
    ...["card tail LOG/20260301.CSV 20", 9, "export", "cells", 7, "tasks", 14],
]

let board: SimulatedBoard
let longestTurnMs = 0

beforeAll(async () => {
    const { imagePath } = await firmware(readManifest().entries.simulator)
    board = new SimulatedBoard(imagePath, { cpu: "slow" })
    const { clock } = board.simulation
    clock.onExecuted = ms => (longestTurnMs = Math.max(longestTurnMs, ms))
    await board.simulation.start()
    for (const line of fullUse) await board.run(line)
    await board.run("set ftp.period 10")
    await board.sleep(30_000)
    for (let minute = 0; minute < minutes; ++minute)
        for (const one of typed(minute))
            if (typeof one === "string") await board.run(one)
            else await board.sleep(one * 1000)
}, 240_000)
afterAll(async () => {
    await board?.end()
})

/** The `time` column of today's records, as Unix seconds. */
async function secondsOf(directory: string): Promise<number[]> {
    const text = await board.run(`card tail ${directory}/20260301.CSV 1700`)
    const records = text.split("\n").filter(line => /^2026-/.test(line))
    return records.map(line => Date.parse(line.slice(0, 19).replace(" ", "T") + "Z") / 1000)
}

/** The longest delay of a task, in ms. */
async function lateMs(task: string): Promise<number> {
    const row = (await board.run("tasks")).split("\n").find(line => line.startsWith(task + " "))
    return Number(/late by (\d+) ms/.exec(row!)![1])
}

describe("half an hour of a slow board", () => {
    test("nothing is reset, fails or times out", () => {
        const { ftp, records } = board.simulation.summary(0)
        expect(board.simulation.board.resets).toBe(0)
        expect(records.lost).toBe(0)
        expect(ftp.failures).toBe(0)
        expect(ftp.logins).toBeGreaterThan(minutes)
        const bad = /PANIC|fault|waited|time-out|watchdog|abort|stuck|failed|lost/i
        expect(board.log.filter(one => bad.test(one.text))).toEqual([])
        expect(board.log.length).toBeGreaterThan(minutes * 50)
    })

    test("battery and alarms are checked in time", async () => {
        expect(await lateMs("battery")).toBeLessThanOrEqual(500)
        expect(await lateMs("alarms")).toBeLessThanOrEqual(500)
    })

    test.each(["LOG", "CELL"])("each second is in %s", async directory => {
        const seconds = await secondsOf(directory)
        expect(seconds.length).toBeGreaterThan(1600)
        const steps = seconds.slice(1).map((at, i) => at - seconds[i])
        expect(steps.filter(step => step !== 1)).toEqual([])
    })

    test("the main loop turns long before the watchdog triggers", () => {
        expect(longestTurnMs).toBeGreaterThan(100)
        expect(longestTurnMs).toBeLessThan(watchdogMs / 2)
    })

    test("the heap has room", () => {
        const { heap } = board.simulation.summary(0)
        expect(heap.freeBytesMin).toBeGreaterThanOrEqual(8192)
        expect(heap.largestFreeMin).toBeGreaterThanOrEqual(1024)
    })
})
