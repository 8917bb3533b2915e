import { isCall, Op, type Expression, type Statement } from "./bytecode"
import { eachExpression, FunctionFlag, type FunctionCode, type Program } from "./bytecode-image"
import { writesReturnValue } from "./bytecode-flow"
import { isBuiltinName, stringNumber, type Classes, type Method } from "./bytecode-classes"
import { type LookUp, type Reaching, type Resolved } from "./bytecode-lookups"

// Which classes the values of a program may belong to, by following them through the whole of it.

/** What is no instance of a class of the program: numbers, texts, arrays, plain objects. */
const OTHER = -1
/** Anything, also what the runtime hands in. */
const ANY = -2

/** Constructors' numbers, `OTHER` or `ANY`. What is never assigned, `null` and `undefined` add nothing. */
type Kinds = ReadonlySet<number>

const NOTHING: Kinds = new Set()
const ONLY_OTHER: Kinds = new Set([OTHER])
const ONLY_ANY: Kinds = new Set([ANY])
const BIND = 15
const INSTANCE_OF = 89
const PROTOTYPE_NAME = 52
const JSON_OBJECT = 35

const UNKNOWN: readonly number[] = [
    BIND,
    Op.Index,
    Op.BuiltinField,
    Op.DeviceScriptField,
    Op.StaticSpec,
    Op.StaticSpecPrototype,
]

const local = (body: FunctionCode, slot: number) => `local ${body.index} ${slot}`
const store = (body: FunctionCode, index: number) => `store ${body.index} ${index}`
const slotOf = (body: FunctionCode, slot: number) => `slot ${body.index} ${slot}`

export class Types {
    private readonly kinds = new Map<string, Set<number>>()
    private readonly makers = new Map<number, FunctionCode[]>()
    private readonly named = new Map<number, Method[]>()
    private readonly byIndex: Map<number, FunctionCode>
    /** By name: the objects on which a field of that name is set. */
    private readonly setters = new Map<number, [FunctionCode, number, Expression][]>()
    private readonly writtenByClosures = new Set<string>()
    private readonly parsesJson: boolean
    private changed = true

    constructor(
        program: Program,
        private readonly classes: Classes,
        lookUps: readonly LookUp[],
        private readonly reserved: ReadonlySet<number>,
        private readonly reaching: Reaching,
    ) {
        this.byIndex = new Map(program.functions.map(one => [one.index, one]))
        let parsesJson = false
        for (const body of program.functions)
            eachExpression(body.code, one => {
                if (one.op === Op.BuiltinObject && one.value === JSON_OBJECT) parsesJson = true
                if (one.op !== Op.MakeClosure) return
                this.makers.set(one.value, [...(this.makers.get(one.value) ?? []), body])
                this.escape(this.byIndex.get(one.value)!)
            })
        this.parsesJson = parsesJson
        this.startWithMethods(lookUps)
        for (const body of program.functions) this.prepare(body)
        while (this.changed) {
            this.changed = false
            for (const body of program.functions)
                body.code.forEach((one, index) => this.follow(body, index, one))
        }
    }

    private startWithMethods(lookUps: readonly LookUp[]): void {
        for (const one of this.classes.methods) {
            this.named.set(one.name, [...(this.named.get(one.name) ?? []), one])
            this.startWithThis(one.body, one.owner)
        }
        const called = new Set(lookUps.map(one => one.name))
        const used = new Set(lookUps.flatMap(one => (one.calls ? [] : [one.name])))
        for (const { name, body } of this.classes.methods)
            if (!called.has(name) || used.has(name) || this.reserved.has(name)) this.escape(body)
    }

    private startWithThis(body: FunctionCode, owner: number): void {
        for (const one of this.family(owner)) this.add(local(body, 0), one)
    }

    /** With all descendants. */
    private family(owner: number): number[] {
        const below = [...this.classes.parents].filter(([, parent]) => parent === owner)
        return [owner, ...below.flatMap(([child]) => this.family(child))]
    }

