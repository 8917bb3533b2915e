import { block, type Source } from "./source"
import { LEAF_LEVEL, Values, type Kind, type Scope, type Variable } from "./values"

/** Statements of every kind. */
export class Statements extends Values {
    protected statements(scope: Scope, low: number, high: number): Source[] {
        return this.times(low, high, () => this.statement(scope))
    }

    protected statement(scope: Scope): Source {
        const { random } = this
        const nested = scope.depth < 3
        const draw = random.next()
        if (draw < 0.14) return this.say(scope)
        if (draw < 0.3) return this.declaration(scope)
        if (draw < 0.46) return this.assignment(scope)
        if (draw < 0.62) return this.callStatement(scope)
        if (draw < 0.7 && nested) return this.branch(scope)
        if (draw < 0.76 && nested) return this.loop(scope)
        if (draw < 0.82 && nested) return this.tried(scope)
        if (draw < 0.86) return this.computed(scope)
        if (draw < 0.89) return this.closure(scope)
        if (draw < 0.92) return this.fiber(scope)
        if (draw < 0.95) return this.leave(scope)
        return this.say(scope)
    }

    private say(scope: Scope): Source {
        const { random } = this
        const mark = this.name("")
        if (random.chance(0.15)) {
            const value = this.value(scope, this.kind(), 1)
            return `console.log("@${this.seed} look ${mark} " + ${value})`
        }
        const kind: Kind = random.chance(0.7) ? "number" : "text"
        return `console.log("@${this.seed} say ${mark} " + ${this.value(scope, kind, 2)})`
    }

    private declaration(scope: Scope): Source {
        const kind = this.kind()
        const name = this.name("local")
        const value = this.value(scope, kind, 2)
        scope.variables.push({ name, kind, inLoop: scope.loops > 0 })
        const type =
            typeof kind === "object" && value.startsWith("new ") && this.random.chance(0.3)
                ? kind.name
                : "any"
        return `let ${name}: ${type} = ${value}`
    }

    /** An assignable target, and its intended kind. */
    private target(scope: Scope): { name: string; kind: Kind } | undefined {
        const free = scope.variables.filter(one => !one.fixed && (!scope.inClosure || !one.inLoop))
        const targets = free.map(({ name, kind }) => ({ name, kind }))
        const holders: Variable[] = free.slice()
        if (scope.self && !scope.inClosure) holders.push({ name: "this", kind: scope.self })
        for (const { name, kind } of holders) {
            if (typeof kind !== "object") continue
            for (const field of this.fieldsOf(kind))
                targets.push({ name: `${name}.${field.name}`, kind: field.kind })
        }
        return targets.length ? this.random.pick(targets) : undefined
    }

    private assignment(scope: Scope): Source {
        const { random } = this
        const target = this.target(scope)
        if (!target) return this.say(scope)
        if (target.kind === "number" && random.chance(0.4))
            return random.chance(0.5)
                ? `${target.name}${random.pick(["++", "--"])}`
                : `${target.name} ${random.pick(["+=", "-=", "|="])} ${this.value(scope, "number", 1)}`
        return `${target.name} = ${this.value(scope, target.kind, 2)} as any`
    }

    private callStatement(scope: Scope): Source {
        const called = this.call(scope, "any", 1)
        if (!called) return this.assignment(scope)
        if (this.random.chance(0.4))
            return `console.log("@${this.seed} got ${this.name("")} " + kind2(${called}))`
        return called.startsWith("(") || called.startsWith("[")
            ? `const ${this.name("unused")} = ${called}`
            : called
    }

    private inner(scope: Scope, more: Partial<Scope> = {}): Scope {
        return { ...scope, variables: [...scope.variables], depth: scope.depth + 1, ...more }
    }

    private branch(scope: Scope): Source {
        const yes = this.statements(this.inner(scope), 1, 2)
        const head = `if (${this.condition(scope, 1)}) {`
        if (this.random.chance(0.5)) return block(head, yes)
        const no = this.statements(this.inner(scope), 1, 2)
        return { head: "", body: [block(head, yes, "} else {"), ...no], tail: "}" }
    }

