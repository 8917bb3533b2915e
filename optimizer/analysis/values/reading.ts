import { type Classes, type Method, fieldRead, fieldSet } from "../classes"
import { type Owners, contexts, ownersIn } from "../contexts"
import { writesReturnValue } from "../effects"
import { type LookUp, type Point, isRuntimeName, lookUpsIn, reservedNames } from "../lookups"
import { type Stores, reachingStores } from "../reachingstores"
import {
    ANY,
    type Kinds,
    NOTHING,
    ONLY_ANY,
    ONLY_MISSING,
    ONLY_OTHER,
    boundKind,
    closureKind,
    functionKind,
    functionOf,
    hasFields,
    isArray,
    isClass,
    orMissing,
    present,
    union,
} from "./kinds"
import { isHarmless, objectsMade } from "./objects"
import { Places, elements, local, slotOf, store } from "./places"
import { type Expression, type Statement, eachExpression, parts } from "../../ir/code"
import { type FunctionCode, type Program } from "../../ir/image"
import { append } from "../../ir/maps"
import { Op, RuntimeObject, has, isCall } from "../../ir/opcodes"
import { isBuiltinName } from "../../ir/strings"

/** The kinds of each expression, from those of the places that it reads. */
export class Reading extends Places {
    readonly lookUps: readonly LookUp[]
    protected readonly owners: Owners
    private readonly named = new Map<number, Method[]>()
    /** By name: where a field of that name is set, and on which object. */
    readonly setters = new Map<number, [Point, Expression][]>()
    private readonly writtenByClosures = new Set<string>()
    /** By closure and slot: variables around it that it reads, or closures made in it. */
    private readonly readOutside = new Set<string>()
    private parsesJson = false
    /** By class or object literal: the fields that are set before anything can look at them. */
    readonly fieldsOf = new Map<number, ReadonlySet<number>>()
    /** Where object literals and arrays are made, and what kind each is. */
    readonly allocations = new Map<Statement, number>()
    protected readonly assignments: ReadonlySet<Statement>
    /** Fields of functions, by name and function. */
    private readonly statics = new Set<string>()
    /** Nothing is added any more: a call of a value without kinds may run anything. */
    protected settled = false
    private readonly reserved: ReadonlySet<number>
    private readonly reaching: ReadonlyMap<FunctionCode, Stores[]>

    constructor(
        program: Program,
        readonly classes: Classes,
    ) {
        super(new Map(program.functions.map(one => [one.index, one])))
        this.owners = ownersIn(program)
        this.reserved = reservedNames(program)
        this.reaching = new Map(program.functions.map(one => [one, reachingStores(one)]))
        this.assignments = new Set(classes.methods.map(one => one.assignment))
        for (const one of classes.methods) append(this.named, one.name, one)
        const all = contexts(program)
        this.lookUps = all.flatMap(one => lookUpsIn(one, this.reaching.get(one.body)!))
        for (const context of all) {
            for (const { made, kind, fields } of objectsMade(context, this.allocations.size)) {
                if (made) this.allocations.set(made, kind)
                if (fields) this.fieldsOf.set(kind, fields)
            }
            this.readFunction(context.body)
        }
    }

    private readFunction(body: FunctionCode): void {
        eachExpression(body.code, ({ op, value, args }) => {
            if (op === Op.BuiltinObject && value === RuntimeObject.Json) this.parsesJson = true
            if (op !== Op.LoadClosure) return
            for (const closure of this.owners(body, args[0].value - 1))
                this.readOutside.add(`${closure.index} ${value}`)
        })
        for (const [index, one] of body.code.entries()) {
            if (one.op === Op.StoreClosure)
                for (const owner of this.owners(body, one.args[0].value))
                    this.writtenByClosures.add(slotOf(owner, one.value))
            const name = fieldSet(one)
            if (name === undefined || this.assignments.has(one)) continue
            const [object] = one.args
            if (object.op === Op.StaticFunction)
                this.statics.add(`${name} ${functionKind(object.value)}`)
            append(this.setters, name, [{ body, index }, object])
        }
    }

