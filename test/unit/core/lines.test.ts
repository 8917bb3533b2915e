import { describe, expect, it } from "vitest"
import { Deadline } from "../../../src/core/deadline"
import { lineReader } from "../../../src/core/lines"

/** A connection that delivers these events, with the board's sleeps in order. */
function bench(events: string[]) {
    const done: string[] = []
    const ticks = {
        nowMs: () => 0,
        sleep: async (ms: number) => void done.push(`sleep ${ms}`),
    }
    const stream = {
        receive: async () => {
            const event = events.shift()
            return event === undefined ? undefined : Buffer.from(event, "latin1")
        },
    }
    const lines = lineReader(stream as never, 100_000)
    const deadline = new Deadline(ticks as never, 1000)
    return { done, next: async () => await lines(deadline) }
}

describe("received lines", () => {
    it("get a rest after each sixteen from one event, longer than they take", async () => {
        const { done, next } = bench(["\n".repeat(1024)])
        for (let line = 1; line <= 1024; ++line) {
            expect(await next()).toBe("")
            // 2 ms per line; the fake time does not pass while a fiber computes.
            expect(done.length).toBe(Math.floor(line / 16))
        }
        expect([...new Set(done)]).toEqual(["sleep 60"])
    })

    it("are not delayed when they come one by one", async () => {
        const { done, next } = bench(Array.from({ length: 100 }, (_, i) => `220 ${i}\r\n`))
        for (let line = 0; line < 100; ++line) expect(await next()).toBe(`220 ${line}`)
        expect(done).toEqual([])
    })

    it("may be Latin-1, cut anywhere", async () => {
        const { next } = bench(["220 Gr\u00fc", "\u00dfe\r", "\n230 \u00e9"])
        expect(await next()).toMatch(/^220 Gr.*e$/)
        expect(await next()).toBeUndefined()
    })
})