    private loop(scope: Scope): Source {
        const { random } = this
        const counter = this.name("i")
        const inner = this.inner(scope, { loops: scope.loops + 1 })
        const of = random.chance(0.25)
        inner.variables.push({
            name: counter,
            kind: of ? "any" : "number",
            inLoop: true,
            fixed: true,
        })
        const leave = block(`if (${this.condition(inner, 0)}) {`, [
            random.pick(["break", "continue"]),
        ])
        const body = this.statements(inner, 1, 3)
        if (random.chance(0.4)) {
            body.splice(random.below(body.length + 1), 0, leave)
        }
        if (of) return block(`for (const ${counter} of ${this.value(scope, "array", 1)}) {`, body)
        if (random.chance(0.4)) {
            const step = `if (++${counter} > ${2 + random.below(2)}) break`
            return block(`for (let ${counter} = 0; ;) {`, [step, ...body])
        }
        return block(
            `for (let ${counter} = 0; ${counter} < ${1 + random.below(3)}; ${counter}++) {`,
            body,
        )
    }

    private tried(scope: Scope): Source {
        const { random } = this
        const body = this.statements(this.inner(scope), 1, 3)
        const mark = this.name("")
        const finish = this.statements(
            this.inner(scope, { inFinally: true, result: undefined, loops: 1 }),
            1,
            2,
        )
        const caught = `console.log("@${this.seed} caught ${mark} " + kind(e))`
        if (random.chance(0.4)) return block("try {", body, `} catch (e) { ${caught} }`)
        const open = block(
            "try {",
            body,
            random.chance(0.5) ? `} catch (e) { ${caught} } finally {` : "} finally {",
        )
        return { head: "", body: [open, ...finish], tail: "}" }
    }

    /** Names made at run time, and deleted fields. */
    private computed(scope: Scope): Source {
        const { random } = this
        const kind: Kind =
            random.chance(0.6) && this.shapes.length ? random.pick(this.shapes) : "literal"
        const object = this.value(scope, kind, 0)
        const name = random.chance(0.8)
            ? `key(${random.below(3)})`
            : `key(${this.value(scope, "number", 0)} & 1)`
        const draw = random.next()
        const it = this.name("it")
        if (draw < 0.3) {
            const value = this.value(scope, this.kind(), 1)
            return block("if (true) {", [
                `const ${it}: any = ${object}`,
                `${it}[${name}] = ${value}`,
            ])
        }
        scope.variables.push({ name: it, kind, inLoop: scope.loops > 0, fixed: true })
        const first = `const ${it}: any = ${object}; `
        if (draw < 0.5)
            return first + `console.log("@${this.seed} at ${it} " + typeof ${it}[${name}])`
        if (draw < 0.75) return first + `delete ${it}.${random.pick(this.fieldNames.slice(0, 4))}`
        const look = `console.log("@${this.seed} has ${it} " + k + typeof ${it}[k])`
        return first + `for (const k of Object.keys(${it})) ${look}`
    }

    private closure(scope: Scope): Source {
        if (scope.loops > 0 || scope.inClosure || scope.level <= LEAF_LEVEL) return this.say(scope)
        const name = this.name("closure")
        const inner = this.inner(scope, {
            inClosure: true,
            result: "any",
            level: Math.min(scope.level, LEAF_LEVEL),
        })
        inner.variables.push({ name: "x", kind: "number" })
        const body = [...this.statements(inner, 1, 2), `return ${this.value(inner, "any", 1)}`]
        scope.variables.push({ name, kind: "leaf", fixed: true })
        return block(`const ${name} = (x: any): any => {`, body)
    }

    private fiber(scope: Scope): Source {
        const workers = this.functions.filter(one => one.isFiber)
        if (!workers.length || scope.level < 20 || scope.loops > 0) return this.callStatement(scope)
        const one = this.random.pick(workers)
        const args = this.args(scope, one.params, 1)
        if (this.random.chance(0.6) && one.level < scope.level) return `${one.name}.start(${args})`
        return scope.level === 50 ? `await ${one.name}(${args})` : `${one.name}.start(${args})`
    }

    private leave(scope: Scope): Source {
        const { random } = this
        if (scope.inFinally) return this.say(scope)
        const condition = this.condition(scope, 0)
        if (scope.result !== undefined && random.chance(0.5))
            return `if (${condition}) return ${this.value(scope, scope.result, 1)}`
        const isError = random.chance(0.8)
        const value = isError ? `new Error("${this.name("e")}")` : this.value(scope, "text", 0)
        // A thrown object gets a field with the stack, which changes when functions are inlined.
        const thrown = isError || value.startsWith('"') ? value : '"thrown"'
        return `if (${condition}) throw ${thrown}`
    }
}
