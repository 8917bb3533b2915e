import { type Expression, type Statement, expression, label } from "./code"
import { Op, argumentCount, hasOperand, isJump, isStatement } from "./opcodes"

const FIRST_DIRECT_LITERAL = 0x80
const DIRECT_LITERAL_ZERO = 0x90
const FIRST_LONG_NUMBER = 0xf8

/** The greatest operand of one byte. */
export const GREATEST_SHORT_NUMBER = FIRST_LONG_NUMBER - 1

/** The code of one function as statements; a jump's operand becomes the label it leads to. */
export function decodeFunction(bytes: Uint8Array): Statement[] {
    const statements: { start: number; one: Statement }[] = []
    /** By the byte that they stand before. */
    const labels = new Map<number, Statement>()
    let at = 0
    let start = 0
    const stack: Expression[] = []
    while (at < bytes.length) {
        const opAt = at
        const op = bytes[at++]
        // A function is padded with zeros to a multiple of four bytes; no opcode is zero.
        if (op === 0) break
        if (op >= FIRST_DIRECT_LITERAL) {
            stack.push(expression(Op.Literal, op - DIRECT_LITERAL_ZERO))
            continue
        }
        let value = 0
        if (hasOperand(op)) [value, at] = readNumber(bytes, at)
        const count = argumentCount(op)
        if (count > stack.length) throw new Error(`bytecode: opcode ${op} lacks arguments`)
        const args = stack.splice(stack.length - count)
        if (!isStatement(op)) {
            stack.push({ op, value, args })
            continue
        }
        if (stack.length) throw new Error(`bytecode: statement ${op} leaves values behind`)
        const one: Statement = { op, value, args }
        if (isJump(op)) {
            one.target = labels.get(opAt + value) ?? label()
            labels.set(opAt + value, one.target)
            one.value = 0
        }
        statements.push({ start, one })
        start = at
    }
    const code = statements.flatMap(({ start, one }) => [labels.get(start) ?? [], one].flat())
    if (code.length !== statements.length + labels.size)
        throw new Error("bytecode: a jump leads to no statement")
    return code
}

function readNumber(bytes: Uint8Array, at: number): [value: number, after: number] {
    const first = bytes[at++]
    if (first < FIRST_LONG_NUMBER) return [first, at]
    let value = 0
    for (let left = (first & 3) + 1; left > 0; left--) value = (value << 8) | bytes[at++]
    return [first & 4 ? -value | 0 : value, at]
}

/** Bytes that the operand takes. */
export function numberSize(value: number): number {
    const size = Math.abs(value)
    if (value >= 0 && value < FIRST_LONG_NUMBER) return 1
    if (size < 0x100) return 2
    if (size < 0x10000) return 3
    return size < 0x1000000 ? 4 : 5
}

/** A jump that has become shorter again while others grew keeps its size, with leading zeros. */
function writeNumber(value: number, out: number[], size = numberSize(value)): void {
    if (size > 1) out.push(FIRST_LONG_NUMBER + (value < 0 ? 4 : 0) + size - 2)
    for (let left = Math.max(1, size - 1); left > 0; left--)
        out.push((Math.abs(value) >>> (8 * (left - 1))) & 0xff)
}

function writeExpression(one: Expression, out: number[]): void {
    for (const arg of one.args) writeExpression(arg, out)
    const direct = one.value + DIRECT_LITERAL_ZERO
    if (one.op === Op.Literal && direct >= FIRST_DIRECT_LITERAL && direct <= 0xff) {
        out.push(direct)
        return
    }
    out.push(one.op)
    if (hasOperand(one.op)) writeNumber(one.value, out)
}

/** Bytes that the expression takes. */
export function expressionSize(one: Expression): number {
    const out: number[] = []
    writeExpression(one, out)
    return out.length
}

/** The bytes of a function, every jump in its shortest form, without padding. */
export function encodeFunction(code: readonly Statement[]): Uint8Array {
    // All bytes but the distances of jumps, which are last.
    const bodies = code.map(one => {
        const out: number[] = []
        for (const arg of one.args) writeExpression(arg, out)
        if (one.op !== Op.Label) out.push(one.op)
        if (hasOperand(one.op) && !one.target) writeNumber(one.value, out)
        return out
    })
    const jumpSizes = code.map((one): number => (one.target ? 1 : 0))
    const starts = new Array<number>(code.length)
    const indexOf = new Map(code.map((one, index) => [one, index]))
    const distance = (index: number) =>
        starts[indexOf.get(code[index].target!)!] - starts[index] - bodies[index].length + 1
    // Sizes only grow, so this ends.
    for (let changed = true; changed;) {
        changed = false
        let at = 0
        code.forEach((_, index) => {
            starts[index] = at
            at += bodies[index].length + jumpSizes[index]
        })
        code.forEach((one, index) => {
            if (!one.target || numberSize(distance(index)) <= jumpSizes[index]) return
            jumpSizes[index] = numberSize(distance(index))
            changed = true
        })
    }
    const out: number[] = []
    code.forEach((one, index) => {
        out.push(...bodies[index])
        if (one.target) writeNumber(distance(index), out, jumpSizes[index])
    })
    return Uint8Array.from(out)
}

export const size = (code: readonly Statement[]): number => encodeFunction(code).length
