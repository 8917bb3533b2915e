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

// Per opcode: number of arguments, 0x10 statement, 0x20 operand in the instruction.
const PROPERTIES =
    "7f6011121314151617181912517031426031311440202041021321212160601011116060606060606060100300414041" +
    "4040414041414141414142424242424242424242424242424132212041103012307010105151711041424042421160"

const properties = (op: number): number => parseInt(PROPERTIES.slice(op * 2, op * 2 + 2), 16)

export const isStatement = (op: number): boolean => op < 0 || (properties(op) & 0x10) !== 0

export const hasOperand = (op: number): boolean => (properties(op) & 0x20) !== 0

export const argumentCount = (op: number): number => properties(op) & 0xf

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
