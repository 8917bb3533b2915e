import { type Expression } from "../ir/code"
import { Op, isCall } from "../ir/opcodes"

const WRITES_RETURN_VALUE: readonly number[] = [
    Op.IndexDelete,
    Op.AllocMap,
    Op.AllocArray,
    Op.AllocBuffer,
    Op.JumpIfNullish,
    Op.Catch,
    Op.Finally,
    Op.StoreReturnValue,
]

export const writesReturnValue = (op: number): boolean =>
    isCall(op) || WRITES_RETURN_VALUE.includes(op)

const READS_MEMORY: readonly number[] = [
    Op.ObjectField,
    Op.LoadGlobal,
    Op.Index,
    Op.BuiltinField,
    Op.AsciiField,
    Op.Utf8Field,
    Op.MathField,
    Op.DeviceScriptField,
    Op.LoadBuffer,
    Op.LoadClosure,
    Op.StaticSpecPrototype,
]

// These read the prototype of a function, or turn objects into text.
const READS_OBJECTS: readonly number[] = [58, 89, Op.New, 15]

/** True when the expression's value depends on more than locals and `ret_val`. */
export function readsMemory(one: Expression, volatile: ReadonlySet<number>): boolean {
    if (one.constant) return false
    if (READS_MEMORY.includes(one.op) || READS_OBJECTS.includes(one.op)) return true
    if (one.op === Op.LoadLocal && volatile.has(one.value)) return true
    return one.args.some(arg => readsMemory(arg, volatile))
}

const NEVER_THROWS: readonly number[] = [
    Op.BuiltinObject,
    Op.ObjectField,
    Op.Infinity,
    Op.LoadLocal,
    Op.LoadGlobal,
    Op.UnaryPlus,
    Op.MathField,
    Op.DeviceScriptField,
    Op.StaticBuffer,
    Op.BuiltinString,
    Op.AsciiString,
    Op.Utf8String,
    Op.StaticFunction,
    Op.Literal,
    Op.LiteralDouble,
    Op.ReturnValue,
    Op.TypeOf,
    Op.Undefined,
    Op.IsUndefined,
    Op.True,
    Op.False,
    Op.ToBool,
    Op.NotANumber,
    Op.Abs,
    Op.BitNot,
    Op.IsNaN,
    Op.Negate,
    Op.Not,
    Op.ToInt,
    Op.IsNullish,
    Op.LoadClosure,
    Op.MakeClosure,
    Op.TypeOfText,
    Op.Null,
    Op.ApproxEqual,
    Op.ApproxNotEqual,
    Op.StaticSpec,
]

/**
 * True when no evaluation of the expression throws. Arithmetic and comparisons other than `+` convert any value to
 * a number without an error; `+` may fail on texts that grow too long.
 */
export function neverThrows(one: Expression): boolean {
    const arithmetic = one.op >= Op.Subtract && one.op <= Op.NotEqual
    return (arithmetic || NEVER_THROWS.includes(one.op)) && one.args.every(neverThrows)
}

const CONSTANTS: readonly number[] = [
    Op.Literal,
    Op.LiteralDouble,
    Op.Undefined,
    Op.Null,
    Op.True,
    Op.False,
    Op.BuiltinString,
    Op.AsciiString,
    Op.Utf8String,
    Op.StaticBuffer,
    Op.StaticFunction,
]

export const isConstant = (one: Expression): boolean =>
    CONSTANTS.includes(one.op) || one.constant === true
