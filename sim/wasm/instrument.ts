import { functionNames, Kind, Section, sections, signed, unsigned, WasmReader } from "./reader"

/** A mutable i32 global exported by the module. */
export interface AddedGlobal {
    name: string
    initial: number
}

export interface Instrumentation {
    /** What an instruction adds to the counter when executed. */
    cost(opcode: number): number
    /** The counter's export name; it wraps at 32 bits. */
    counter: string
    /** Further globals, for the code in `entries`. */
    globals: readonly AddedGlobal[]
    /**
     * Code inserted at the start of functions, by function name; it finds the added globals'
     * indexes by name. It is not counted.
     */
    entries: Readonly<Record<string, (index: (global: string) => number[]) => number[]>>
}

/**
 * Makes a module count what it executes: at the start of each basic block the block's cost is added
 * to an exported global. Globals and exports are appended, so that no index of the module changes.
 * It accepts modules of WebAssembly 1.0 with sign extension, saturating conversion and bulk memory.
 */
export function instrument(wasm: Uint8Array, instrumentation: Instrumentation): Uint8Array {
    const names = functionNames(wasm)
    const added = [{ name: instrumentation.counter, initial: 0 }, ...instrumentation.globals]
    const entries = new Map<number, number[]>()
    const pieces: (Uint8Array | number[])[] = [wasm.subarray(0, 8)]
    let imported = { functions: 0, globals: 0 }
    let firstAdded: number | undefined
    for (const { id, body } of sections(wasm)) {
        let changed: Uint8Array = body
        if (id === Section.Import) imported = countImports(body)
        else if (id === Section.Global) {
            firstAdded = imported.globals + new WasmReader(body).u32()
            changed = withGlobals(body, added)
        } else if (id === Section.Export) changed = withExports(body, added, firstAdded!)
        else if (id === Section.Code) {
            if (firstAdded === undefined) throw new Error("the module has no globals section")
            const first = firstAdded
            const index = (name: string) =>
                unsigned(first + added.findIndex(one => one.name === name))
            for (const [name, code] of Object.entries(instrumentation.entries)) {
                const at = names.get(name)
                if (at === undefined) throw new Error(`the module has no function "${name}"`)
                entries.set(at, code(index))
            }
            changed = countedCode(body, imported.functions, first, entries, instrumentation)
        }
        pieces.push([id], unsigned(changed.length), changed)
    }
    return joined(pieces)
}

function countImports(body: Uint8Array): { functions: number; globals: number } {
    const reader = new WasmReader(body)
    const count = { functions: 0, globals: 0 }
    for (let left = reader.u32(); left > 0; --left) {
        reader.name()
        reader.name()
        const kind = reader.u8()
        if (kind === Kind.Function) {
            count.functions++
            reader.skipNumber()
        } else if (kind === Kind.Global) {
            count.globals++
            reader.slice(2)
        } else {
            if (kind === Kind.Table) reader.u8()
            const hasMaximum = reader.u8() & 1
            reader.skipNumber()
            if (hasMaximum) reader.skipNumber()
        }
    }
    return count
}

function withGlobals(body: Uint8Array, added: readonly AddedGlobal[]): Uint8Array {
    const reader = new WasmReader(body)
    const count = unsigned(reader.u32() + added.length)
    // i32, mutable, i32.const, end
    const globals = added.map(one => [0x7f, 1, 0x41, ...signed(one.initial), 0x0b])
    return joined([count, reader.rest(), ...globals])
}

function withExports(body: Uint8Array, added: readonly AddedGlobal[], first: number): Uint8Array {
    const reader = new WasmReader(body)
    const count = unsigned(reader.u32() + added.length)
    const exports = added.map((one, at) => {
        const name = Buffer.from(one.name, "utf8")
        return [...unsigned(name.length), ...name, Kind.Global, ...unsigned(first + at)]
    })
    return joined([count, reader.rest(), ...exports])
}

