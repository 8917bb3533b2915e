import { describe, expect, it } from "vitest"
import { RecordQueue } from "../../../src/logs/queue"
import { LogKind } from "../../../src/logs/record"

function fill(queue: RecordQueue, count: number, line: string): void {
    for (let i = 0; i < count; ++i) queue.add(LogKind.Main, 0, line, i)
}

function drain(queue: RecordQueue): number[] {
    const seconds: number[] = []
    const next = () => queue.first(LogKind.Main)
    for (let record = next(); record; record = next()) {
        seconds.push(record.epochSeconds)
        expect(queue.drop(record)).toBe(true)
    }
    return seconds
}

describe("record queue", () => {
    it("yields records in the order of arrival", () => {
        const queue = new RecordQueue()
        fill(queue, 5, "line\r\n")
        expect(queue.count()).toBe(5)
        expect(drain(queue)).toEqual([0, 1, 2, 3, 4])
        expect(queue.count()).toBe(0)
        expect(queue.lost).toBe(0)
    })

    it("drops the oldest beyond 32 records and counts them", () => {
        const queue = new RecordQueue()
        fill(queue, 40, "x")
        expect(queue.lost).toBe(8)
        expect(drain(queue)).toEqual(Array.from({ length: 32 }, (_, i) => i + 8))
    })

    it("drops the oldest beyond 4 KiB of text", () => {
        const queue = new RecordQueue()
        fill(queue, 30, "x".repeat(200))
        expect(queue.count()).toBe(20)
        expect(queue.lost).toBe(10)
    })

    it("has its room back after records are removed", () => {
        const queue = new RecordQueue()
        for (let round = 0; round < 10; ++round) {
            fill(queue, 20, "x".repeat(200))
            expect(drain(queue).length).toBe(20)
        }
        expect(queue.lost).toBe(0)
    })

    it("keeps the two logs separate and in order", () => {
        const queue = new RecordQueue()
        for (let i = 0; i < 6; ++i) queue.add(i & 1, 0, "x".repeat(i), i)
        const second = queue.first(LogKind.Cell)!
        expect(second.epochSeconds).toBe(1)
        expect(queue.drop(second)).toBe(true)
        expect(queue.first(LogKind.Cell)!.epochSeconds).toBe(3)
        expect(drain(queue)).toEqual([0, 2, 4])
        expect(queue.count()).toBe(2)
        expect(queue.first(LogKind.Main)).toBeUndefined()
    })

    it("tolerates the removal of a record that was already dropped", () => {
        const queue = new RecordQueue()
        fill(queue, 1, "x")
        const first = queue.first(LogKind.Main)!
        fill(queue, 32, "x")
        expect(queue.drop(first)).toBe(false)
        expect(queue.count()).toBe(32)
        expect(queue.lost).toBe(1)
        drain(queue)
        expect(queue.first(LogKind.Main)).toBeUndefined()
        fill(queue, 20, "x".repeat(204))
        expect(queue.lost).toBe(1)
    })
})
