import { type Expression, type Statement, expression, label } from "./code"
import { Op, argumentCount, hasOperand, isJump, isStatement } from "./opcodes"

const FIRST_DIRECT_LITERAL = 0x80
const DIRECT_LITERAL_ZERO = 0x90
const FIRST_LONG_NUMBER = 0xf8

/** The greatest operand of one byte. */
export const GREATEST_SHORT_NUMBER = FIRST_LONG_NUMBER - 1

/** The code of one function as statements; a jump's operand becomes the label it leads to. */
export function decodeFunction(bytes: Uint8Array): Statement[] {
    const code: Statement[] = []
    const startOf = new Map<number, number>()
    const jumps: { from: Statement; to: number }[] = []
    let at = 0
    let start = 0
    let stack: Expression[] = []
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
        stack = []
        const one: Statement = { op, value, args }
        if (isJump(op)) {
            jumps.push({ from: one, to: opAt + value })
            one.value = 0
        }
        startOf.set(start, code.length)
        code.push(one)
        start = at
    }
    return withLabels(code, startOf, jumps)
}

function withLabels(
    code: Statement[],
    startOf: Map<number, number>,
    jumps: { from: Statement; to: number }[],
): Statement[] {
    const labels = new Map<number, Statement>()
    for (const { from, to } of jumps) {
        const index = startOf.get(to)
        if (index === undefined) throw new Error(`bytecode: a jump leads to no statement (${to})`)
        const one = labels.get(index) ?? label()
        labels.set(index, one)
        from.target = one
    }
    return code.flatMap((one, index) => {
        const target = labels.get(index)
        return target ? [target, one] : [one]
    })
}

function readNumber(bytes: Uint8Array, at: number): [value: number, after: number] {
    const first = bytes[at++]
    if (first < FIRST_LONG_NUMBER) return [first, at]
    let value = 0
    for (let left = (first & 3) + 1; left > 0; left--) value = (value << 8) | bytes[at++]
    return [first & 4 ? -value | 0 : value, at]
}

function writeNumber(value: number, out: number[]): void {
    if (value >= 0 && value < FIRST_LONG_NUMBER) {
        out.push(value)
        return
    }
    const size = Math.abs(value)
    let bytes = 1
    while (bytes < 4 && size >= 2 ** (8 * bytes)) bytes++
    out.push(FIRST_LONG_NUMBER + (value < 0 ? 4 : 0) + bytes - 1)
    for (let shift = bytes - 1; shift >= 0; shift--) out.push((size / 2 ** (8 * shift)) & 0xff)
}

/** Bytes that the operand takes. */
export function numberSize(value: number): number {
    const size = Math.abs(value)
    if (value >= 0 && value < FIRST_LONG_NUMBER) return 1
    if (size < 0x100) return 2
    if (size < 0x10000) return 3
    return size < 0x1000000 ? 4 : 5
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

/** Bytes that the statement takes, with a jump of up to 247 bytes forwards. */
export function statementSize(one: Statement): number {
    if (one.op === Op.Label) return 0
    let size = 1 + (hasOperand(one.op) ? numberSize(one.value) : 0)
    for (const arg of one.args) size += expressionSize(arg)
    return size
}

/** The bytes of a function, every jump in its shortest form, without padding. */
export function encodeFunction(code: readonly Statement[]): Uint8Array {
    const bodies = code.map(one => {
        const out: number[] = []
        for (const arg of one.args) writeExpression(arg, out)
        return out
    })
    const jumpSizes = code.map(() => 1)
    const starts = new Array<number>(code.length)
    const indexOf = new Map(code.map((one, index) => [one, index]))
    const distance = (index: number) =>
        starts[indexOf.get(code[index].target!)!] - starts[index] - bodies[index].length
    // Sizes only grow, so this ends.
    for (let changed = true; changed;) {
        changed = false
        let at = 0
        code.forEach((one, index) => {
            starts[index] = at
            if (one.op === Op.Label) return
            const operand = one.target ? jumpSizes[index] : numberSize(one.value)
            at += bodies[index].length + 1 + (hasOperand(one.op) ? operand : 0)
        })
        code.forEach((one, index) => {
            if (!one.target || numberSize(distance(index)) <= jumpSizes[index]) return
            jumpSizes[index] = numberSize(distance(index))
            changed = true
        })
    }
    const out: number[] = []
    code.forEach((one, index) => {
        if (one.op === Op.Label) return
        out.push(...bodies[index], one.op)
        if (one.target) writePaddedNumber(distance(index), jumpSizes[index], out)
        else if (hasOperand(one.op)) writeNumber(one.value, out)
    })
    return Uint8Array.from(out)
}

// A jump may have become shorter again while others grew: then leading zeros keep its size.
function writePaddedNumber(value: number, size: number, out: number[]): void {
    if (numberSize(value) === size) return writeNumber(value, out)
    out.push(FIRST_LONG_NUMBER + (value < 0 ? 4 : 0) + size - 2)
    for (let shift = size - 2; shift >= 0; shift--)
        out.push((Math.abs(value) >> (8 * shift)) & 0xff)
}

export const size = (code: Statement[]): number => encodeFunction(code).length
