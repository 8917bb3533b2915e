/** Sections of a module, by the numbers of the WebAssembly 1.0 specification (5.5.2). */
export const enum Section {
    Custom = 0,
    Import = 2,
    Global = 6,
    Export = 7,
    Code = 10,
}

/** Kinds of imports and exports (5.5.5). */
export const enum Kind {
    Function = 0,
    Table = 1,
    Memory = 2,
    Global = 3,
}

/** Reads a module's bytes from front to back. */
export class WasmReader {
    at = 0

    constructor(readonly bytes: Uint8Array) {}

    get done(): boolean {
        return this.at >= this.bytes.length
    }

    /** Throws at the end of the bytes. */
    u8(): number {
        return this.slice(1)[0]
    }

    /** An unsigned LEB128 number of 32 bits (5.2.2). */
    u32(): number {
        let value = 0
        for (let shift = 0; ; shift += 7) {
            const byte = this.u8()
            value |= (byte & 0x7f) << shift
            if (byte < 0x80) return value >>> 0
        }
    }

    /** Any LEB128 number. */
    skipNumber(): void {
        while (this.u8() >= 0x80);
    }

    /** Throws at the end of the bytes. */
    slice(length: number): Uint8Array {
        this.at += length
        if (this.at > this.bytes.length)
            throw new Error("the WebAssembly module ends in the middle")
        return this.bytes.subarray(this.at - length, this.at)
    }

    name(): string {
        return Buffer.from(this.slice(this.u32())).toString("utf8")
    }

    rest(): Uint8Array {
        return this.bytes.subarray(this.at)
    }
}

/** A number in unsigned LEB128. */
export function unsigned(value: number): number[] {
    const bytes: number[] = []
    for (let left = value >>> 0; ;) {
        const low = left & 0x7f
        left >>>= 7
        if (left === 0) return [...bytes, low]
        bytes.push(low | 0x80)
    }
}

/** A 32-bit number in signed LEB128. */
export function signed(value: number): number[] {
    const bytes: number[] = []
    for (let left = value | 0; ;) {
        const low = left & 0x7f
        left >>= 7
        const negative = (low & 0x40) !== 0
        if ((left === 0 && !negative) || (left === -1 && negative)) return [...bytes, low]
        bytes.push(low | 0x80)
    }
}

/** The functions' names with their indexes, from the custom section "name". */
export function functionNames(wasm: Uint8Array): Map<string, number> {
    const names = new Map<string, number>()
    for (const { id, body } of sections(wasm)) {
        const reader = new WasmReader(body)
        if (id !== Section.Custom || reader.name() !== "name") continue
        while (!reader.done) {
            const subsection = reader.u8()
            const entries = new WasmReader(reader.slice(reader.u32()))
            if (subsection !== 1) continue
            for (let left = entries.u32(); left > 0; --left) {
                const index = entries.u32()
                names.set(entries.name(), index)
            }
        }
    }
    return names
}

/** The sections of a module, in order. */
export function* sections(wasm: Uint8Array): Generator<{ id: number; body: Uint8Array }> {
    const reader = new WasmReader(wasm)
    // "\0asm" and the version.
    reader.slice(8)
    while (!reader.done) {
        const id = reader.u8()
        yield { id, body: reader.slice(reader.u32()) }
    }
}
