// The instructions of DeviceScript 2.16 (its bytecode.md), each once: its number, how many values
// it takes, and what it does. A row without a fact means the worst: a value may be anything,
// read anything and throw; a statement changes the return value. So a missing fact costs bytes, not
// correctness.

/** Facts about a value, its parts aside. */
type ValueFact =
    | "operand"
    /**
     * Its evaluation never throws. Arithmetic converts everything to numbers; `+` may fail on texts
     * too long.
     */
    | "never throws"
    /** It depends on its parts only, not on memory that a statement may change. */
    | "reads nothing"
    /** A number, a text, a boolean, a buffer: never one of the program's objects or functions. */
    | "plain"

type StatementFact =
    | "operand"
    | "call"
    | "jump"
    /** Execution never goes on behind it. */
    | "final"
    /** The return value is afterwards what it was before. */
    | "keeps result"

interface Opcode {
    code: number
    arguments: number
    isStatement: boolean
    facts: ReadonlySet<string>
}

const gives = (code: number, count: number, ...facts: ValueFact[]): Opcode => ({
    code,
    arguments: count,
    isStatement: false,
    facts: new Set(facts),
})

const does = (code: number, count: number, ...facts: StatementFact[]): Opcode => ({
    code,
    arguments: count,
    isStatement: true,
    facts: new Set(facts),
})

const OPCODES = {
    /** Ours: where jumps lead to. */
    Label: does(-1, 0, "keeps result"),

    Call0: does(2, 1, "call"),
    Call1: does(3, 2, "call"),
    Call2: does(4, 3, "call"),
    Call3: does(5, 4, "call"),
    Call4: does(6, 5, "call"),
    Call5: does(7, 6, "call"),
    Call6: does(8, 7, "call"),
    Call7: does(9, 8, "call"),
    Call8: does(10, 9, "call"),
    IndexDelete: does(11, 2),
    Return: does(12, 1, "final", "keeps result"),
    Jump: does(13, 0, "operand", "jump", "final", "keeps result"),
    JumpIfFalse: does(14, 1, "operand", "jump", "keeps result"),
    StoreLocal: does(17, 1, "operand", "keeps result"),
    StoreGlobal: does(18, 1, "operand", "keeps result"),
    StoreBuffer: does(19, 4, "keeps result"),
    IndexSet: does(25, 3, "keeps result"),
    AllocMap: does(31, 0),
    AllocArray: does(32, 1),
    AllocBuffer: does(33, 1),
    StoreClosure: does(73, 2, "operand", "keeps result"),
    JumpIfNullish: does(78, 0, "operand", "jump"),
    CallArray: does(79, 2, "call"),
    Try: does(80, 0, "operand", "jump", "keeps result"),
    EndTry: does(81, 0, "operand", "jump", "final", "keeps result"),
    Catch: does(82, 0),
    Finally: does(83, 0),
    Throw: does(84, 1, "final", "keeps result"),
    /**
     * The return value goes: on the way to a handler or a jump's label it is the error, or a note
     * of the jump.
     */
    ReThrow: does(85, 1),
    ThrowJump: does(86, 1, "operand", "jump", "final"),
    Debugger: does(87, 0, "keeps result"),
    StoreReturnValue: does(93, 1),

    BuiltinObject: gives(1, 0, "operand", "never throws", "reads nothing", "plain"),
    Bind: gives(15, 2),
    ObjectField: gives(16, 0, "operand", "never throws"),
    Infinity: gives(20, 0, "never throws", "reads nothing", "plain"),
    LoadLocal: gives(21, 0, "operand", "never throws", "reads nothing"),
    LoadGlobal: gives(22, 0, "operand", "never throws"),
    UnaryPlus: gives(23, 1, "never throws", "reads nothing", "plain"),
    Index: gives(24, 2),
    BuiltinField: gives(26, 1, "operand"),
    AsciiField: gives(27, 1, "operand"),
    Utf8Field: gives(28, 1, "operand"),
    MathField: gives(29, 0, "operand", "never throws", "plain"),
    DeviceScriptField: gives(30, 0, "operand", "never throws"),
    StaticSpecPrototype: gives(34, 0, "operand"),
    StaticBuffer: gives(35, 0, "operand", "never throws", "reads nothing", "plain"),
    BuiltinString: gives(36, 0, "operand", "never throws", "reads nothing", "plain"),
    AsciiString: gives(37, 0, "operand", "never throws", "reads nothing", "plain"),
    Utf8String: gives(38, 0, "operand", "never throws", "reads nothing", "plain"),
    StaticFunction: gives(39, 0, "operand", "never throws", "reads nothing"),
    Literal: gives(40, 0, "operand", "never throws", "reads nothing", "plain"),
    LiteralDouble: gives(41, 0, "operand", "never throws", "reads nothing", "plain"),
    LoadBuffer: gives(43, 3, "plain"),
    ReturnValue: gives(44, 0, "never throws", "reads nothing"),
    TypeOf: gives(45, 1, "never throws", "reads nothing", "plain"),
    Undefined: gives(46, 0, "never throws", "reads nothing"),
    IsUndefined: gives(47, 1, "never throws", "reads nothing", "plain"),
    True: gives(48, 0, "never throws", "reads nothing", "plain"),
    False: gives(49, 0, "never throws", "reads nothing", "plain"),
    ToBool: gives(50, 1, "never throws", "reads nothing", "plain"),
    NotANumber: gives(51, 0, "never throws", "reads nothing", "plain"),
    Abs: gives(52, 1, "never throws", "reads nothing", "plain"),
    BitNot: gives(53, 1, "never throws", "reads nothing", "plain"),
    IsNaN: gives(54, 1, "never throws", "reads nothing", "plain"),
    Negate: gives(55, 1, "never throws", "reads nothing", "plain"),
    Not: gives(56, 1, "never throws", "reads nothing", "plain"),
    ToInt: gives(57, 1, "never throws", "reads nothing", "plain"),
    Add: gives(58, 2, "plain"),
    Subtract: gives(59, 2, "never throws", "reads nothing", "plain"),
    Multiply: gives(60, 2, "never throws", "reads nothing", "plain"),
    Divide: gives(61, 2, "never throws", "reads nothing", "plain"),
    BitAnd: gives(62, 2, "never throws", "reads nothing", "plain"),
    BitOr: gives(63, 2, "never throws", "reads nothing", "plain"),
    BitXor: gives(64, 2, "never throws", "reads nothing", "plain"),
    ShiftLeft: gives(65, 2, "never throws", "reads nothing", "plain"),
    ShiftRight: gives(66, 2, "never throws", "reads nothing", "plain"),
    ShiftRightUnsigned: gives(67, 2, "never throws", "reads nothing", "plain"),
    Equal: gives(68, 2, "never throws", "reads nothing", "plain"),
    LessOrEqual: gives(69, 2, "never throws", "reads nothing", "plain"),
    Less: gives(70, 2, "never throws", "reads nothing", "plain"),
    NotEqual: gives(71, 2, "never throws", "reads nothing", "plain"),
    IsNullish: gives(72, 1, "never throws", "reads nothing", "plain"),
    LoadClosure: gives(74, 1, "operand", "never throws"),
    MakeClosure: gives(75, 0, "operand", "never throws", "reads nothing"),
    TypeOfText: gives(76, 1, "never throws", "reads nothing", "plain"),
    New: gives(88, 1),
    InstanceOf: gives(89, 2, "plain"),
    Null: gives(90, 0, "never throws", "reads nothing"),
    ApproxEqual: gives(91, 2, "never throws", "reads nothing", "plain"),
    ApproxNotEqual: gives(92, 2, "never throws", "reads nothing", "plain"),
    StaticSpec: gives(94, 0, "operand", "never throws", "reads nothing"),
}