    private prepare(body: FunctionCode): void {
        if (body.flags & FunctionFlag.Constructor) this.startWithThis(body, body.index)
        if (body.flags & FunctionFlag.RestArgument) this.escape(body)
        const assignments = new Set(this.classes.methods.map(one => one.assignment))
        body.code.forEach((one, index) => {
            if (one.op === Op.StoreClosure)
                for (const owner of this.owners(body, one.args[0].value))
                    this.writtenByClosures.add(slotOf(owner, one.value))
            if (assignments.has(one)) return
            one.args.forEach((arg, place) =>
                this.escapeFunctions(arg, isCall(one.op) && place === 0),
            )
            const name = one.op === Op.IndexSet ? stringNumber(one.args[1]) : undefined
            if (name === undefined) return
            const others = this.setters.get(name) ?? []
            this.setters.set(name, [...others, [body, index, one.args[0]]])
        })
    }

    /** A function that is used as a value may be called with anything. */
    private escapeFunctions(one: Expression, isCalled: boolean): void {
        if (one.op === Op.StaticFunction) {
            if (!isCalled) this.escape(this.byIndex.get(one.value)!)
            return
        }
        if (one.op === Op.BuiltinField && one.value === PROTOTYPE_NAME) return
        one.args.forEach((arg, place) => {
            const called = place === 0 && (one.op === Op.New || one.op === BIND) && isCalled
            this.escapeFunctions(arg, called || (place === 1 && one.op === INSTANCE_OF))
        })
    }

    private escape(body: FunctionCode): void {
        const first = body.flags & FunctionFlag.NeedsThis ? 1 : 0
        for (let slot = first; slot < body.args; slot++) this.add(local(body, slot), ANY)
    }

    private add(place: string, kind: number): void {
        const kinds = this.kinds.get(place) ?? new Set<number>()
        this.kinds.set(place, kinds)
        if (kinds.has(kind)) return
        kinds.add(kind)
        this.changed = true
    }

    private flow(place: string, body: FunctionCode, index: number, value: Expression): void {
        for (const kind of this.kindsOf(body, index, value)) this.add(place, kind)
    }

    private at(...places: string[]): Kinds {
        if (places.length === 1) return this.kinds.get(places[0]) ?? NOTHING
        return new Set(places.flatMap(place => [...(this.kinds.get(place) ?? NOTHING)]))
    }

    /** The functions whose local a closure means by going so many levels up. */
    private owners(body: FunctionCode, level: number): FunctionCode[] {
        if (level === 0) return [body]
        const makers = this.makers.get(body.index) ?? []
        return makers.flatMap(one => this.owners(one, level - 1))
    }

    private follow(body: FunctionCode, index: number, one: Statement): void {
        const [first, second, third] = one.args
        if (one.op === Op.StoreLocal) {
            this.flow(store(body, index), body, index, first)
            this.flow(slotOf(body, one.value), body, index, first)
        } else if (one.op === Op.StoreGlobal) this.flow(`global ${one.value}`, body, index, first)
        else if (one.op === Op.Return) this.flow(`result ${body.index}`, body, index, first)
        else if (one.op === Op.StoreClosure) {
            for (const owner of this.owners(body, first.value))
                this.flow(slotOf(owner, one.value), body, index, second)
        } else if (one.op === Op.IndexSet) {
            const name = stringNumber(second)
            if (name !== undefined) this.flow(`field ${name}`, body, index, third)
        } else if (isCall(one.op)) this.followCall(body, index, one)
    }

    private followCall(body: FunctionCode, index: number, call: Statement): void {
        const given = call.args.slice(1)
        for (const target of this.targets(body, index, call.args[0]) ?? []) {
            if (call.op === Op.CallArray) this.escape(target)
            const first = target.flags & FunctionFlag.NeedsThis ? 1 : 0
            given.forEach((arg, place) => {
                if (first + place >= target.args) return
                this.flow(local(target, first + place), body, index, arg)
            })
        }
    }

    /** The functions of the program that a call may run; undefined when it may run others, too. */
    private targets(
        body: FunctionCode,
        index: number,
        callee: Expression,
    ): FunctionCode[] | undefined {
        if (callee.op === Op.StaticFunction) return [this.byIndex.get(callee.value)!]
        if (callee.op === Op.New || callee.op === BIND)
            return this.targets(body, index, callee.args[0])
        const name = callee.args.length === 1 ? stringNumber(callee) : undefined
        if (name !== undefined) {
            const { methods } = this.find(this.kindsOf(body, index, callee.args[0]), name)
            return methods.map(one => one.body)
        }
        if (callee.op !== Op.LoadLocal) return undefined
        const stores = [...this.reaching(body)[index][callee.value]].map(one => one - body.slots)
        if (stores.some(one => one < 0)) return undefined
        return stores.flatMap(one => this.targets(body, one, body.code[one].args[0]) ?? [])
    }

