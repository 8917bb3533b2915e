import { Random } from "../../test/support/random"

/** The intended kind of a value; occasionally it is another. */
export type Kind = "number" | "text" | "array" | "leaf" | "literal" | "any" | Shape

export interface Shape {
    name: string
    parent?: Shape
    fields: Field[]
    methods: Callable[]
    params: Kind[]
}

export interface Field {
    name: string
    kind: Kind
}

export interface Callable {
    name: string
    params: Kind[]
    result: Kind
    level: number
    isFiber?: boolean
}

export interface Variable extends Field {
    /** Declared in a loop: closures must not see it. */
    inLoop?: boolean
    fixed?: boolean
}

/** The place of a statement or value. */
export interface Scope {
    variables: Variable[]
    self?: Shape
    /** Calls only go to lower levels, so that every program ends. */
    level: number
    loops: number
    depth: number
    inClosure?: boolean
    inFinally?: boolean
    /** Kind of the returned value; absent if there is no return. */
    result?: Kind
}

const TEXTS = ['"red"', '"blue"', '""', '"x"']
const NUMBERS = ["0", "1", "2", "3", "7", "-1", "40", "1000", "70000", "0.5"]
const ARITHMETIC = ["+", "-", "*", "&", "|", "^", "<<", ">>>"]
const COMPARISONS = ["<", "<=", ">", ">=", "===", "!=="]
/** Field and method names; the runtime knows the longer ones, too. */
const FIELDS = ["a", "b", "c", "name", "value"]
const METHODS = ["go", "run", "turn", "read", "add"]
export const LEAF_LEVEL = 1
export const METHOD_LEVEL = 10
export const LEVEL_STEP = 5
/** Loops call only fast functions. */
const LOOP_LEVEL = 18

/** Values of every kind, from the scope. */
export class Values {
    protected readonly random: Random
    protected readonly shapes: Shape[] = []
    protected readonly functions: Callable[] = []
    protected readonly globals: Variable[] = []
    protected readonly fieldNames: string[]
    protected readonly methodNames: string[]
    private names = 0

    /** @param seed part of every name, so that programs in one image do not interfere */
    constructor(protected readonly seed: number) {
        this.random = new Random(seed * 7919 + 13)
        const share = this.random.chance(0.4) ? 0.5 : 0
        const named = (one: string) =>
            one.length > 2 && this.random.chance(share) ? one : one + seed
        this.fieldNames = FIELDS.map(named)
        this.methodNames = METHODS.map(named)
    }

    protected name(stem: string): string {
        return `${stem}${this.names++}`
    }

    protected times<T>(low: number, high: number, make: (at: number) => T): T[] {
        const count = low + this.random.below(high - low + 1)
        return Array.from({ length: count }, (_, at) => make(at))
    }

    protected scope(more: Partial<Scope>): Scope {
        return { variables: [...this.globals], level: 0, loops: 0, depth: 0, ...more }
    }

    protected kind(): Kind {
        const kinds: Kind[] = ["number", "number", "text", "array", "leaf", "literal", "any"]
        return this.random.pick([...kinds, ...this.shapes, ...this.shapes, ...this.shapes])
    }

    protected fieldsOf(shape: Shape): Field[] {
        return [...shape.fields, ...(shape.parent ? this.fieldsOf(shape.parent) : [])]
    }

    protected methodsOf(shape: Shape): Callable[] {
        return [...shape.methods, ...(shape.parent ? this.methodsOf(shape.parent) : [])]
    }

    /** The shape or one derived from it. */
    private relative(shape: Shape): Shape {
        return this.random.pick(
            this.shapes.filter(one => one === shape || one.parent === shape).concat(shape),
        )
    }

