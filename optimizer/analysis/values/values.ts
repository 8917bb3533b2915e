import { type Classes, type Method, fieldRead, fieldSet, keyNumber } from "../classes"
import { contexts } from "../contexts"
import { writesReturnValue } from "../effects"
import { type LookUp, type Reaching, type Resolved, isRuntimeName } from "../lookups"
import {
    ANY,
    type Kinds,
    MISSING,
    ONLY_OTHER,
    OTHER,
    closureKind,
    functionKind,
    functionOf,
    hasFields,
    isArray,
    isClass,
    present,
} from "./kinds"
import { isHarmless, mixesResults, objectsMade, outerReads } from "./objects"
import { Places, local, union } from "./places"
import { type Expression, type Statement, eachExpression, parts } from "../../ir/code"
import { type FunctionCode, FunctionFlag, type Program } from "../../ir/image"
import { BuiltinName, has, isCall, Op, RuntimeObject } from "../../ir/opcodes"
import { append } from "../../ir/maps"
import { isBuiltinName } from "../../ir/strings"

// What the values of a program may be, by following them through the whole of it.

const NOTHING: Kinds = new Set()
const ONLY_ANY: Kinds = new Set([ANY])
const ONLY_MISSING: Kinds = new Set([MISSING])
const orMissing = (kinds: Kinds): Kinds => union(kinds, ONLY_MISSING)
const store = (body: FunctionCode, index: number) => `store ${body.index} ${index}`
const slotOf = (body: FunctionCode, slot: number) => `slot ${body.index} ${slot}`
const elements = (array: number) => `elements ${array}`

export class Values extends Places {
    private readonly makers = new Map<number, FunctionCode[]>()
    private readonly named = new Map<number, Method[]>()
    /** By name: the objects on which a field of that name is set. */
    private readonly setters = new Map<number, [FunctionCode, number, Expression][]>()
    private readonly writtenByClosures = new Set<string>()
    private readonly parsesJson: boolean
    /** By class or object literal: the fields that are set before anything can look at them. */
    readonly fieldsOf = new Map<number, ReadonlySet<number>>()
    /** Where object literals and arrays are made, and what kind each is. */
    readonly allocations = new Map<Statement, number>()
    private readonly assignments: ReadonlySet<Statement>
    /** Fields of functions, by name and function. */
    private readonly statics = new Set<string>()
    /** What nothing has come to by now is left with nothing: a call of it may run anything. */
    private settled = false
    private readonly mixesResults = new Set<FunctionCode>()
    private readonly readByClosures = new Map<number, ReadonlySet<string>>()

    constructor(
        program: Program,
        private readonly classes: Classes,
        lookUps: readonly LookUp[],
        private readonly reserved: ReadonlySet<number>,
        private readonly reaching: Reaching,
    ) {
        super(new Map(program.functions.map(one => [one.index, one])))
        this.assignments = new Set(classes.methods.map(one => one.assignment))
        let parsesJson = false
        for (const body of program.functions)
            eachExpression(body.code, one => {
                if (one.op === Op.BuiltinObject && one.value === RuntimeObject.Json)
                    parsesJson = true
                if (one.op !== Op.MakeClosure) return
                append(this.makers, one.value, body)
            })
        this.parsesJson = parsesJson
        this.startWithObjects(program)
        this.startWithMethods(lookUps)
        for (const body of program.functions) this.prepare(body)
        while (this.changed) {
            this.changed = false
            for (const one of classes.methods)
                if (this.isFoundByOthers(one) || this.isOpened(one.owner))
                    this.show(new Set([closureKind(one.body.index)]))
            for (const body of program.functions)
                body.code.forEach((one, index) => this.follow(body, index, one))
            if (!this.changed && !this.settled) this.settled = this.changed = true
            if (!this.changed) this.followTexts(program)
        }
    }

    private startWithObjects(program: Program): void {
        for (const context of contexts(program)) {
            const { body } = context
            if (mixesResults(body)) this.mixesResults.add(body)
            if (this.makers.has(body.index))
                this.readByClosures.set(body.index, outerReads(body, this.byIndex))
            for (const { made, kind, fields } of objectsMade(context, this.allocations.size)) {
                if (made) this.allocations.set(made, kind)
                if (fields) this.fieldsOf.set(kind, fields)
            }
        }
    }

