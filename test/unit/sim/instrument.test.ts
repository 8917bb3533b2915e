import { describe, expect, test } from "vitest"
import { instructionCost } from "../../../sim/wasm/cost"
import { instrument } from "../../../sim/wasm/instrument"
import { functionNames, signed, unsigned } from "../../../sim/wasm/reader"
import { fiberWakeTimeOffset, runtimeModule } from "../../../sim/wasm/runtimemodule"

const text = (name: string) => [...unsigned(name.length), ...Buffer.from(name)]
const section = (id: number, ...body: number[]) => [id, ...unsigned(body.length), ...body]
const i32 = 0x7f

/** (n) => n + (n - 1) + … + 1, in a loop, by hand after WebAssembly 1.0, chapter 5. */
const body = [
    ...[1, 1, i32],
    ...[0x03, 0x40], // loop
    ...[0x20, 1, 0x20, 0, 0x6a, 0x21, 1], // sum = sum + n
    ...[0x20, 0, 0x41, 1, 0x6b, 0x22, 0], // n = n - 1, and on the stack
    ...[0x0d, 0, 0x0b], // br_if 0, end
    ...[0x20, 1, 0x0b], // sum, end
]
const names = section(0, ...text("name"), 1, ...unsigned(9), 1, 0, ...text("adding"))
const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, 1, 0x60, 1, i32, 1, i32)]
const globals = section(6, 1, i32, 1, 0x41, ...signed(-7), 0x0b)
const tail = [
    ...section(7, 1, ...text("add"), 0, 0),
    ...section(10, 1, ...unsigned(body.length), ...body),
    ...names,
]
const module = Uint8Array.from([...head, ...section(3, 1, 0), ...globals, ...tail])

function started(wasm: Uint8Array) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource))
    return instance.exports as { add(n: number): number; count: WebAssembly.Global } & Record<
        string,
        WebAssembly.Global
    >
}

const counting = { counter: "count", globals: [], entries: {} }

describe("an instrumented module", () => {
    test("computes the same as before", () => {
        const plain = started(module)
        const counted = started(instrument(module, { ...counting, cost: () => 1 }))
        for (const n of [1, 2, 100, 70000]) expect(counted.add(n)).toBe(plain.add(n))
    })

    test("counts a known loop to the instruction", () => {
        const counted = started(instrument(module, { ...counting, cost: () => 1 }))
        expect(counted.count.value).toBe(0)
        // Nine instructions per iteration, the loop itself, and three after it.
        counted.add(5)
        expect(counted.count.value).toBe(1 + 5 * 9 + 3)
        counted.add(1)
        expect(counted.count.value).toBe(1 + 5 * 9 + 3 + (1 + 9 + 3))
    })

    test("counts by weight, the same in every run", () => {
        const counts = [1, 2].map(() => {
            const counted = started(instrument(module, { ...counting, cost: instructionCost }))
            counted.add(1000)
            return counted.count.value
        })
        // Per iteration: add 1, subtract 1, branch 2.
        expect(counts).toEqual([4000, 4000])
    })

    test("wraps at 32 bits, so that differences stay right", () => {
        const counted = started(instrument(module, { ...counting, cost: () => 0x10000000 }))
        counted.add(3)
        const before: number = counted.count.value
        counted.add(3)
        const blocks = (1 + 3 * 9 + 3) * 0x10000000
        expect((counted.count.value - before) >>> 0).toBe(blocks % 2 ** 32)
    })

    test("runs code inserted at a function's entry, with added globals", () => {
        const wasm = instrument(module, {
            ...counting,
            cost: () => 0,
            globals: [
                { name: "seen", initial: -3 },
                { name: "other", initial: 300 },
            ],
            entries: { adding: index => [0x20, 0, 0x24, ...index("seen")] },
        })
        const counted = started(wasm)
        expect([counted.seen.value, counted.other.value]).toEqual([-3, 300])
        counted.add(12)
        expect([counted.seen.value, counted.other.value]).toEqual([12, 300])
    })

    test("refuses a truncated module", () => {
        const cut = module.subarray(0, module.length - 3)
        expect(() => instrument(cut, { ...counting, cost: () => 1 })).toThrow("in the middle")
    })

    test("refuses a missing function, and an instruction of unknown length", () => {
        const entries = { absent: () => [] }
        expect(() => instrument(module, { ...counting, cost: () => 1, entries })).toThrow("absent")
        const strange = Uint8Array.from(module)
        strange[strange.indexOf(0x6a, module.length - body.length - names.length - 2)] = 0xfd
        expect(() => instrument(strange, { ...counting, cost: () => 1 })).toThrow("0xfd")
    })
})

describe("the runtime's module", () => {
    test("is compiled once, with the added globals", () => {
        const { wasm } = runtimeModule()
        expect(runtimeModule().wasm).toBe(wasm)
        const exported = WebAssembly.Module.exports(wasm).map(one => one.name)
        expect(exported).toEqual(expect.arrayContaining(["bms_counter", "bms_fiber", "bms_trap"]))
    })

    test("has a fiber's wake time at the place that the simulator writes", () => {
        // devs_fiber_set_wake_time(fiber, time) is one store: local.get 0, local.get 1, i32.store
        // align offset.
        const { original } = runtimeModule()
        const code = Buffer.from([0x20, 0, 0x20, 1, 0x36, 2, fiberWakeTimeOffset, 0x0b])
        expect(functionNames(original).has("devs_fiber_set_wake_time")).toBe(true)
        expect(Buffer.from(original).includes(code)).toBe(true)
    })
})
