import { expect, test } from "vitest"
import { HeapGauge } from "../../sim/heap"
import { type HeapBlock, HeapMap, type HeapState } from "../../sim/heapmap"
import { runImage } from "../../tools/verify"
import { programImage } from "../support/compiler"

const pieces = 8
/** A buffer's header and its content, in whole words. */
const pieceBlock = 12 + 1000

test("the heap map agrees with the runtime's collector", async () => {
    const image = await programImage("test/vm/programs/heap/fragments.ts")
    const map = new HeapMap()
    const gauge = new HeapGauge()
    const seen: Record<string, HeapState & { live: number; dead: number }> = {}
    const run = await runImage(image, "", 5000, (line, memory) => {
        const moment = /^> (cut|dropped|asking)\b/.exec(line)?.[1] ?? (/stats:/.test(line) && "end")
        if (!moment || !map.look(memory)) return
        gauge.sample(memory)
        const count = (blocks: Iterable<HeapBlock>) =>
            [...blocks].filter(({ bytes }) => bytes === pieceBlock).length
        const live = count(map.reachable())
        seen[moment] = { ...map.state(), live, dead: count(map.blocks()) - live }
    })
    expect(run.panic, run.lines.join("\n")).toBe(60004)

    // Eight kept, eight to be dropped, and three that a sleeping fiber holds.
    expect(seen.cut).toMatchObject({ live: 2 * pieces + 3, dead: 0 })
    // They are garbage at once, long before a collection.
    expect(seen.dropped).toMatchObject({ live: pieces + 3, dead: pieces })
    const freed = seen.dropped.freeBytes - seen.cut.freeBytes
    expect(Math.abs(freed - pieces * pieceBlock)).toBeLessThan(64)

    // The runtime's own counts, after the collection that did not help.
    const stats = run.lines.map(line => /(\d+) B used, (\d+) B free \((\d+) B max block/.exec(line))
    const [used, free, largest] = stats
        .find(match => match)!
        .slice(1)
        .map(Number)
    expect(seen.end).toMatchObject({
        liveBytes: used,
        freeBytes: free,
        largestFreeBytes: largest,
    })
    expect(gauge).toMatchObject({
        peakBytes: used,
        freeBytesMin: free,
        largestFreeMin: largest,
    })
})