    private startWithMethods(lookUps: readonly LookUp[]): void {
        for (const one of this.classes.methods) {
            append(this.named, one.name, one)
            this.startWithThis(one.body, one.owner)
        }
        const found = new Set(lookUps.map(one => one.name))
        for (const { name, body } of this.classes.methods)
            if (!found.has(name)) this.show(new Set([closureKind(body.index)]))
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
        else if (body.flags & FunctionFlag.NeedsThis && !this.kinds.has(local(body, 0)))
            this.add(local(body, 0), ANY)
        if (body.flags & FunctionFlag.RestArgument) this.escape(body)
        for (const [index, one] of body.code.entries()) {
            if (one.op === Op.StoreClosure)
                for (const owner of this.owners(body, one.args[0].value))
                    this.writtenByClosures.add(slotOf(owner, one.value))
            const name = fieldSet(one)
            if (name === undefined || this.assignments.has(one)) continue
            const [object] = one.args
            if (object.op === Op.StaticFunction)
                this.statics.add(`${name} ${functionKind(object.value)}`)
            append(this.setters, name, [body, index, object])
        }
    }

    /** The functions whose local a closure means by going so many levels up. */
    private owners(body: FunctionCode, level: number): FunctionCode[] {
        if (level === 0) return [body]
        const makers = this.makers.get(body.index) ?? []
        return makers.flatMap(one => this.owners(one, level - 1))
    }

    private follow(body: FunctionCode, index: number, one: Statement): void {
        if (this.assignments.has(one)) return
        const kindsOf = (value: Expression) => this.kindsOf(body, index, value)
        const [first, second] = one.args
        for (const part of parts(one)) {
            if (part.op === Op.Bind)
                this.followBinding(kindsOf(part.args[0]), kindsOf(part.args[1]))
            if (part.op === Op.Index || part.op === Op.Utf8Field)
                this.lookInto(kindsOf(part.args[0]))
        }
        if (one.op === Op.StoreLocal) {
            this.addAll(store(body, index), kindsOf(first))
            this.addAll(slotOf(body, one.value), kindsOf(first))
        } else if (one.op === Op.StoreGlobal) this.addAll(`global ${one.value}`, kindsOf(first))
        else if (one.op === Op.Return) this.followReturn(body, kindsOf(first))
        else if (one.op === Op.Throw || one.op === Op.ReThrow) this.show(kindsOf(first))
        else if (one.op === Op.IndexDelete) this.open(kindsOf(first))
        else if (one.op === Op.StoreClosure) {
            for (const owner of this.owners(body, first.value))
                this.addAll(slotOf(owner, one.value), kindsOf(second))
        } else if (one.op === Op.IndexSet) this.followField(one, kindsOf)
        else if (isCall(one.op)) this.followCall(body, index, one)
        // What comes to a label in `ret_val` is not followed further.
        if (this.mixesResults.has(body) && writesReturnValue(one.op))
            this.show(this.kindsOfResult(body, index + 1))
    }

    /**
     * Something is read by a name that the program does not spell out: a field, or a function's
     * `start`.
     */
    private lookInto(kinds: Kinds): void {
        this.open(new Set([...kinds].filter(hasFields)))
        this.show(new Set([...kinds].filter(one => functionOf(one) !== undefined)))
    }

    /**
     * Behind everything else, as it asks for what is not there: a number that was not seen yet
     * would be missed.
     */
    private followTexts({ functions }: Program): void {
        for (const body of functions)
            body.code.forEach((one, index) => {
                for (const { op, args } of parts(one))
                    if (op === Op.Add)
                        for (const arg of args) this.followText(this.kindsOf(body, index, arg))
            })
    }

    /**
     * An object as a text tells all its fields. What may also be a number or text is taken for
     * that.
     */
    private followText(kinds: Kinds): void {
        if (![OTHER, ANY].some(one => kinds.has(one))) this.reveal(kinds)
    }

    /** A function is given its `this`. */
    private followBinding(functions: Kinds, given: Kinds): void {
        for (const one of present(functions)) {
            const called = functionOf(one)
            if (called === undefined) this.show(given)
            else this.addAll(local(this.byIndex.get(called)!, 0), given)
        }
    }

    private followReturn(body: FunctionCode, kinds: Kinds): void {
        this.addAll(`result ${body.index}`, kinds)
        const shown = [functionKind(body.index), closureKind(body.index)]
        if (shown.some(one => this.shown.has(one))) this.show(kinds)
    }

