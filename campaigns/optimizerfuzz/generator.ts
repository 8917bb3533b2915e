import { Statements } from "./statements"
import { block, type Source } from "./source"
import {
    LEAF_LEVEL,
    LEVEL_STEP,
    METHOD_LEVEL,
    type Callable,
    type Field,
    type Kind,
    type Scope,
    type Shape,
} from "./values"

/** Level of the main code. */
const MAIN_LEVEL = 50
const WORKER_LEVEL = 45

/**
 * A random program in the firmware's language: classes, closures, fibers, errors, names made at run
 * time, `delete`, loops, and every kind of call. It always ends, and its log does not depend on its
 * speed.
 */
class Generator extends Statements {
    private constructorsMayFail = false

    program(): Source[] {
        const classes = this.times(1, 3, () => this.shape())
        const leaves = this.times(1, 2, () => this.leaf())
        const globals = this.times(1, 4, () => this.global())
        const functions = this.times(1, 4, at => this.helper(at))
        const workers = this.times(0, 2, () => this.worker())
        const inFunction = this.random.chance(0.7)
        const scope = this.scope({ level: MAIN_LEVEL })
        const body = this.times(3, 6, () => this.attempt(scope))
        const end = [this.attempt(scope)]
        const all: Source[] = [...body, "await ds.sleep(100)", ...end, "await ds.sleep(200)"]
        const main = inFunction ? [block("async function main() {", all), "await main()"] : all
        return [
            ...this.prelude(),
            ...classes,
            ...leaves,
            ...globals,
            ...functions,
            ...workers,
            ...main,
        ]
    }

    private prelude(): Source[] {
        const [first, , , fourth] = this.fieldNames
        const names = [first, fourth, this.methodNames[0]].map(one => `"${one}"`).join(", ")
        return [
            "// @ts-nocheck",
            'import * as ds from "@devicescript/core"',
            block("function note(mark: number, v: any): any {", [
                `console.log("@${this.seed} note " + mark + kind2(v))`,
                "return v",
            ]),
            block("function kind(e: any): string {", [
                'if (e instanceof TypeError) return "TypeError"',
                'return e instanceof Error ? e.message : "thrown " + e',
            ]),
            'function kind2(v: any): string { return typeof v === "number" ? " " + +v : typeof v }',
            `function key(i: number): string { return [${names}][i] }`,
        ]
    }

    private shape(): Source {
        const { random } = this
        const parent =
            this.shapes.length && random.chance(0.4) ? random.pick(this.shapes) : undefined
        const shape: Shape = { name: this.name("Class"), fields: [], methods: [], params: [] }
        if (parent) {
            shape.parent = parent
            shape.params.push(...parent.params)
        }
        const inherited = new Set(this.fieldsOf(shape).map(one => one.name))
        const names = this.fieldNames.filter(one => !inherited.has(one) && random.chance(0.5))
        shape.fields.push(...names.map(name => ({ name, kind: this.kind() })))
        const fields = shape.fields.map(one => this.fieldLine(one))
        const constructor = this.constructorOf(shape)
        const methods = this.methodsMade(shape)
        this.shapes.push(shape)
        const from = parent ? ` extends ${parent.name}` : ""
        return block(`class ${shape.name}${from} {`, [...fields, constructor, ...methods])
    }

    private methodsMade(shape: Shape): Source[] {
        const inherited = this.methodsOf(shape)
        const fieldNames = new Set(this.fieldsOf(shape).map(one => one.name))
        return this.methodNames.flatMap((name, at) => {
            if (fieldNames.has(name) || !this.random.chance(0.5)) return []
            const old = inherited.find(one => one.name === name)
            const params = old?.params ?? this.times(0, 2, () => this.kind())
            const level = METHOD_LEVEL + at * LEVEL_STEP
            const callable = { name, params, result: old?.result ?? this.kind(), level }
            const made = this.body((old ? "override " : "") + name, callable, { self: shape })
            shape.methods.push(callable)
            return [made]
        })
    }

    private fieldLine({ name, kind }: Field): string {
        if (this.random.chance(0.25)) return `${name}: any`
        const simple = typeof kind === "object" && this.random.chance(0.5) ? "any" : kind
        return `${name}: any = ${this.value(this.scope({}), simple, 1)}`
    }