    value(scope: Scope, kind: Kind, depth: number): string {
        const { random } = this
        if (random.chance(0.03)) kind = this.kind()
        if (random.chance(0.01)) return "undefined"
        const options = this.readable(scope, kind)
        if (depth < -1) return random.pick(options.length ? options : NUMBERS)
        if (options.length && random.chance(depth > 0 ? 0.5 : 0.85)) return random.pick(options)
        if (depth > 0 && random.chance(0.3)) {
            const called = this.call(scope, kind, depth - 1)
            if (called) return called
        }
        if (depth > 0 && random.chance(0.08))
            return `(${this.condition(scope, 0)} ? ${this.value(scope, kind, depth - 1)} : ${this.value(scope, kind, depth - 1)})`
        return this.made(scope, kind, depth)
    }

    /** Existing values. */
    private readable(scope: Scope, kind: Kind): string[] {
        const fits = (one: Field) => one.kind === kind || kind === "any"
        const seen = scope.variables.filter(one => !scope.inClosure || !one.inLoop)
        const found = seen.filter(fits).map(one => one.name)
        const holders: [string, Shape][] = seen.flatMap(one =>
            typeof one.kind === "object" ? [[one.name, one.kind] as [string, Shape]] : [],
        )
        if (scope.self && !scope.inClosure) {
            if (kind === scope.self || kind === "any") found.push("this")
            holders.push(["this", scope.self])
        }
        for (const [name, shape] of holders)
            for (const field of this.fieldsOf(shape))
                if (fits(field)) found.push(`${name}.${field.name}`)
        for (const one of seen.filter(each => each.kind === "literal"))
            if (kind === "number" || kind === "any") found.push(`${one.name}.${this.fieldNames[0]}`)
        return found
    }

    /** A new value. */
    private made(scope: Scope, kind: Kind, depth: number): string {
        const { random } = this
        const deeper = depth - 1
        if (kind === "number") return this.number(scope, depth)
        if (kind === "text") return this.text(scope, depth)
        if (kind === "array")
            return `[${this.times(1, 3, () => this.value(scope, this.kind(), deeper)).join(", ")}]`
        if (kind === "leaf") return this.leafValue(scope)
        if (kind === "literal") {
            const names = [
                this.fieldNames[0],
                ...this.fieldNames.slice(1, 4).filter(() => random.chance(0.4)),
            ]
            const fields = names.map(
                (one, at) => `${one}: ${this.value(scope, at ? this.kind() : "number", deeper)}`,
            )
            return `{ ${fields.join(", ")} }`
        }
        if (kind === "any") return this.value(scope, this.kind(), deeper)
        const shape = this.relative(kind)
        return `new ${shape.name}(${shape.params.map(one => this.value(scope, one, deeper)).join(", ")})`
    }

    private number(scope: Scope, depth: number): string {
        const { random } = this
        if (depth <= 0 || random.chance(0.3)) return random.pick(NUMBERS)
        const [a, b] = [
            this.value(scope, "number", depth - 1),
            this.value(scope, "number", depth - 1),
        ]
        if (random.chance(0.15))
            return `(note(${this.name("")}, ${a}) + note(${this.name("")}, ${b}))`
        if (random.chance(0.1)) return `(${this.condition(scope, depth - 1)} && ${a})`
        if (random.chance(0.1)) return `(${a} ?? ${b})`
        return `(${a} ${random.pick(ARITHMETIC)} ${b})`
    }

    private text(scope: Scope, depth: number): string {
        const { random } = this
        if (depth <= 0 || random.chance(0.6)) return random.pick(TEXTS)
        if (random.chance(0.3)) return `typeof ${this.value(scope, this.kind(), depth - 1)}`
        return `(${this.value(scope, "text", depth - 1)} + ${this.value(scope, "number", depth - 1)})`
    }

    /** A function that calls nothing. */
    private leafValue(scope: Scope): string {
        const { random } = this
        const inner = { ...scope, inClosure: true, level: LEAF_LEVEL, loops: 0 }
        const own = {
            ...inner,
            variables: [...inner.variables, { name: "x", kind: "number" as Kind }],
        }
        // Closures in fields and arrays see only globals, as the compiler requires.
        if (scope.loops > 0)
            own.variables = [...this.globals, { name: "x", kind: "number" as Kind }]
        const value = this.value(own, random.pick<Kind>(["number", "text", "any"]), 1)
        return `((x: any): any => ${value.startsWith("{") ? `(${value})` : value})`
    }