    private followField(one: Statement, kindsOf: (value: Expression) => Kinds): void {
        const [object, key, value] = one.args
        const name = keyNumber(key)
        const owners = present(kindsOf(object))
        const values = kindsOf(value)
        const isOurs = (owner: number) => hasFields(owner) || this.statics.has(`${name} ${owner}`)
        for (const owner of owners) {
            if (name === undefined && hasFields(owner)) this.open(new Set([owner]))
            if (isArray(owner)) this.hold(owner, elements(owner), values)
            else if (name === undefined || this.isReserved(owner, name)) this.show(values)
            else if (!isOurs(owner) && isBuiltinName(name)) this.show(values)
            if (name !== undefined && (isOurs(owner) || owner === ANY))
                this.hold(owner, `field ${name} ${owner}`, values)
        }
        if (name !== undefined) this.addAll(`field ${name}`, values)
    }

    private followCall(body: FunctionCode, index: number, call: Statement): void {
        const given = call.args.slice(1)
        const { targets, known, early } = this.targets(body, index, call.args[0])
        if (early) return
        const hasRest = targets.some(one => one.flags & FunctionFlag.RestArgument)
        if (hasRest || call.op === Op.CallArray || !known) this.showGiven(body, index, call)
        for (const target of targets) {
            if (call.op === Op.CallArray) this.escape(target)
            const first = target.flags & FunctionFlag.NeedsThis ? 1 : 0
            for (let slot = first; slot < target.args; slot++) {
                const arg = given[slot - first]
                if (arg) this.addAll(local(target, slot), this.kindsOf(body, index, arg))
                else this.add(local(target, slot), MISSING)
            }
        }
    }

    /** The arguments of a call that may run anything. What is pushed on an array is only there. */
    private showGiven(body: FunctionCode, index: number, { args }: Statement): void {
        const [callee, ...given] = args
        const receivers = callee.args.length ? this.kindsOf(body, index, callee.args[0]) : NOTHING
        const arrays = present(receivers)
        for (const arg of given) {
            const values = this.kindsOf(body, index, arg)
            if (callee.op === Op.ObjectField && callee.value !== BuiltinName.setPrototypeOf)
                this.open(values)
            for (const array of arrays)
                if (isArray(array)) this.hold(array, elements(array), values)
            this.show(values)
        }
    }

    /**
     * The functions of the program that a call may run, and whether it runs nothing else. It is
     * early to ask while nothing is known of them that may be soon: a value that has come to a
     * place never leaves it again.
     */
    private targets(
        body: FunctionCode,
        index: number,
        callee: Expression,
    ): { targets: FunctionCode[]; known: boolean; early: boolean } {
        if (callee.op === Op.New) return this.targets(body, index, callee.args[0])
        const kinds = present(this.kindsOf(body, index, callee))
        const functions = kinds.map(functionOf)
        const found = new Set(functions.flatMap(one => (one === undefined ? [] : [one])))
        return {
            targets: [...found].map(one => this.byIndex.get(one)!),
            known: kinds.length > 0 && !functions.includes(undefined),
            early: kinds.length === 0 && !this.settled,
        }
    }

    kindsOf(body: FunctionCode, index: number, one: Expression): Kinds {
        if (one.op === Op.LoadLocal) return this.kindsOfLocal(body, index, one.value)
        if (one.op === Op.LoadGlobal) return orMissing(this.at(`global ${one.value}`))
        if (one.op === Op.ReturnValue) return this.kindsOfResult(body, index)
        if (one.op === Op.Undefined || one.op === Op.Null) return ONLY_MISSING
        if (one.op === Op.StaticFunction) return new Set([functionKind(one.value)])
        if (one.op === Op.MakeClosure) return new Set([closureKind(one.value)])
        if (one.op === Op.LoadClosure) return this.kindsOfOuter(body, one)
        const name = fieldRead(one)
        if (name !== undefined) return this.kindsOfField(body, index, one.args[0], name)
        if (one.op === Op.Index) return this.kindsOfElement(body, index, one.args[0])
        if (one.op === Op.Bind) {
            const bound = [...this.kindsOf(body, index, one.args[0])].map(kind => {
                const called = functionOf(kind)
                return called === undefined ? kind : closureKind(called)
            })
            return new Set(bound)
        }
        return has(one.op, "plain") ? ONLY_OTHER : ONLY_ANY
    }

    private kindsOfElement(body: FunctionCode, index: number, object: Expression): Kinds {
        const owners = present(this.kindsOf(body, index, object))
        const values = this.at(...owners.filter(isArray).map(elements), elements(ANY))
        const known = owners.every(one => isArray(one) && !this.shown.has(one))
        return known ? orMissing(values) : union(values, ONLY_ANY)
    }

