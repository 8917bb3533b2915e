import { executedOnce, madeBy, usesOf } from "../analysis/callgraph"
import { type Classes, classesOf, fieldRead, fieldSet } from "../analysis/classes"
import { contexts } from "../analysis/contexts"
import { neverThrows } from "../analysis/effects"
import { lookUpsIn, reservedNames } from "../analysis/lookups"
import { reachingStores } from "../analysis/reachingstores"
import { MISSING, isClass, present } from "../analysis/values/kinds"
import { Values } from "../analysis/values/values"
import { type Expression, type Statement, expression, parts, statement } from "../ir/code"
import { type FunctionCode, FunctionFlag, GLOBALS_COUNT_AT, type Program, view } from "../ir/image"
import { append } from "../ir/maps"
import { Op } from "../ir/opcodes"

/** A look at a field: `object.name`, or `object.name := …`. */
interface Access {
    body: FunctionCode
    index: number
    object: Expression
    name: number
}

class Singletons {
    private readonly types: Values
    private readonly reserved: Set<number>
    private readonly isOnce: (body: FunctionCode, one: Statement) => boolean
    /** By kind: the global that holds the object. */
    private readonly instances = new Map<number, Expression>()
    /** By kind and name: the global that holds the field. */
    private readonly fields = new Map<string, Expression>()
    private readonly usedInstances = new Set<number>()
    private readonly accesses: Access[] = []
    private globals: number

    constructor(
        private readonly program: Program,
        private readonly classes: Classes,
    ) {
        const { functions } = program
        const stores = new Map(functions.map(one => [one, reachingStores(one.code, one.slots)]))
        const reaching = (body: FunctionCode) => stores.get(body)!
        const lookUps = contexts(program).flatMap(one => lookUpsIn(one, reaching))
        this.reserved = reservedNames(program)
        this.types = new Values(program, classes, lookUps, this.reserved, reaching)
        this.isOnce = executedOnce(program)
        this.globals = view(program.header).getUint16(GLOBALS_COUNT_AT, true)
    }

    run(): void {
        this.findAccesses()
        this.findInstances()
        this.findFields()
        const changed = this.program.functions.map(body =>
            body.code.map((one, index) => this.converted(body, index, one)),
        )
        this.program.functions.forEach((body, at) => {
            changed[at].forEach((made, index) => Object.assign(body.code[index], made))
        })
        this.storeInstances()
    }

    private global(constant: boolean): Expression {
        const one = expression(Op.LoadGlobal, this.globals++)
        return constant ? { ...one, constant: true } : one
    }

    private findAccesses(): void {
        for (const body of this.program.functions)
            body.code.forEach((one, index) => {
                const set = fieldSet(one)
                if (set !== undefined)
                    this.accesses.push({ body, index, object: one.args[0], name: set })
                for (const part of parts(one)) {
                    const name = fieldRead(part)
                    if (name === undefined) continue
                    this.accesses.push({ body, index, object: part.args[0], name })
                }
            })
    }

    private findInstances(): void {
        const made = new Map<number, { body: FunctionCode; one: Statement }[]>()
        const all = usesOf(this.program)
        for (const body of this.program.functions) {
            if (body.flags & FunctionFlag.Constructor)
                made.set(body.index, all.get(body.index)?.filter(one => one.how !== "tested") ?? [])
            for (const one of body.code) {
                const kind = one.op === Op.AllocMap ? this.types.allocations.get(one) : undefined
                if (kind !== undefined) made.set(kind, [{ body, one }])
            }
        }
        for (const [kind, [site, ...others]] of made) {
            if (!site || others.length || this.types.shown.has(kind)) continue
            if (isClass(kind) && !this.isMadeAt(kind, site.one)) continue
            if (this.isOnce(site.body, site.one)) this.instances.set(kind, this.global(true))
        }
    }

    /** `new C` there, and what the constructor returns is the object. */
    private isMadeAt(kind: number, one: Statement): boolean {
        const maker = this.program.functions.find(one => one.index === kind)!
        return (
            madeBy(one) === kind &&
            ![...this.classes.parents.values()].includes(kind) &&
            maker.code.every(
                one =>
                    (one.op !== Op.Return || one.args[0].op === Op.Undefined) &&
                    (one.op !== Op.StoreLocal || one.value !== 0),
            )
        )
    }