    condition(scope: Scope, depth: number): string {
        const { random } = this
        const a = this.value(scope, "number", depth)
        if (random.chance(0.2)) return `!${a}`
        if (random.chance(0.15) && this.shapes.length)
            return `((${this.value(scope, random.pick(this.shapes), 0)}) as any) instanceof ${random.pick(this.shapes).name}`
        if (random.chance(0.15)) return `(${a} as any) ${random.pick(["===", "!=="])} undefined`
        if (random.chance(0.2))
            return `(${a} ${random.pick(["&&", "||"])} ${this.value(scope, "number", depth)})`
        return `${a} ${random.pick(COMPARISONS)} ${this.value(scope, "number", depth)}`
    }

    protected args(scope: Scope, params: Kind[], depth: number): string {
        const { random } = this
        const given = random.chance(0.06) ? params.slice(0, -1) : params
        const noted = (value: string) =>
            random.chance(0.12) ? `note(${this.name("")}, ${value})` : value
        return given.map(one => noted(this.value(scope, one, depth))).join(", ")
    }

    /** A call in one of many forms; undefined if nothing fits. */
    call(scope: Scope, kind: Kind, depth: number): string | undefined {
        const { random } = this
        const level = Math.min(scope.level, scope.loops > 0 ? LOOP_LEVEL : 99)
        const fits = (one: Callable) =>
            one.level < level && !one.isFiber && (kind === "any" || one.result === kind)
        const ways: (() => string)[] = []
        for (const one of this.functions.filter(fits)) {
            ways.push(() => `${one.name}(${this.args(scope, one.params, depth)})`)
            if (one.params.length === 1)
                ways.push(() => `[${this.args(scope, one.params, 0) || "1"}].map(${one.name})[0]`)
        }
        for (const shape of this.shapes)
            for (const one of shape.methods.filter(fits))
                ways.push(() => this.methodCall(scope, shape, one, depth))
        if (level > LEAF_LEVEL && (kind === "any" || kind === "number"))
            ways.push(() => this.leafCall(scope, depth))
        return ways.length ? random.pick(ways)() : undefined
    }

    private methodCall(scope: Scope, shape: Shape, one: Callable, depth: number): string {
        const { random } = this
        const receiver = this.receiver(scope, shape, depth)
        const args = this.args(scope, one.params, depth)
        if (random.chance(0.06)) return `${receiver}?.${one.name}(${args})`
        if (random.chance(0.06)) return `(${receiver} as any)["${one.name}"](${args})`
        if (random.chance(0.06) && one.name === this.methodNames[0])
            return `(${receiver} as any)[key(2)](${args})`
        if (random.chance(0.05) && this.methodNames.includes(one.name))
            return `((f: any): any => f(${args.includes("this") ? "" : this.args({ ...scope, inClosure: true, variables: this.globals }, one.params, 0)}))(${receiver}.${one.name})`
        return `${receiver}.${one.name}(${args})`
    }

    /** Usually named, to give every optimization a chance. */
    private receiver(scope: Scope, shape: Shape, depth: number): string {
        const found = this.readable(scope, shape)
        if (found.length && this.random.chance(0.9)) return this.random.pick(found)
        return this.random.chance(0.5)
            ? `(${this.made(scope, shape, 0)})`
            : `(${this.value(scope, shape, depth)})`
    }

    private leafCall(scope: Scope, depth: number): string {
        const found = this.readable(scope, "leaf")
        const callee = found.length ? this.random.pick(found) : this.leafValue(scope)
        return `${callee}(${this.value(scope, "any", Math.min(depth, 0))})`
    }
}