    private kindsOf(body: FunctionCode, index: number, one: Expression): Kinds {
        if (one.op === Op.LoadLocal) return this.kindsOfLocal(body, index, one.value)
        if (one.op === Op.LoadGlobal) return this.at(`global ${one.value}`)
        if (one.op === Op.ReturnValue) return this.kindsOfResult(body, index)
        if (one.op === Op.Undefined || one.op === Op.Null) return NOTHING
        if (one.op === Op.LoadClosure)
            return this.at(
                ...this.owners(body, one.args[0].value).flatMap(owner => [
                    slotOf(owner, one.value),
                    local(owner, one.value),
                ]),
            )
        const name = one.args.length === 1 ? stringNumber(one) : undefined
        if (
            name !== undefined &&
            !isBuiltinName(name) &&
            !this.reserved.has(name) &&
            !this.parsesJson
        )
            return this.at(`field ${name}`)
        return name !== undefined || UNKNOWN.includes(one.op) ? ONLY_ANY : ONLY_OTHER
    }

    private kindsOfLocal(body: FunctionCode, index: number, slot: number): Kinds {
        if (this.writtenByClosures.has(slotOf(body, slot)))
            return this.at(local(body, slot), slotOf(body, slot))
        const places = [...this.reaching(body)[index][slot]].map(one =>
            one < body.slots ? local(body, one) : store(body, one - body.slots),
        )
        return this.at(...places)
    }

    private kindsOfResult(body: FunctionCode, index: number): Kinds {
        let at = index - 1
        while (at >= 0 && !writesReturnValue(body.code[at].op) && body.code[at].op !== Op.Label)
            at--
        const one = body.code[at]
        if (!one) return ONLY_ANY
        if (one.op === Op.StoreReturnValue) return this.kindsOf(body, at, one.args[0])
        if (one.op === Op.AllocMap || one.op === Op.AllocArray) return ONLY_OTHER
        if (!isCall(one.op)) return ONLY_ANY
        const [callee] = one.args
        if (callee.op === Op.New && callee.args[0].op === Op.StaticFunction)
            return new Set([callee.args[0].value])
        const targets = this.targets(body, at, callee)
        if (!targets || callee.op !== Op.StaticFunction) return ONLY_ANY
        return this.at(...targets.map(target => `result ${target.index}`))
    }

    /** Methods of a name that values of these kinds have. */
    private find(kinds: Kinds, name: number): { methods: Method[]; exact: boolean } {
        const all = this.named.get(name) ?? []
        if (kinds.has(ANY) || !kinds.size) return { methods: all, exact: false }
        const instances = [...kinds].filter(one => one !== OTHER)
        const found = instances.map(one => this.findIn(one, name))
        const methods = new Set(found.flatMap(one => one ?? []))
        return { methods: [...methods], exact: !kinds.has(OTHER) && !found.includes(undefined) }
    }

    private findIn(owner: number | undefined, name: number): Method | undefined {
        if (owner === undefined) return undefined
        const own = this.named.get(name)?.find(one => one.owner === owner)
        return own ?? this.findIn(this.classes.parents.get(owner), name)
    }

    resolve({ body, index, object, name }: LookUp): Resolved {
        const kinds = this.kindsOf(body, index, object)
        const certain = this.isCertain(body, index, object)
        const { methods, exact } = this.find(kinds, name)
        const setOn = (this.setters.get(name) ?? []).map(one => this.kindsOf(...one))
        if (exact) {
            const shadowed = setOn.some(
                on => on.has(ANY) || !on.size || [...kinds].some(one => on.has(one)),
            )
            return { methods, exact: !shadowed, certain }
        }
        // Whatever the receiver is, no other thing in the program has a field of that name.
        const only = methods.length === 1 && !setOn.length && !isBuiltinName(name)
        return { methods, exact: only && !kinds.has(OTHER), certain }
    }

    private isCertain(body: FunctionCode, index: number, object: Expression): boolean {
        if (object.op === Op.LoadLocal && object.value === 0 && body.flags & FunctionFlag.NeedsThis)
            return !body.code.some(one => one.op === Op.StoreLocal && one.value === 0)
        const [callee] = index > 0 ? body.code[index - 1].args : []
        return object.op === Op.ReturnValue && callee?.op === Op.New
    }
}