    private findFields(): void {
        const refused = new Set<string>()
        const wanted = new Set<string>()
        const sets = new Map<string, Statement[]>()
        for (const { body, index, object, name } of this.accesses) {
            const kinds = this.types.kindsOf(body, index, object)
            const single = this.single(kinds)
            for (const kind of present(kinds)) {
                const key = `${kind} ${name}`
                if (!this.instances.has(kind)) continue
                const isMethod = this.types.find(new Set([kind]), name).methods.length > 0
                const exact = single === kind && this.isHarmless(body, index, object)
                if (isMethod || !exact || this.types.isReserved(kind, name)) refused.add(key)
                wanted.add(key)
                const one = body.code[index]
                if (one.op === Op.IndexSet && one.args[0] === object) append(sets, key, one)
            }
        }
        for (const key of wanted) {
            if (refused.has(key)) continue
            const [kind, name] = key.split(" ").map(Number)
            const [set, ...others] = sets.get(key) ?? []
            const first = this.types.fieldsOf.get(kind)?.has(name) && others.length === 0
            const at = this.program.functions.find(one => one.code.includes(set))
            this.fields.set(key, this.global(first === true && !!at && this.isOnce(at, set)))
        }
    }

    /** The only thing the value may be. */
    private single(kinds: ReadonlySet<number>): number | undefined {
        const [kind, ...others] = kinds
        return others.length || kind === undefined || kind < 0 ? undefined : kind
    }

    /** True when evaluating the expression never fails. */
    private isHarmless(body: FunctionCode, index: number, one: Expression): boolean {
        if (neverThrows(one)) return true
        const name = fieldRead(one)
        if (name === undefined) return false
        const kinds = this.types.kindsOf(body, index, one.args[0])
        const exists = present(kinds).length > 0 && [...kinds].every(kind => kind >= 0)
        return exists && !kinds.has(MISSING) && this.isHarmless(body, index, one.args[0])
    }

    private converted(body: FunctionCode, index: number, one: Statement): Statement {
        const change = (part: Expression) => this.convertedValue(body, index, part)
        const name = fieldSet(one)
        if (name !== undefined) {
            const kind = this.single(this.types.kindsOf(body, index, one.args[0]))
            const field = this.fields.get(`${kind} ${name}`)
            if (field) return statement(Op.StoreGlobal, field.value, change(one.args[2]))
        }
        return { ...one, args: one.args.map(change) }
    }

    private convertedValue(body: FunctionCode, index: number, one: Expression): Expression {
        const name = fieldRead(one)
        const isRead = name !== undefined || one.op === Op.LoadLocal || one.op === Op.LoadClosure
        if (isRead && this.isHarmless(body, index, one)) {
            const kind = this.single(this.types.kindsOf(body, index, one))
            const instance = kind === undefined ? undefined : this.instances.get(kind)
            if (instance) {
                this.usedInstances.add(kind!)
                return instance
            }
        }
        if (name !== undefined) {
            const kind = this.single(this.types.kindsOf(body, index, one.args[0]))
            const field = this.fields.get(`${kind} ${name}`)
            if (field) return field
        }
        const args = one.args.map(arg => this.convertedValue(body, index, arg))
        return args.every((arg, at) => arg === one.args[at]) ? one : { ...one, args }
    }

    /** As soon as an object is there, its global has it. */
    private storeInstances(): void {
        view(this.program.header).setUint16(GLOBALS_COUNT_AT, this.globals, true)
        for (const body of this.program.functions) {
            const isConstructor = (body.flags & FunctionFlag.Constructor) !== 0
            const first = isConstructor ? this.storeOf(body.index, Op.LoadLocal) : []
            const code = body.code.flatMap(one => {
                const kind = one.op === Op.AllocMap ? this.types.allocations.get(one) : undefined
                return [one, ...(kind === undefined ? [] : this.storeOf(kind, Op.ReturnValue))]
            })
            body.code = [...first, ...code]
        }
    }

    private storeOf(kind: number, op: number): Statement[] {
        const instance = this.instances.get(kind)
        if (!instance || !this.usedInstances.has(kind)) return []
        return [statement(Op.StoreGlobal, instance.value, expression(op, 0))]
    }
}

/**
 * An object that a program makes once at most is known wherever it turns up: it is read from a
 * global then, its fields become globals, and what is called through them is called by number.
 *
 * Needs: the compiler's code and `analysis/values`.
 * Keeps: fields of objects that are shown, and each look that may meet another object or none.
 * Buys: 5,400 bytes.
 */
export function singletonsToGlobals(program: Program): void {
    const classes = classesOf(program)
    if (!classes) return
    new Singletons(program, classes).run()
}
