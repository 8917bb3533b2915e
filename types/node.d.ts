// DeviceScript's additions to Buffer and its `hex` literal, for type-checking firmware code in
// tests.

declare global {
    interface Buffer {
        getAt(offset: number, format: string): number
        setAt(offset: number, format: string, value: number): void
        blitAt(offset: number, source: Buffer | string, sourceOffset: number, length: number): void
        fillAt(offset: number, length: number, value: number): void
        indexOf(byte: number, start?: number, end?: number): number
    }

    interface BufferConstructor {
        concat(...buffers: Buffer[]): Buffer
    }

    interface String {
        readonly byteLength: number
    }

    interface Array<T> {
        insert(index: number, count: number): void
        pushRange(items: T[]): number
    }

    interface Math {
        idiv(x: number, y: number): number
    }

    function hex(literals: TemplateStringsArray, ...values: unknown[]): Buffer
}

export {}
