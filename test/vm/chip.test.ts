import { expect, test } from "vitest"
import { runProgram } from "../support/vmprogram"

const texts = (run: { lines: { text: string }[] }) => run.lines.map(one => one.text).join("\n")

test("an empty flash write aborts with the chip's own message", async () => {
    const run = await runProgram("test/vm/programs/chip/emptyvalue.ts", 10_000)
    expect(texts(run)).toContain("empty value next")
    expect(texts(run)).not.toContain("survived")
    expect(run.abort?.[0]).toBe("ESP_ERROR_CHECK failed: esp_err_t 0x102 (ESP_ERR_INVALID_ARG)")
    expect(run.abort?.at(-1)).toBe("abort() was called")
})

test("the watchdog aborts a main loop turn after five seconds", async () => {
    const run = await runProgram("test/vm/programs/chip/starving.ts", 20_000)
    expect(texts(run)).toContain("starving")
    expect(texts(run)).not.toContain("survived")
    expect(run.abort?.[0]).toContain("Task watchdog got triggered")
})

test("a sleep ends at the next 10 ms tick of the main loop", async () => {
    const { lines } = await runProgram("test/vm/programs/chip/ticks.ts", 2_000)
    const woke = lines.filter(one => one.text.endsWith("woke")).map(one => one.atMs)
    expect(woke).toHaveLength(5)
    for (const atMs of woke) {
        expect(atMs % 10).toBeLessThan(1)
        expect(atMs % 10).toBeGreaterThan(0)
    }
    expect(woke.map(atMs => Math.floor((atMs - woke[0]) / 10))).toEqual([0, 1, 2, 3, 4])
})

test("a loop takes the profile's time, the same on every run", async () => {
    const loopMs = async (cpu: "esp32" | "slow" | "fast") => {
        const run = await runProgram("test/vm/programs/chip/ticks.ts", 2_000, { cpu })
        return run.at("loop ends") - run.at("loop begins")
    }
    const nominal = await loopMs("esp32")
    // 2,000 iterations of about six opcodes, 5 µs each.
    expect(nominal).toBeGreaterThan(30)
    expect(nominal).toBeLessThan(90)
    expect(await loopMs("esp32")).toBe(nominal)
    expect((await loopMs("slow")) / nominal).toBeCloseTo(22 / 12.5, 6)
    expect((await loopMs("fast")) / nominal).toBeCloseTo(5 / 12.5, 6)
})

test("other fibers keep running while one only makes SPI transfers", async () => {
    const run = await runProgram("test/vm/programs/chip/transfers.ts", 5_000)
    const tookMs = run.at("transfers end") - run.at("transfers begin")
    // 0.22 ms for 544 bytes at 20 MHz, 0.04 to 0.1 ms in the driver, the loop's turn, the opcodes.
    expect(tookMs / 500).toBeGreaterThan(0.34)
    expect(tookMs / 500).toBeLessThan(0.75)
    const turns = Number(/turns of the other fiber (\d+)/.exec(texts(run))![1])
    expect(turns).toBeGreaterThanOrEqual(Math.floor(tookMs / 10) - 3)
})

test("a fiber runs next when its transfer ends, even within a main loop turn", async () => {
    const run = await runProgram("test/vm/programs/chip/busy.ts", 5_000)
    const [, runs, transfers] = /runs (\d+) transfers (\d+)/.exec(texts(run))!.map(Number)
    // A run takes more than 20 ms, its pause 1 ms: two alternating fibers never end a loop turn.
    expect(runs).toBeGreaterThan(30)
    expect(transfers).toBeGreaterThan(runs - 3)
})

test("an I2C transfer blocks everything for its time on the wire, or 20 ms unanswered", async () => {
    const run = await runProgram("test/vm/programs/chip/transfers.ts", 5_000)
    const readMs = run.at("register read ends") - run.at("register read begins")
    expect(readMs).toBeGreaterThan(0.18 + 5 * 0.0225)
    expect(readMs).toBeLessThan(2)
    expect(run.at("no answer") - run.at("register read ends")).toBeGreaterThan(20)
})

test("circular cluster chains end in an error message and never stop the program", async () => {
    const run = await runProgram("test/vm/programs/chip/circles.ts", 600_000)
    expect(run.panic, texts(run)).toBeUndefined()
    for (const name of ["open", "make", "list"])
        run.at(`${name}: a directory has no end: repair it on a PC`)
    run.at("names: 57344")
    for (const name of ["seek", "append"])
        run.at(`${name}: the file system is damaged: repair it on a PC`)
    run.at("survived")
})
