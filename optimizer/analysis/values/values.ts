import { classesOf, keyNumber } from "../classes"
import { type Method } from "../classes"
import { writesReturnValue } from "../effects"
import { type LookUp, type Point, type Resolved } from "../lookups"
import {
    ANY,
    type Kinds,
    MISSING,
    NOTHING,
    ONLY_ANY,
    OTHER,
    closureKind,
    functionKind,
    functionOf,
    hasFields,
    isArray,
    present,
} from "./kinds"
import { mixesResults } from "./objects"
import { elements, local, slotOf, store } from "./places"
import { Reading } from "./reading"
import { type Expression, type Statement, parts } from "../../ir/code"
import { type FunctionCode, FunctionFlag, type Program } from "../../ir/image"
import { BuiltinName, Op, isCall } from "../../ir/opcodes"
import { isBuiltinName } from "../../ir/strings"

/** Follows all values through the whole program. */
export class Values extends Reading {
    private readonly mixesResults: ReadonlySet<FunctionCode>

    /** Undefined when the program does not set its classes up as the compiler's do. */
    static of(program: Program): Values | undefined {
        const classes = classesOf(program)
        return classes && new Values(program, classes)
    }

    constructor(...[program, classes]: ConstructorParameters<typeof Reading>) {
        super(program, classes)
        const { functions } = program
        this.mixesResults = new Set(functions.filter(mixesResults))
        const found = new Set(this.lookUps.map(one => one.name))
        for (const { body, owner, name } of classes.methods) {
            this.startWithThis(body, owner)
            if (!found.has(name)) this.show(new Set([closureKind(body.index)]))
        }
        for (const body of functions) this.startFunction(body)
        const each = (work: (at: Point, one: Statement) => void) => {
            for (const body of functions)
                body.code.forEach((one, index) => work({ body, index }, one))
        }
        while (this.changed) {
            this.changed = false
            for (const one of classes.methods)
                if (this.isFoundByOthers(one) || this.isOpened(one.owner))
                    this.show(new Set([closureKind(one.body.index)]))
            each((at, one) => this.follow(at, one))
            if (!this.changed && !this.settled) this.settled = this.changed = true
            if (!this.changed) each((at, one) => this.followTexts(at, one))
        }
    }

    private startFunction(body: FunctionCode): void {
        if (body.flags & FunctionFlag.Constructor) this.startWithThis(body, body.index)
        else if (body.flags & FunctionFlag.NeedsThis && !this.kinds.has(local(body, 0)))
            this.add(local(body, 0), ANY)
        if (body.flags & FunctionFlag.RestArgument) this.escape(body)
    }

    private startWithThis(body: FunctionCode, owner: number): void {
        for (const one of this.family(owner)) this.add(local(body, 0), one)
    }

    /** With all descendants. */
    private family(owner: number): number[] {
        const below = [...this.classes.parents].filter(([, parent]) => parent === owner)
        return [owner, ...below.flatMap(([child]) => this.family(child))]
    }

    private follow(at: Point, one: Statement): void {
        if (this.assignments.has(one)) return
        const { body, index } = at
        const kindsOf = (value: Expression) => this.kindsOf(at, value)
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
        else if (isCall(one.op)) this.followCall(at, one)
        // Values that reach a label in `ret_val` are not followed further.
        if (this.mixesResults.has(body) && writesReturnValue(one.op))
            this.show(this.kindsOfResult({ body, index: index + 1 }))
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
     * An object as a text tells all its fields. A value that may also be a text or number is taken
     * for one, so this comes last: kinds that are added later would be missed.
     */
    private followTexts(at: Point, one: Statement): void {
        for (const { op, args } of parts(one))
            if (op === Op.Add)
                for (const kinds of args.map(arg => this.kindsOf(at, arg)))
                    if (!kinds.has(OTHER) && !kinds.has(ANY)) this.reveal(kinds)
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
        if (name === undefined) this.open(new Set(owners.filter(hasFields)))
        for (const owner of owners) {
            if (isArray(owner)) this.hold(owner, elements(owner), values)
            else if (name === undefined || this.isReserved(owner, name)) this.show(values)
            else if (!this.isOurs(owner, name) && isBuiltinName(name)) this.show(values)
            if (name !== undefined && (this.isOurs(owner, name) || owner === ANY))
                this.hold(owner, `field ${name} ${owner}`, values)
        }
        if (name !== undefined) this.addAll(`field ${name}`, values)
    }

    private followCall(at: Point, call: Statement): void {
        const given = call.args.slice(1)
        const { targets, known, early } = this.targets(at, call.args[0])
        if (early) return
        const hasRest = targets.some(one => one.flags & FunctionFlag.RestArgument)
        if (hasRest || call.op === Op.CallArray || !known) this.showGiven(at, call)
        for (const target of targets) {
            if (call.op === Op.CallArray) this.escape(target)
            const first = target.flags & FunctionFlag.NeedsThis ? 1 : 0
            for (let slot = first; slot < target.args; slot++) {
                const arg = given[slot - first]
                if (arg) this.addAll(local(target, slot), this.kindsOf(at, arg))
                else this.add(local(target, slot), MISSING)
            }
        }
    }

    /** The arguments of a call that may run anything. Pushed values are in the array only. */
    private showGiven(at: Point, { args }: Statement): void {
        const [callee, ...given] = args
        const receivers = callee.args.length ? this.kindsOf(at, callee.args[0]) : NOTHING
        const pushes = callee.op === Op.BuiltinField && callee.value === BuiltinName.push
        const arrays = present(receivers)
        for (const arg of given) {
            const values = this.kindsOf(at, arg)
            if (callee.op === Op.ObjectField && callee.value !== BuiltinName.setPrototypeOf)
                this.open(values)
            for (const array of arrays)
                if (isArray(array)) this.hold(array, elements(array), values)
            if (!pushes || !arrays.every(isArray)) this.show(values)
        }
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

    resolve(look: LookUp): Resolved {
        const kinds = this.kindsOf(look, look.object)
        const objects = present(kinds)
        // A receiver that seems to be missing in any case is tested before its call.
        const { methods, exact } = this.find(objects.length ? kinds : ONLY_ANY, look.name)
        const isShadowed = this.setters.get(look.name)?.some(([at, object]) => {
            const on = this.kindsOf(at, object)
            return on.has(ANY) || !present(on).length || objects.some(one => on.has(one))
        })
        const isOpened = objects.some(one => this.opened.has(one))
        const certain = kinds.size > 0 && !kinds.has(ANY) && !kinds.has(MISSING)
        return { methods, exact: exact && !isShadowed && !isOpened, certain }
    }
}
