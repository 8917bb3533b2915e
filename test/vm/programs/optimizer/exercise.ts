import * as ds from "@devicescript/core"
import { machines } from "./machines"
import { callCount, flush, note } from "./notes"

// Exercises the compiler. Its log must not change when it is optimized.

class Shape {
    sides = 0
    label: string
    constructor(label: string) {
        this.label = label
    }
    area(): number {
        return 0
    }
    describe(): string {
        return this.label + ":" + this.area() + ":" + this.sides
    }
}

class Square extends Shape {
    constructor(readonly edge: number) {
        super("square")
        this.sides = 4
    }
    override area(): number {
        return this.edge * this.edge
    }
}

class Failure extends Error {
    constructor(
        readonly code: number,
        message: string,
    ) {
        super(message)
        this.name = "Failure"
    }
}

function conditions(a: number, b: number, text: string): string {
    let result = ""
    if (a && b) result += "and "
    if (a || b) result += "or "
    if (!a && !b) result += "neither "
    if (!(a && (b || text))) result += "mixed "
    const chosen = a ? (b ? "both" : "first") : b ? "second" : "none"
    const small = a < b && b < 10
    const other = a > b || text === "x"
    result += chosen + (small ? " small" : " big") + (other ? " other" : "")
    return result + " " + (text || "empty") + (a === undefined ? "u" : "d")
}

function inOrder(): number {
    const object = { list: [1, 2, 3], get: (i: number) => note("get" + i, i) }
    const sum = note("a", 1) + note("b", 2) * note("c", 3)
    object.list[note("index", 1)] = note("value", 9)
    const picked = note("left", true) && note("right", false)
    const either = note("one", 0) || note("two", 5)
    flush("order")
    return sum + object.list[1] + (picked ? 100 : 0) + either + object.get(2)
}

function thrower(level: number): number {
    if (level === 0) throw new Failure(7, "bottom")
    if (level === 1) {
        const nothing: { field: number } = undefined
        return nothing.field
    }
    return level
}

function catching(level: number): string {
    let state = "start"
    try {
        state = "trying"
        const value = thrower(level)
        state = "value " + value
        if (level === 2) return "early " + state
        for (let i = 0; i < 3; i++) {
            try {
                if (i === 1) continue
                if (i === 2 && level === 3) break
                state += "." + i
            } finally {
                state += "f"
            }
        }
    } catch (thrown) {
        const name = (thrown as Error).name
        state += " caught " + name + " " + (thrown instanceof Failure)
        if (level === 1) return state
        state += " " + (thrown as Failure).code
    } finally {
        state += " finally"
        note("finally " + level, 0)
    }
    return state
}

function finallyReturns(): number {
    let x = 1
    try {
        x = 2
        return x
    } finally {
        x = 3
        note("x" + x, 0)
    }
}

function rethrows(): string {
    let seen = ""
    try {
        try {
            seen += "a"
            thrower(0)
            seen += "never"
        } catch (inner) {
            seen += "b"
            throw inner
        } finally {
            seen += "c"
        }
    } catch (outer) {
        seen += "d" + (outer as Failure).message
    }
    return seen
}

function counters(): string {
    let shared = 10
    const up = () => {
        shared = shared + 1
        return shared
    }
    const nested = () => {
        const inner = () => shared * 2
        shared += 5
        return inner()
    }
    const first = up()
    let copy = shared
    copy += 1
    const second = nested()
    const before = shared
    up()
    return first + " " + second + " " + copy + " " + shared + " " + before
}

function switching(word: string, n: number): number {
    let result = 0
    switch (word) {
        case "one":
            result = 1
            break
        case "two":
        case "deux":
            result = 2
            break
        default:
            result = n > 5 ? 50 : -1
    }
    switch (n) {
        case 1:
            return result + 10
        case 2:
            return result + 20
    }
    return result
}

function loops(limit: number): string {
    let text = ""
    for (let i = 0; i < limit; i++) {
        if (i === 3) continue
        if (i > 6) break
        let j = i
        while (j > 0) {
            j -= 2
            if (j === 2) break
        }
        text += i + "/" + j + " "
    }
    for (const item of [5, 6, 7]) text += item
    let a = 0
    let b = 1
    for (let k = 0; k < 10; k++) {
        const c = a + b
        a = b
        b = c
    }
    return text + " " + a + " " + b
}

function swapping(a: number, b: number): string {
    for (let i = 0; i < 3; i++) {
        const old = a
        a = b
        b = old + i
    }
    let x = a
    const y = x
    x = x + 1
    return a + " " + b + " " + x + " " + y
}

function buffers(): string {
    const buffer = Buffer.alloc(16)
    buffer[0] = 255
    buffer.setAt(4, "u32", 0x12345678)
    buffer.setAt(8, "i16", -5)
    const constant = hex`00 01 02 ff`
    let sum = 0
    for (let i = 0; i < buffer.length; i++) sum += buffer[i]
    for (let i = 0; i < constant.length; i++) sum = (sum << 1) ^ constant[i]
    return sum + " " + buffer.toString("hex") + " " + buffer.getAt(8, "i16")
}

function optional(value?: { name?: string; call: () => number }): string {
    return (value?.name ?? "no name") + " " + value?.call() + " " + (value === undefined)
}

function onlyOnce(a: number, b: number): number {
    if (a > b) return a - b
    const c = a * b
    return c + a
}

function onlyOnceLoop(text: string): string {
    let found: string
    for (let i = 0; i < text.length; i++) if (text[i] === "b") found = "b at " + i
    return found === undefined ? "none" : found
}

