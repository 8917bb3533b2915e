// DeviceScript's Buffer for firmware code in Node: same names, same saturation, same copies.

type Reader = (view: DataView, offset: number) => number
type Writer = (view: DataView, offset: number, value: number) => void
interface Format {
    bytes: number
    min: number
    max: number
    read: Reader
    write: Writer
}

function integer(bytes: number, signed: boolean, read: Reader, write: Writer): Format {
    const span = 2 ** (bytes * 8)
    return {
        bytes,
        min: signed ? -span / 2 : 0,
        max: signed ? span / 2 - 1 : span - 1,
        read,
        write,
    }
}

const formats: Record<string, Format> = {
    u8: integer(
        1,
        false,
        (v, o) => v.getUint8(o),
        (v, o, x) => v.setUint8(o, x),
    ),
    i8: integer(
        1,
        true,
        (v, o) => v.getInt8(o),
        (v, o, x) => v.setInt8(o, x),
    ),
    u16: integer(
        2,
        false,
        (v, o) => v.getUint16(o, true),
        (v, o, x) => v.setUint16(o, x, true),
    ),
    i16: integer(
        2,
        true,
        (v, o) => v.getInt16(o, true),
        (v, o, x) => v.setInt16(o, x, true),
    ),
    u32: integer(
        4,
        false,
        (v, o) => v.getUint32(o, true),
        (v, o, x) => v.setUint32(o, x, true),
    ),
    i32: integer(
        4,
        true,
        (v, o) => v.getInt32(o, true),
        (v, o, x) => v.setInt32(o, x, true),
    ),
    f32: {
        bytes: 4,
        min: -Infinity,
        max: Infinity,
        read: (v, o) => v.getFloat32(o, true),
        write: (v, o, x) => v.setFloat32(o, x, true),
    },
    u64: integer(
        8,
        false,
        (v, o) => Number(v.getBigUint64(o, true)),
        (v, o, x) => v.setBigUint64(o, BigInt(x), true),
    ),
    i64: integer(
        8,
        true,
        (v, o) => Number(v.getBigInt64(o, true)),
        (v, o, x) => v.setBigInt64(o, BigInt(x), true),
    ),
}

function formatOf(name: string): Format {
    const format = formats[name]
    if (!format) throw new TypeError(`Buffer format ${name} is not modelled`)
    return format
}

// A string's length in UTF-8.
if (!("byteLength" in String.prototype))
    Object.defineProperty(String.prototype, "byteLength", {
        get(this: string) {
            return globalThis.Buffer.byteLength(this)
        },
    })

/** From this many bytes on the engine's own copy is faster than a loop. */
const longBytes = 32
const { set: put } = Uint8Array.prototype

/** The type that firmware code accepts as its Buffer. */
export type FirmwareBuffer = DeviceBuffer & Buffer

export class DeviceBuffer extends Uint8Array {
    static alloc(size: number): FirmwareBuffer {
        if (size > 57344) throw new RangeError("buffer too large")
        return new DeviceBuffer(size) as FirmwareBuffer
    }

    static override from(data: any, encoding?: any): any {
        const bytes =
            typeof data === "string"
                ? globalThis.Buffer.from(data, encoding === "hex" ? "hex" : "utf8")
                : data
        const copy = new DeviceBuffer(bytes.length)
        if (bytes.length >= longBytes) put.call(copy, bytes)
        else for (let i = 0; i < bytes.length; ++i) copy[i] = bytes[i]
        return copy
    }

    static concat(...buffers: Uint8Array[]): DeviceBuffer {
        const whole = new DeviceBuffer(buffers.reduce((sum, b) => sum + b.length, 0))
        let offset = 0
        for (const b of buffers) {
            for (let i = 0; i < b.length; ++i) whole[offset + i] = b[i]
            offset += b.length
        }
        return whole
    }

    private view(): DataView {
        return new DataView(this.buffer, this.byteOffset, this.byteLength)
    }

