import { executedOnce, usesOf } from "../analysis/callgraph"
import { fieldRead, fieldSet, givesThis } from "../analysis/classes"
import { neverThrows } from "../analysis/effects"
import { type Point } from "../analysis/lookups"
import { type Kinds, present } from "../analysis/values/kinds"
import { Values } from "../analysis/values/values"
import { type Expression, type Statement, expression, statement } from "../ir/code"
import { type FunctionCode, FunctionFlag, GLOBALS_COUNT_AT, type Program, view } from "../ir/image"
import { append } from "../ir/maps"
import { Op } from "../ir/opcodes"

/**
 * An object that a program makes once at most is known wherever it turns up: it is read from a
 * global then, its fields become globals, and what is called through them is called by number.
 *
 * Needs: the compiler's code and `analysis/values`.
 * Keeps: fields of objects that are shown, and each look that may meet another object or none.
 * Buys: 5,156 bytes.
 */
export function singletonsToGlobals(program: Program): void {
    const types = Values.of(program)
    if (types) new Singletons(program, types).run()
}

class Singletons {
    private readonly isOnce: (body: FunctionCode, one: Statement) => boolean
    /** By kind: the global that holds the object. */
    private readonly instances = new Map<number, Expression>()
    /** By kind and name: the global that holds the field. */
    private readonly fields = new Map<string, Expression>()
    private readonly usedInstances = new Set<number>()
    private globals: number

    constructor(
        private readonly program: Program,
        private readonly types: Values,
    ) {
        this.isOnce = executedOnce(program)
        this.globals = view(program.header).getUint16(GLOBALS_COUNT_AT, true)
    }

    run(): void {
        this.findInstances()
        this.findFields()
        const changed = this.program.functions.map(body =>
            body.code.map((one, index) => this.converted({ body, index }, one)),
        )
        this.program.functions.forEach((body, at) => {
            changed[at].forEach((made, index) => Object.assign(body.code[index], made))
        })
        this.storeInstances()
    }

    private global(isConstant: boolean): Expression {
        const one = expression(Op.LoadGlobal, this.globals++)
        return isConstant ? { ...one, constant: true } : one
    }

    private findInstances(): void {
        const uses = usesOf(this.program)
        const parents = new Set(this.types.classes.parents.values())
        const add = (kind: number, body: FunctionCode, made: Statement) => {
            if (!this.types.shown.has(kind) && this.isOnce(body, made))
                this.instances.set(kind, this.global(true))
        }
        for (const body of this.program.functions) {
            const named = uses.get(body.index)?.filter(one => one.how !== "tested") ?? []
            const isMadeOnly = named.length === 1 && named[0].how === "made"
            if (body.flags & FunctionFlag.Constructor && isMadeOnly)
                if (givesThis(body) && !parents.has(body.index))
                    add(body.index, named[0].body, named[0].one)
            for (const one of body.code)
                if (one.op === Op.AllocMap) add(this.types.allocations.get(one)!, body, one)
        }
    }

    /** Fields that each look at them finds on one of the instances. */
    private findFields(): void {
        const refused = new Set<string>()
        const wanted = new Set<string>()
        const sets = new Map<string, Point[]>()
        const look = (at: Point, object: Expression, name: number, isSet: boolean) => {
            const kinds = this.types.kindsOf(at, object)
            const isExact = kinds.size === 1 && this.isHarmless(at, object)
            for (const kind of present(kinds)) {
                if (!this.instances.has(kind)) continue
                const key = `${kind} ${name}`
                const isMethod = this.types.find(new Set([kind]), name).methods.length > 0
                if (isMethod || !isExact || this.types.isReserved(kind, name)) refused.add(key)
                wanted.add(key)
                if (isSet) append(sets, key, at)
            }
        }
        for (const one of this.types.lookUps) look(one, one.object, one.name, false)
        for (const [name, setters] of this.types.setters)
            for (const [at, object] of setters) look(at, object, name, true)
        for (const key of wanted) {
            if (refused.has(key)) continue
            const [kind, name] = key.split(" ").map(Number)
            const [first, ...others] = sets.get(key) ?? []
            const isSetOnce = first && !others.length && this.types.fieldsOf.get(kind)?.has(name)
            const isConstant = isSetOnce && this.isOnce(first.body, first.body.code[first.index])
            this.fields.set(key, this.global(isConstant === true))
        }
    }

    /** The only object that the value may be. */
    private single(kinds: Kinds): number | undefined {
        const [kind] = kinds
        return kinds.size === 1 && kind >= 0 ? kind : undefined
    }

    /** True when evaluating the expression never fails. */
    private isHarmless(at: Point, one: Expression): boolean {
        if (neverThrows(one)) return true
        if (fieldRead(one) === undefined) return false
        const kinds = this.types.kindsOf(at, one.args[0])
        const exists = present(kinds).length > 0 && [...kinds].every(kind => kind >= 0)
        return exists && this.isHarmless(at, one.args[0])
    }

    private converted(at: Point, one: Statement): Statement {
        const change = (part: Expression) => this.convertedValue(at, part)
        const field = this.field(at, one.args[0], fieldSet(one))
        return field
            ? statement(Op.StoreGlobal, field.value, change(one.args[2]))
            : { ...one, args: one.args.map(change) }
    }

    /** The global that holds the field of the object. */
    private field(at: Point, object: Expression, name: number | undefined): Expression | undefined {
        if (name === undefined) return undefined
        return this.fields.get(`${this.single(this.types.kindsOf(at, object))} ${name}`)
    }

    private convertedValue(at: Point, one: Expression): Expression {
        const name = fieldRead(one)
        const isRead = name !== undefined || one.op === Op.LoadLocal || one.op === Op.LoadClosure
        if (isRead && this.isHarmless(at, one)) {
            const kind = this.single(this.types.kindsOf(at, one))
            const instance = kind === undefined ? undefined : this.instances.get(kind)
            if (instance) {
                this.usedInstances.add(kind!)
                return instance
            }
        }
        const field = this.field(at, one.args[0], name)
        if (field) return field
        const args = one.args.map(arg => this.convertedValue(at, arg))
        return args.every((arg, index) => arg === one.args[index]) ? one : { ...one, args }
    }

    /** As soon as an object is there, its global has it. */
    private storeInstances(): void {
        view(this.program.header).setUint16(GLOBALS_COUNT_AT, this.globals, true)
        for (const body of this.program.functions) {
            const first = this.storeOf(body.index, Op.LoadLocal)
            const code = body.code.flatMap(one => {
                const kind = one.op === Op.AllocMap ? this.types.allocations.get(one) : undefined
                return [one, ...this.storeOf(kind, Op.ReturnValue)]
            })
            body.code = [...first, ...code]
        }
    }

    private storeOf(kind: number | undefined, op: number): Statement[] {
        if (kind === undefined || !this.usedInstances.has(kind)) return []
        return [statement(Op.StoreGlobal, this.instances.get(kind)!.value, expression(op, 0))]
    }
}