function rest(first: number, ...others: number[]): number {
    let sum = first
    for (const one of others) sum += one
    return sum
}

function defaults(a: number, b = 5, c = a + b): number {
    return a * 100 + b * 10 + c
}

function spreadAndDestructure(): string {
    const base = { a: 1, b: 2 }
    const more = { ...base, c: 3 }
    const { a, c } = more
    const [x, y] = [a + c, c - a]
    const numbers = [x, y, ...[7, 8]]
    return x + " " + y + " " + numbers.length + " " + numbers[3] + " " + more.b
}

async function slow(name: string, ms: number): Promise<string> {
    await ds.sleep(ms)
    return name + ms
}

async function concurrently(): Promise<void> {
    const log: string[] = []
    const work = async () => {
        for (let i = 0; i < 3; i++) {
            await ds.sleep(600)
            log.push("fiber" + i)
        }
    }
    work.start()
    for (let i = 0; i < 3; i++) {
        const result = await slow("main", 1100 + i)
        log.push(result)
    }
    try {
        await slow("x", 1)
        await (async () => {
            await ds.sleep(1)
            throw new Failure(3, "async")
        })()
    } catch (e) {
        log.push((e as Failure).message)
    }
    await ds.sleep(5000)
    for (let i = 0; i < log.length; i++) console.log("log " + log[i])
}

function numbers(): string {
    const big = 70000 * 70000
    const half = 1 / 2
    const negative = -300
    let bits = 0
    for (let i = -3; i < 3; i++) bits = (bits * 31 + i) | 0
    return (
        big + " " + half + " " + negative + " " + bits + " " + (1 << 30) + " " + 1.5e10 + " " + ~5
    )
}

function manyLocals(a: number): number {
    const b = a + 1
    const c = b * 2
    const d = c - a
    const e = d + b
    const f = note("f", e + c)
    const g = f > 3 ? b : c
    const h = g + d
    return a + b * 2 + c * 3 + d * 5 + e * 7 + f * 11 + g * 13 + h * 17
}

function calledOnceWithTry(level: number): string {
    try {
        if (level > 1) return "high " + thrower(level)
        thrower(level)
    } catch (e) {
        return "caught " + (e as Error).name
    } finally {
        note("once", level)
    }
    return "never"
}

function joined(left: string, right: string, times: number): string {
    let text = ""
    for (let i = 0; i < times; i++) text = text + left + (i % 2 ? "-" : "+") + right
    return note("joined", text + (times > 2 ? " many" : " few"))
}

function padded(text: string, width: number): string {
    let result = text
    while (result.length < width) result = " " + result
    if (result.length > width) result = joined(result, padded(text, result.length), 1)
    return note("padded", result)
}

function choices(a: number, text: string): string {
    const sign = a < 0 ? "-" : ""
    const isBig = a > 100 ? true : false
    const isSmall = a > 100 ? false : true
    const both = a > 1 && text.length > 1 ? text : "none"
    const first = text.length > 2 ? "long" : text + sign
    let kept = "kept"
    try {
        kept = thrower(a) > 1 ? "changed" : kept
    } catch (e) {
        kept += " " + (e as Error).name
    }
    return [sign, isBig, isSmall, both, first, kept].join("/")
}

function functionPairs(): string {
    let text = joined("a", "b", 1) + joined("c", "d", 2) + joined("e", "f", 3)
    text += padded("xyz", 5) + padded("xyz", 2) + padded("", 3)
    for (const one of [-1, 0, 1, 2, 200]) text += " " + choices(one, "abc") + choices(one, "z")
    return text
}

const twice = (n: number): number => n * 2
function half(n: number, rounded: boolean): number {
    return rounded ? Math.floor(n / 2) : n / 2
}

function literals(n: number): string {
    const long = "a text of more than sixteen characters"
    const at = long.indexOf("sixteen") + half(n, true) + half(n, false)
    const sum = n + 70000 - 300 + 2000000000 + 248 - 17 + twice(n) + twice(at)
    return long[17] + long.length + " " + at + " " + sum + " " + -40000 + " " + half(sum, true)
}

console.log(new Square(5).describe() + " " + new Shape("none").describe())
for (let a = 0; a < 3; a++)
    for (let b = 0; b < 2; b++) console.log(conditions(a, b, a > 1 ? "x" : ""))
console.log("sum " + inOrder())
for (let level = 0; level < 5; level++) console.log(level + " " + catching(level))
console.log(finallyReturns() + " " + rethrows())
flush("after")
console.log(counters())
for (const word of ["one", "two", "deux", "other"])
    console.log(switching(word, 1) + " " + switching(word, 2) + " " + switching(word, 9))
console.log(loops(20) + " | " + loops(2))
console.log(swapping(1, 2))
console.log(buffers())
console.log(optional() + optional({ name: "n", call: () => 5 }) + optional({ call: () => 4 }))
console.log(onlyOnce(3, 2) + " " + onlyOnceLoop("aabb"))
console.log(
    rest(1, 2, 3) +
        " " +
        rest(4) +
        " " +
        defaults(1) +
        " " +
        defaults(1, 2) +
        " " +
        defaults(1, 2, 3),
)
console.log(spreadAndDestructure())
console.log(numbers() + " " + manyLocals(3))
const bound = new Square(3)
const method = () => bound.describe()
console.log(method() + " " + callCount() + " " + (bound instanceof Shape) + " " + typeof bound)
console.log(machines())
flush("machines")
console.log(functionPairs())
flush("pairs")
for (let level = 0; level < 3; level++) console.log("level " + calledOnceWithTry(level))
flush("levels")
console.log(literals(7) + " " + literals(10))
await concurrently()
console.log("finished")