    private constructorOf(shape: Shape): Source {
        const given = shape.params.map((kind, at) => ({ name: `p${at}`, kind }))
        const params = given.map(one => `${one.name}: any`)
        const used = new Set(this.fieldsOf(shape).map(one => one.name))
        const extra = this.fieldNames.find(one => !used.has(one))
        if (extra && this.random.chance(0.5)) {
            const field = { name: extra, kind: this.kind() }
            params.push(`public ${extra}: any`)
            shape.params.push(field.kind)
            shape.fields.push(field)
        }
        const scope = this.scope({ self: shape, level: LEAF_LEVEL })
        scope.variables.push(...given)
        const lines = this.random.chance(0.6) ? [] : this.statements(scope, 1, 2)
        this.constructorsMayFail ||= lines.length > 0
        const first = shape.parent ? [`super(${this.superArgs(shape)})`] : []
        return block(`constructor(${params.join(", ")}) {`, [...first, ...lines])
    }

    private superArgs(shape: Shape): string {
        return shape.parent!.params.map((_, at) => `p${at}`).join(", ")
    }

    private leaf(): Source {
        const name = this.name("leaf")
        const made = this.body(
            "function " + name,
            { name, params: ["any"], result: "any", level: LEAF_LEVEL },
            {},
        )
        this.globals.push({ name, kind: "leaf", fixed: true })
        return made
    }

    private global(): Source {
        const kind = this.kind()
        const name = this.name("global")
        const fromOthers = this.random.chance(0.3)
        const scope = this.scope(fromOthers ? {} : { variables: [] })
        const value = this.random.chance(0.2) ? "undefined" : this.value(scope, kind, 2)
        this.globals.push({ name, kind })
        if (fromOthers || this.constructorsMayFail)
            return {
                head: `let ${name}: any`,
                body: [this.caught([`${name} = ${value}`])],
                tail: "",
            }
        const isTyped =
            typeof kind === "object" && value.startsWith("new ") && this.random.chance(0.3)
        return `let ${name}: ${isTyped ? kind.name : "any"} = ${value}`
    }

    private helper(at: number): Source {
        const params = this.times(0, 3, () => this.kind())
        const level = METHOD_LEVEL + 2 + at * LEVEL_STEP
        const callable: Callable = { name: this.name("helper"), params, result: this.kind(), level }
        const made = this.body("function " + callable.name, callable, {})
        this.functions.push(callable)
        return made
    }

    /** A fiber's function, which no error leaves. */
    private worker(): Source {
        const params = this.times(1, 2, () => this.kind())
        const callable: Callable = {
            name: this.name("worker"),
            params,
            result: "number",
            level: WORKER_LEVEL,
            isFiber: true,
        }
        const scope = this.scope({ level: WORKER_LEVEL })
        params.forEach((kind, at) => scope.variables.push({ name: `p${at}`, kind }))
        const lines = this.statements({ ...scope, depth: 1 }, 1, 4)
        const pause = this.random.chance(0.6) ? ["await ds.sleep(40)"] : []
        const given = params.map((_, at) => `p${at}: any`).join(", ")
        this.functions.push(callable)
        const body = [...lines.slice(0, 1), ...pause, ...lines.slice(1)]
        return block(`async function ${callable.name}(${given}): Promise<any> {`, [
            this.caught(body),
            "return 1",
        ])
    }

    private body(head: string, callable: Callable, more: Partial<Scope>): Source {
        const own = callable.params.map((kind, at) => ({ name: `p${at}`, kind }))
        const scope = this.scope({ ...more, level: callable.level, result: callable.result })
        scope.variables.push(...own)
        const lines = this.statements(scope, 1, callable.level <= LEAF_LEVEL ? 2 : 4)
        const params = own.map(({ name, kind }) => {
            const fallback = this.random.chance(0.1)
                ? ` = ${this.value(this.scope({}), kind, 1)}`
                : "?"
            return fallback === "?" ? `${name}?: any` : `${name}: any${fallback}`
        })
        return block(`${head}(${params.join(", ")}): any {`, [
            ...lines,
            `return ${this.value(scope, callable.result, 2)}`,
        ])
    }

    private attempt(scope: Scope): Source {
        const inner = { ...scope, variables: [...scope.variables], depth: 1 }
        return this.caught(this.statements(inner, 1, 3))
    }

    private caught(body: Source[]): Source {
        return block(
            "try {",
            body,
            `} catch (e) { console.log("@${this.seed} caught ${this.name("")} " + kind(e)) }`,
        )
    }
}

export function randomProgram(seed: number): Source[] {
    return new Generator(seed).program()
}

export type { Kind }
