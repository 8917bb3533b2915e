/** The opcodes that the optimizer treats by name (DeviceScript 2.16, bytecode.md). */
export const Op = {
    Label: -1,
    BuiltinObject: 1,
    Call0: 2,
    Call8: 10,
    IndexDelete: 11,
    Return: 12,
    Jump: 13,
    JumpIfFalse: 14,
    ObjectField: 16,
    StoreLocal: 17,
    StoreGlobal: 18,
    StoreBuffer: 19,
    Infinity: 20,
    LoadLocal: 21,
    LoadGlobal: 22,
    UnaryPlus: 23,
    Index: 24,
    IndexSet: 25,
    BuiltinField: 26,
    AsciiField: 27,
    Utf8Field: 28,
    MathField: 29,
    DeviceScriptField: 30,
    AllocMap: 31,
    AllocArray: 32,
    AllocBuffer: 33,
    StaticSpecPrototype: 34,
    StaticBuffer: 35,
    BuiltinString: 36,
    AsciiString: 37,
    Utf8String: 38,
    StaticFunction: 39,
    Literal: 40,
    LiteralDouble: 41,
    LoadBuffer: 43,
    ReturnValue: 44,
    TypeOf: 45,
    Undefined: 46,
    IsUndefined: 47,
    True: 48,
    False: 49,
    ToBool: 50,
    NotANumber: 51,
    Abs: 52,
    BitNot: 53,
    IsNaN: 54,
    Negate: 55,
    Not: 56,
    ToInt: 57,
    Subtract: 59,
    ShiftRightUnsigned: 67,
    Equal: 68,
    LessOrEqual: 69,
    Less: 70,
    NotEqual: 71,
    IsNullish: 72,
    StoreClosure: 73,
    LoadClosure: 74,
    MakeClosure: 75,
    TypeOfText: 76,
    JumpIfNullish: 78,
    CallArray: 79,
    Try: 80,
    EndTry: 81,
    Catch: 82,
    Finally: 83,
    Throw: 84,
    ReThrow: 85,
    ThrowJump: 86,
    New: 88,
    Null: 90,
    ApproxEqual: 91,
    ApproxNotEqual: 92,
    StoreReturnValue: 93,
    StaticSpec: 94,
} as const

/** An expression: never changed after it was made, so trees may share parts. */
export interface Expression {
    readonly op: number
    /** The operand in the instruction, for opcodes that have one. */
    readonly value: number
    readonly args: readonly Expression[]
    /** A global that never changes where it can be read. */
    readonly constant?: true
}

/** A statement, or the label that jumps lead to (`Op.Label`). */
export interface Statement {
    op: number
    value: number
    args: readonly Expression[]
    /** Where a jump leads to: a label of the same function. */
    target?: Statement
}

// Per opcode: number of arguments, 0x10 statement, 0x20 operand in the instruction.
const PROPERTIES =
    "7f6011121314151617181912517031426031311440202041021321212160601011116060606060606060100300414041" +
    "4040414041414141414142424242424242424242424242424132212041103012307010105151711041424042421160"
const FIRST_DIRECT_LITERAL = 0x80
const DIRECT_LITERAL_ZERO = 0x90
const FIRST_LONG_NUMBER = 0xf8
/** The greatest operand of one byte. */
export const GREATEST_SHORT_NUMBER = FIRST_LONG_NUMBER - 1

const properties = (op: number): number => parseInt(PROPERTIES.slice(op * 2, op * 2 + 2), 16)
export const isStatement = (op: number): boolean => op < 0 || (properties(op) & 0x10) !== 0
export const hasOperand = (op: number): boolean => (properties(op) & 0x20) !== 0
const argumentCount = (op: number): number => properties(op) & 0xf

const JUMPS: readonly number[] = [
    Op.Jump,
    Op.JumpIfFalse,
    Op.JumpIfNullish,
    Op.Try,
    Op.EndTry,
    Op.ThrowJump,
]
export const isJump = (op: number): boolean => JUMPS.includes(op)
export const isCall = (op: number): boolean =>
    (op >= Op.Call0 && op <= Op.Call8) || op === Op.CallArray
/** True when execution never goes on behind the statement. ReThrow of undefined does go on. */
export const isFinal = (op: number): boolean =>
    op === Op.Return || op === Op.Jump || op === Op.EndTry || op === Op.Throw || op === Op.ThrowJump

export function expression(op: number, value = 0, ...args: Expression[]): Expression {
    return { op, value, args }
}

export function statement(op: number, value: number, ...args: Expression[]): Statement {
    return { op, value, args }
}

export const label = (): Statement => statement(Op.Label, 0)

export function jump(target: Statement): Statement {
    return { op: Op.Jump, value: 0, args: [], target }
}

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