/** Opcodes by name. */
export const Op = Object.fromEntries(
    Object.entries(OPCODES).map(([name, { code }]) => [name, code]),
) as { readonly [name in keyof typeof OPCODES]: number }

/** From -1 on. */
const byCode: Opcode[] = []
for (const one of Object.values(OPCODES)) byCode[one.code + 1] = one

function opcode(op: number): Opcode {
    const found = byCode[op + 1]
    if (!found) throw new Error(`bytecode: no opcode ${op}`)
    return found
}

/** True when the table says so. */
export const has = (op: number, fact: ValueFact | StatementFact): boolean =>
    opcode(op).facts.has(fact)

export const isStatement = (op: number): boolean => opcode(op).isStatement
export const hasOperand = (op: number): boolean => has(op, "operand")
export const argumentCount = (op: number): number => opcode(op).arguments
export const isJump = (op: number): boolean => has(op, "jump")
export const isCall = (op: number): boolean => has(op, "call")
/** True when execution never goes on behind the statement. ReThrow of undefined does go on. */
export const isFinal = (op: number): boolean => has(op, "final")

/** Numbers in the runtime's own table of strings. */
export const BuiltinName = {
    length: 34,
    prototype: 52,
    push: 53,
    setPrototypeOf: 121,
    constructor: 123,
} as const

/** Numbers of the runtime's own objects. */
export const RuntimeObject = { Json: 35 } as const
