/**
 * Costs of the runtime's WebAssembly instructions on the ESP32, in cycles of its Xtensa LX6: [first
 * opcode, last opcode, cycles]. The same C code compiled for Xtensa keeps locals in registers, has
 * no hardware for double floats and divides in about ten cycles. Later rows override.
 */
const rows: readonly [first: number, last: number, cycles: number][] = [
    [0x0c, 0x0d, 2], // br, br_if
    [0x04, 0x04, 2], // if
    [0x0e, 0x0e, 6], // br_table
    [0x0f, 0x0f, 2], // return
    [0x10, 0x10, 8], // call: entry and retw, register windows now and then
    [0x11, 0x11, 10], // call_indirect
    [0x1b, 0x1b, 2], // select
    [0x23, 0x24, 2], // globals
    [0x28, 0x35, 2], // loads
    [0x29, 0x29, 3], // i64.load
    [0x2b, 0x2b, 3], // f64.load
    [0x36, 0x3e, 1], // stores
    [0x37, 0x37, 2], // i64.store
    [0x39, 0x39, 2], // f64.store
    [0x42, 0x42, 1], // i64.const
    [0x45, 0x4f, 1], // i32 comparisons
    [0x50, 0x5a, 3], // i64 comparisons
    [0x5b, 0x66, 25], // float comparisons
    [0x67, 0x69, 2], // clz, ctz, popcnt
    [0x6a, 0x78, 1], // i32 arithmetic
    [0x6d, 0x70, 10], // i32 division, remainder
    [0x79, 0x7b, 6], // i64 clz, ctz, popcnt
    [0x7c, 0x7d, 4], // i64 add, sub
    [0x7e, 0x7e, 10], // i64 mul
    [0x7f, 0x82, 120], // i64 division, remainder
    [0x83, 0x85, 2], // i64 logic
    [0x86, 0x8a, 8], // i64 shifts
    [0x8b, 0x91, 2], // f32, one operand
    [0x92, 0x98, 15], // f32, two operands
    [0x99, 0x9e, 10], // f64, one operand
    [0x9f, 0x9f, 600], // f64.sqrt
    [0xa0, 0xa1, 75], // f64 add, sub
    [0xa2, 0xa2, 90], // f64.mul
    [0xa3, 0xa3, 450], // f64.div
    [0xa4, 0xa6, 30], // f64 min, max, copysign
    [0xa8, 0xbb, 35], // conversions
    [0xac, 0xad, 1], // i64.extend_i32
]

const cyclesOf = new Uint16Array(256)
for (const [first, last, cycles] of rows) cyclesOf.fill(cycles, first, last + 1)

/** The cost of an instruction in counts of about one ESP32 cycle. */
export function instructionCost(opcode: number): number {
    return cyclesOf[opcode]
}
