import { beforeEach, describe, expect, test } from "vitest"
import { FaultCode } from "../../../src/core/fault"
import { Lock } from "../../../src/core/lock"
import { FakeTicks } from "../../support/faketicks"

let ticks: FakeTicks
let lock: Lock

beforeEach(() => {
    ticks = new FakeTicks()
    lock = new Lock(ticks, "card")
})

/** Holds the lock for some time and logs its begin and end. */
function hold(owner: string, ms: number, log: string[], timeoutMs = 10_000): Promise<string> {
    return lock.run(owner, timeoutMs, async () => {
        log.push(`${owner} in`)
        await ticks.sleep(ms)
        log.push(`${owner} out`)
        return owner
    })
}

test("a free lock is entered at once and returns the result", async () => {
    expect(await lock.run("a", 0, async () => 42)).toBe(42)
})

test("the owners get in one by one, in the order of arrival", async () => {
    const log: string[] = []
    const all = Promise.all([hold("a", 50, log), hold("b", 5, log), hold("c", 1, log)])
    expect(await ticks.finish(all)).toEqual(["a", "b", "c"])
    expect(log).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"])
})

test("an owner that returns at once does not overtake a waiting one", async () => {
    const log: string[] = []
    const greedy = (async () => {
        for (let i = 0; i < 3; ++i) await hold("greedy", 10, log)
    })()
    const other = hold("other", 10, log)
    await ticks.finish(Promise.all([greedy, other]))
    expect(log.indexOf("other in")).toBe(2)
})

test("an owner that waits too long gets a fault that names the holder", async () => {
    const log: string[] = []
    const long = hold("upload", 5000, log)
    const short = hold("logger", 1, log, 300).catch(error => error)
    const fault = await ticks.finish(short)
    expect(fault.code).toBe(FaultCode.LockTimeout)
    expect(fault.message).toBe("card is in use by upload: logger waited 300 ms")
    expect(fault.evidence).toBe(300)
    await ticks.finish(long)
    expect(log).toEqual(["upload in", "upload out"])
})

test("an owner that gave up does not delay the next ones", async () => {
    const log: string[] = []
    const first = hold("a", 1000, log)
    const second = hold("b", 1, log, 100).catch(() => "gave up")
    const third = hold("c", 1, log)
    expect(await ticks.finish(Promise.all([first, second, third]))).toEqual(["a", "gave up", "c"])
})

test("work that throws releases the lock and passes on its error", async () => {
    await expect(
        lock.run("a", 0, async () => {
            throw new Error("broken")
        }),
    ).rejects.toThrow("broken")
    expect(await lock.run("b", 0, async () => "in")).toBe("in")
})

describe("two calls of one owner", () => {
    test("exclude each other", async () => {
        const log: string[] = []
        const both = Promise.all([hold("a", 10, log), hold("a", 10, log)])
        await ticks.finish(both)
        expect(log).toEqual(["a in", "a out", "a in", "a out"])
    })
})

describe("a pause in the middle of the work", () => {
    /** Works in three steps with a pause between them. */
    function steps(owner: string, log: string[]): Promise<void> {
        return lock.run(owner, 10_000, async () => {
            for (let i = 0; i < 3; ++i) {
                if (i > 0) await lock.pause()
                log.push(owner + i)
                await ticks.sleep(5)
            }
        })
    }

    test("lets one waiting owner have its turn", async () => {
        const log: string[] = []
        await ticks.finish(Promise.all([steps("a", log), hold("b", 50, log), hold("c", 50, log)]))
        expect(log).toEqual(["a0", "b in", "b out", "a1", "c in", "c out", "a2"])
    })

    test("lets two long jobs take turns", async () => {
        const log: string[] = []
        await ticks.finish(Promise.all([steps("a", log), steps("b", log)]))
        expect(log).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"])
    })

    test("lets a third owner in that waits behind two long jobs", async () => {
        const log: string[] = []
        await ticks.finish(Promise.all([steps("a", log), steps("b", log), hold("c", 50, log)]))
        expect(log).toEqual(["a0", "b0", "a1", "c in", "c out", "a2", "b1", "b2"])
    })

    test("does not let in the same owner, or anyone behind it", async () => {
        const log: string[] = []
        await ticks.finish(Promise.all([steps("a", log), hold("a", 50, log), hold("b", 5, log)]))
        expect(log).toEqual(["a0", "a1", "a2", "a in", "a out", "b in", "b out"])
    })

    test("of the favoured owner lets others in only after 300 ms", async () => {
        const log: string[] = []
        lock = new Lock(ticks, "the card", "a")
        const long = lock.run("a", 10_000, async () => {
            for (let i = 0; i < 8; ++i) {
                if (i > 0) await lock.pause()
                log.push("a" + i)
                await ticks.sleep(99)
            }
        })
        await ticks.finish(Promise.all([long, steps("b", log)]))
        const turns = ["a0 a1 a2 a3", "b0", "a4 a5 a6 a7", "b1", "b2"]
        expect(log.join(" ")).toBe(turns.join(" "))
    })

    test("suspends even if no owner waits", async () => {
        const work = lock.run("a", 0, async () => await lock.pause())
        let done = false
        void work.then(() => (done = true))
        await ticks.advance(0)
        expect(done).toBe(false)
        await ticks.finish(work)
    })
})