function countedCode(
    body: Uint8Array,
    firstFunction: number,
    counter: number,
    entries: ReadonlyMap<number, number[]>,
    { cost }: Instrumentation,
): Uint8Array {
    const reader = new WasmReader(body)
    const count = reader.u32()
    const pieces: (Uint8Array | number[])[] = [unsigned(count)]
    for (let at = 0; at < count; ++at) {
        const code = reader.slice(reader.u32())
        const entry = entries.get(firstFunction + at) ?? []
        const counted = countedFunction(code, counter, entry, cost)
        pieces.push(unsigned(counted.length), counted)
    }
    return joined(pieces)
}

function countedFunction(
    code: Uint8Array,
    counter: number,
    entry: number[],
    cost: (opcode: number) => number,
): Uint8Array {
    const reader = new WasmReader(code)
    for (let left = reader.u32(); left > 0; --left) {
        reader.skipNumber()
        reader.u8()
    }
    const pieces: (Uint8Array | number[])[] = [code.subarray(0, reader.at), entry]
    const global = unsigned(counter)
    let from = reader.at
    let sum = 0
    const endBlock = () => {
        // global.get, i32.const, i32.add, global.set
        if (sum > 0) pieces.push([0x23, ...global, 0x41, ...signed(sum), 0x6a, 0x24, ...global])
        pieces.push(code.subarray(from, reader.at))
        from = reader.at
        sum = 0
    }
    while (!reader.done) {
        const opcode = reader.u8()
        sum += cost(opcode)
        skipOperands(reader, opcode)
        if (endsBlock(opcode)) endBlock()
    }
    return joined(pieces)
}

/**
 * After these the code continues, or comes from, somewhere else: unreachable, loop … end, br …
 * return.
 */
function endsBlock(opcode: number): boolean {
    return opcode === 0 || (opcode >= 0x03 && opcode <= 0x05) || (opcode >= 0x0b && opcode <= 0x0f)
}

/** Throws on an unknown instruction, because its length is unknown. */
function skipOperands(reader: WasmReader, opcode: number): void {
    // block, loop, if; br, br_if; call; local.*, global.*; i32.const, i64.const
    const one =
        (opcode >= 0x02 && opcode <= 0x04) ||
        opcode === 0x0c ||
        opcode === 0x0d ||
        opcode === 0x10 ||
        (opcode >= 0x20 && opcode <= 0x24) ||
        (opcode >= 0x3f && opcode <= 0x42)
    if (one) return reader.skipNumber()
    // call_indirect; loads and stores
    if (opcode === 0x11 || (opcode >= 0x28 && opcode <= 0x3e)) {
        reader.skipNumber()
        return reader.skipNumber()
    }
    if (opcode === 0x0e) {
        for (let left = reader.u32() + 1; left > 0; --left) reader.skipNumber()
    } else if (opcode === 0x43) reader.slice(4)
    else if (opcode === 0x44) reader.slice(8)
    else if (opcode === 0xfc) skipPrefixed(reader)
    else if (!isPlain(opcode)) throw unknown(`0x${opcode.toString(16)}`)
}

/** Instructions without operands: control, parametric, numeric, sign extension. */
function isPlain(opcode: number): boolean {
    const control = opcode <= 0x01 || opcode === 0x05 || opcode === 0x0b || opcode === 0x0f
    return control || opcode === 0x1a || opcode === 0x1b || (opcode >= 0x45 && opcode <= 0xc4)
}

/** Saturating conversions, memory.copy and memory.fill. */
function skipPrefixed(reader: WasmReader): void {
    const number = reader.u32()
    if (number === 10) reader.slice(2)
    else if (number === 11) reader.slice(1)
    else if (number > 7) throw unknown(`0xfc ${number}`)
}

function unknown(opcode: string): Error {
    return new Error(`unknown WebAssembly instruction ${opcode}: its cost cannot be counted`)
}

function joined(pieces: readonly (Uint8Array | number[])[]): Uint8Array {
    return Buffer.concat(pieces.map(piece => Uint8Array.from(piece)))
}