    /** True when a field of that name of the object is one that the program gives it. */
    protected isOurs(owner: number, name: number): boolean {
        return hasFields(owner) || this.statics.has(`${name} ${owner}`)
    }

    kindsOf(at: Point, one: Expression): Kinds {
        if (one.op === Op.LoadLocal) return this.kindsOfLocal(at, one.value)
        if (one.op === Op.LoadGlobal) return orMissing(this.at(`global ${one.value}`))
        if (one.op === Op.ReturnValue) return this.kindsOfResult(at)
        if (one.op === Op.Undefined || one.op === Op.Null) return ONLY_MISSING
        if (one.op === Op.StaticFunction) return new Set([functionKind(one.value)])
        if (one.op === Op.MakeClosure) return new Set([closureKind(one.value)])
        if (one.op === Op.LoadClosure) return this.kindsOfOuter(at.body, one)
        const name = fieldRead(one)
        if (name !== undefined) return this.kindsOfField(at, one.args[0], name)
        if (one.op === Op.Index) return this.kindsOfElement(at, one.args[0])
        if (one.op === Op.Bind) return new Set([...this.kindsOf(at, one.args[0])].map(boundKind))
        return has(one.op, "plain") ? ONLY_OTHER : ONLY_ANY
    }

    private kindsOfElement(at: Point, object: Expression): Kinds {
        const owners = present(this.kindsOf(at, object))
        const values = this.at(...owners.filter(isArray).map(elements), elements(ANY))
        const known = owners.every(one => isArray(one) && !this.shown.has(one))
        return known ? orMissing(values) : union(values, ONLY_ANY)
    }

    private kindsOfField(at: Point, object: Expression, name: number): Kinds {
        const receivers = this.kindsOf(at, object)
        const owners = present(receivers)
        // A method of an array may hand out what it holds.
        if (isBuiltinName(name) && !isHarmless(name))
            this.show(new Set(owners.filter(one => isArray(one) || functionOf(one) !== undefined)))
        if (this.parsesJson || owners.some(one => this.isReserved(one, name))) return ONLY_ANY
        const { methods, exact } = this.find(receivers, name)
        const bound = new Set(methods.map(one => closureKind(one.body.index)))
        const isOurs = (one: number) => this.isOurs(one, name)
        // Fields that the runtime gives its own objects have such names, too.
        if (isBuiltinName(name) && !owners.every(isOurs)) return union(ONLY_ANY, bound)
        const known = owners.every(one => isOurs(one) && !this.shown.has(one))
        const places = known ? owners.map(one => `field ${name} ${one}`) : [`field ${name}`]
        const found = union(bound, this.at(...places, `field ${name} ${ANY}`))
        if (owners.some(one => this.opened.has(one))) return orMissing(union(found, ONLY_ANY))
        const certain = exact || owners.every(one => this.fieldsOf.get(one)?.has(name))
        return certain ? found : orMissing(found)
    }

    private kindsOfLocal({ body, index }: Point, slot: number): Kinds {
        if (this.writtenByClosures.has(slotOf(body, slot)))
            return orMissing(this.at(local(body, slot), slotOf(body, slot)))
        const stores = [...this.reaching.get(body)![index][slot]]
        const places = stores.map(one =>
            one < body.slots ? local(body, one) : store(body, one - body.slots),
        )
        const kinds = this.at(...places)
        return stores.some(one => one < body.slots && one >= body.args) ? orMissing(kinds) : kinds
    }

    /** A variable of a function around the closure. */
    private kindsOfOuter(body: FunctionCode, { value, args }: Expression): Kinds {
        const owners = this.owners(body, args[0].value)
        const kinds = this.at(
            ...owners.flatMap(owner => [slotOf(owner, value), local(owner, value)]),
        )
        const isSet = owners.every(owner => this.isSetBeforeClosures(owner, value))
        return isSet ? kinds : orMissing(kinds)
    }

