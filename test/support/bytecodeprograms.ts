import { expression, statement, type Expression, type Statement } from "../../optimizer/ir/code"
import { type Program } from "../../optimizer/ir/image"
import { Op } from "../../optimizer/ir/opcodes"

// Small programs for the tests of the bytecode optimizer.

export const local = (slot: number) => expression(Op.LoadLocal, slot)
export const literal = (value: number) => expression(Op.Literal, value)
export const field = (of: Expression, name: number) => expression(Op.AsciiField, name, of)
export const fn = (index: number) => expression(Op.StaticFunction, index)
export const text = (name: number) => expression(Op.AsciiString, name)
export const created = (index: number) => expression(Op.New, 0, fn(index))
export const store = (slot: number, value: Expression) => statement(Op.StoreLocal, slot, value)
export const call = (...args: Expression[]) => statement(Op.Call0 + args.length - 1, 0, ...args)
export const back = (value: Expression) => statement(Op.Return, 0, value)
export const set = (of: Expression, name: number, value: Expression) =>
    statement(Op.IndexSet, 0, of, text(name), value)
export const prototype = (index: number) => expression(Op.BuiltinField, 52, fn(index))
export const result = expression(Op.ReturnValue)
export const nothing = expression(Op.Undefined)
export const log = expression(Op.LoadGlobal, 0)
export const to = (op: number, target: Statement, ...args: Expression[]): Statement => ({
    ...statement(op, 0, ...args),
    target,
})

export interface Parts {
    args?: number
    slots?: number
    flags?: number
    tryFrames?: number
    code: Statement[]
}

export function program(...functions: Parts[]): Program {
    const sections = Array.from({ length: 10 }, () => new Uint8Array())
    const plain = { slots: 4, args: 0, flags: 0, name: 0, tryFrames: 0 }
    return {
        header: new Uint8Array(32),
        sections,
        functions: functions.map((one, index) => ({ ...plain, ...one, index })),
    }
}

export const main = (...code: Statement[]) => ({ code: [call(fn(1)), ...code, back(literal(0))] })
export const setup = (...code: Statement[]) => ({ code: [...code, back(nothing)] })