    getAt(offset: number, format: string): number | undefined {
        // The file system reads these formats all the time: without a view they are faster.
        if (format === "i32" && offset >= 0 && offset + 4 <= this.length)
            return (
                this[offset] |
                (this[offset + 1] << 8) |
                (this[offset + 2] << 16) |
                (this[offset + 3] << 24)
            )
        if (format === "u32" && offset >= 0 && offset + 4 <= this.length)
            return (
                (this[offset] | (this[offset + 1] << 8) | (this[offset + 2] << 16)) +
                this[offset + 3] * 0x1000000
            )
        if (format === "u16" && offset >= 0 && offset + 2 <= this.length)
            return this[offset] | (this[offset + 1] << 8)
        const f = formatOf(format)
        if (offset < 0) return 0
        if (offset + f.bytes > this.length) return undefined
        return f.read(this.view(), offset)
    }

    setAt(offset: number, format: string, value: number): void {
        const min = format === "u32" ? 0 : format === "i32" ? -0x80000000 : NaN
        if (!Number.isNaN(min) && offset >= 0 && offset + 4 <= this.length) {
            const bounded = Math.min(min + 0xffffffff, Math.max(min, Math.round(value)))
            this[offset] = bounded
            this[offset + 1] = bounded >>> 8
            this[offset + 2] = bounded >>> 16
            this[offset + 3] = bounded >>> 24
            return
        }
        const f = formatOf(format)
        if (offset < 0) return
        if (offset + f.bytes > this.length) throw new RangeError("setAt() past the end")
        const exact = format === "f32" ? value : Math.round(value)
        f.write(this.view(), offset, Math.min(f.max, Math.max(f.min, exact)))
    }

    blitAt(
        offset: number,
        source: Uint8Array | string,
        sourceOffset: number,
        length: number,
    ): void {
        const from = typeof source === "string" ? DeviceBuffer.from(source) : source
        const apart = from instanceof Uint8Array && from.buffer !== this.buffer
        if (apart && length >= longBytes && offset >= 0 && sourceOffset >= 0) {
            const count = Math.min(length, this.length - offset, from.length - sourceOffset)
            if (count <= 0) return
            put.call(
                this,
                new Uint8Array(from.buffer, from.byteOffset + sourceOffset, count),
                offset,
            )
            return
        }
        for (let i = 0; i < length; ++i) {
            const to = offset + i
            if (to >= 0 && to < this.length && sourceOffset + i < from.length)
                this[to] = from[sourceOffset + i]
        }
    }

    fillAt(offset: number, length: number, value: number): void {
        if (length > 0) this.fill(value & 255, Math.max(0, offset), Math.max(0, offset + length))
    }

    override set(source: any, targetOffset = 0): void {
        this.blitAt(targetOffset, source, 0, source.length)
    }

    concat(other: Uint8Array): DeviceBuffer {
        return DeviceBuffer.concat(this, other)
    }

    // Copies; bytes past the end read as zero.
    override slice(from = 0, to = this.length): any {
        const copy = new DeviceBuffer(Math.max(0, to - from))
        for (let i = 0; i < copy.length; ++i) copy[i] = this[from + i] ?? 0
        return copy
    }

    // A negative end searches backwards.
    override indexOf(byte: number, start = 0, end = this.length): number {
        const at = end < 0 ? super.lastIndexOf(byte, -end - 1) : super.indexOf(byte, start)
        return at >= start && at < Math.abs(end) ? at : -1
    }

    override toString(encoding?: string): string {
        const bytes = globalThis.Buffer.from(this.buffer, this.byteOffset, this.byteLength)
        return bytes.toString(encoding === "hex" ? "hex" : "utf8")
    }

    readUInt16LE(offset: number): number {
        return this.getAt(offset, "u16")!
    }

    readUInt32LE(offset: number): number {
        return this.getAt(offset, "u32")!
    }
}

/** The `hex` literal of DeviceScript. */
export function deviceHex(literals: TemplateStringsArray): DeviceBuffer {
    return DeviceBuffer.from(literals.join("").replace(/\s+/g, ""), "hex")
}

// DeviceScript also has a string's length in UTF-8 and whole division.
if (!("byteLength" in String.prototype))
    Object.defineProperty(String.prototype, "byteLength", {
        get(this: string): number {
            return globalThis.Buffer.byteLength(this)
        },
    })
if (!("idiv" in Math))
    Object.defineProperty(Math, "idiv", { value: (x: number, y: number) => Math.trunc(x / y) })