    private isSetBeforeClosures(owner: FunctionCode, slot: number): boolean {
        if (slot < owner.args) return true
        return owner.code.every((one, index) => {
            const reads = parts(one).some(
                ({ op, value }) =>
                    op === Op.MakeClosure && this.readOutside.has(`${value} ${slot}`),
            )
            return !reads || !this.reaching.get(owner)![index][slot].has(slot)
        })
    }

    protected kindsOfResult({ body, index }: Point): Kinds {
        const passes = ({ op }: Statement) =>
            op === Op.JumpIfNullish || (!writesReturnValue(op) && op !== Op.Label)
        let before = index - 1
        while (before >= 0 && passes(body.code[before])) before--
        const at = { body, index: before }
        const one = body.code[before]
        if (!one) return ONLY_ANY
        if (one.op === Op.StoreReturnValue) return this.kindsOf(at, one.args[0])
        if (one.op === Op.AllocMap || one.op === Op.AllocArray)
            return new Set([this.allocations.get(one)!])
        if (!isCall(one.op)) return ONLY_ANY
        const [callee] = one.args
        if (callee.op === Op.New && callee.args[0].op === Op.StaticFunction)
            return new Set([callee.args[0].value])
        const { targets, known, early } = this.targets(at, callee)
        if (early) return NOTHING
        const results = this.at(...targets.map(target => `result ${target.index}`))
        return known && callee.op !== Op.New ? results : union(results, ONLY_ANY)
    }

    /**
     * The functions of the program that a call may run, and whether it runs nothing else. It is
     * early to ask while nothing is known of them that may be soon: a value that has come to a
     * place never leaves it again.
     */
    protected targets(
        at: Point,
        callee: Expression,
    ): { targets: FunctionCode[]; known: boolean; early: boolean } {
        if (callee.op === Op.New) return this.targets(at, callee.args[0])
        const kinds = present(this.kindsOf(at, callee))
        const functions = kinds.map(functionOf)
        const found = new Set(functions.flatMap(one => (one === undefined ? [] : [one])))
        return {
            targets: [...found].map(one => this.byIndex.get(one)!),
            known: kinds.length > 0 && !functions.includes(undefined),
            early: kinds.length === 0 && !this.settled,
        }
    }

    /** Methods of a name that values of these kinds have. */
    find(kinds: Kinds, name: number): { methods: Method[]; exact: boolean } {
        const all = this.named.get(name) ?? []
        const known = present(kinds)
        if (known.includes(ANY)) return { methods: all, exact: false }
        const found = known.filter(isClass).map(one => this.findIn(one, name))
        const methods = new Set(found.flatMap(one => one ?? []))
        const exact = known.length > 0 && known.every(isClass) && !found.includes(undefined)
        return { methods: [...methods], exact }
    }

    private findIn(owner: number | undefined, name: number): Method | undefined {
        if (owner === undefined) return undefined
        const own = this.named.get(name)?.find(one => one.owner === owner)
        return own ?? this.findIn(this.classes.parents.get(owner), name)
    }

    /**
     * True when the runtime, or a server, may look for the name on the object: it must have the
     * object for that.
     */
    isReserved(owner: number, name: number): boolean {
        if (!this.reserved.has(name)) return false
        return isRuntimeName(name) || !hasFields(owner) || this.isHandedOut(owner)
    }

    /** True when an instance of the class, or of one below it, is where others may look into it. */
    private isHandedOut(owner: number): boolean {
        const parent = this.classes.parents.get(owner)
        const inherits = this.classes.foreign.has(owner)
        if (inherits || (parent !== undefined && this.isHandedOut(parent))) return true
        return this.shown.has(owner)
    }
}