    private kindsOfField(
        body: FunctionCode,
        index: number,
        object: Expression,
        name: number,
    ): Kinds {
        const receivers = this.kindsOf(body, index, object)
        const owners = present(receivers)
        // A method of an array may hand out what it holds.
        if (isBuiltinName(name) && !isHarmless(name))
            this.show(new Set(owners.filter(one => isArray(one) || functionOf(one) !== undefined)))
        if (this.parsesJson || owners.some(one => this.isReserved(one, name))) return ONLY_ANY
        const { methods, exact } = this.find(receivers, name)
        const bound = new Set(methods.map(one => closureKind(one.body.index)))
        // What the runtime gives its own objects has such a name, too.
        const isOurs = (one: number) => hasFields(one) || this.statics.has(`${name} ${one}`)
        if (isBuiltinName(name) && !owners.every(isOurs)) return union(ONLY_ANY, bound)
        const known = owners.every(one => isOurs(one) && !this.shown.has(one))
        const places = known ? owners.map(one => `field ${name} ${one}`) : [`field ${name}`]
        const found = union(bound, this.at(...places, `field ${name} ${ANY}`))
        if (owners.some(one => this.opened.has(one))) return orMissing(union(found, ONLY_ANY))
        const certain = exact || owners.every(one => this.fieldsOf.get(one)?.has(name))
        return certain ? found : orMissing(found)
    }

    private kindsOfLocal(body: FunctionCode, index: number, slot: number): Kinds {
        if (this.writtenByClosures.has(slotOf(body, slot)))
            return orMissing(this.at(local(body, slot), slotOf(body, slot)))
        const stores = [...this.reaching(body)[index][slot]]
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
            const made = parts(one).filter(part => part.op === Op.MakeClosure)
            const reads = made.some(part => this.readByClosures.get(part.value)!.has(`1 ${slot}`))
            return !reads || !this.reaching(owner)[index][slot].has(slot)
        })
    }

    private kindsOfResult(body: FunctionCode, index: number): Kinds {
        let at = index - 1
        const passes = ({ op }: Statement) =>
            op === Op.JumpIfNullish || (!writesReturnValue(op) && op !== Op.Label)
        while (at >= 0 && passes(body.code[at])) at--
        const one = body.code[at]
        if (!one) return ONLY_ANY
        if (one.op === Op.StoreReturnValue) return this.kindsOf(body, at, one.args[0])
        if (one.op === Op.AllocMap || one.op === Op.AllocArray)
            return new Set([this.allocations.get(one)!])
        if (!isCall(one.op)) return ONLY_ANY
        const [callee] = one.args
        if (callee.op === Op.New && callee.args[0].op === Op.StaticFunction)
            return new Set([callee.args[0].value])
        const { targets, known, early } = this.targets(body, at, callee)
        if (early) return NOTHING
        const results = this.at(...targets.map(target => `result ${target.index}`), "")
        return known && callee.op !== Op.New ? results : union(results, ONLY_ANY)
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

    /** True when the runtime or a server may call the method by its name. */
    isFoundByOthers({ name, owner }: Method): boolean {
        return this.family(owner).some(one => this.isReserved(one, name))
    }

    /**
     * True when instances are looked into by names that the program makes up: methods are found so,
     * too.
     */
    isOpened(owner: number): boolean {
        return this.family(owner).some(one => this.opened.has(one))
    }

    resolve({ body, index, object, name }: LookUp): Resolved {
        const kinds = this.kindsOf(body, index, object)
        const certain = this.isCertain(body, index, object)
        // What seems to be missing in any case is looked at before it is called.
        const { methods, exact } = this.find(present(kinds).length ? kinds : ONLY_ANY, name)
        const setOn = (this.setters.get(name) ?? []).map(one => this.kindsOf(...one))
        if (present(kinds).some(one => this.opened.has(one)))
            return { methods, exact: false, certain }
        if (exact) {
            const shadowed = setOn.some(
                on => on.has(ANY) || !present(on).length || present(kinds).some(one => on.has(one)),
            )
            return { methods, exact: !shadowed, certain }
        }
        return { methods, exact: false, certain }
    }

    /** True when the value is an object on every way. */
    isCertain(body: FunctionCode, index: number, object: Expression): boolean {
        const kinds = this.kindsOf(body, index, object)
        return kinds.size > 0 && !kinds.has(ANY) && !kinds.has(MISSING)
    }
}
