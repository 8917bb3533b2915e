import { type Expression, type Statement, copyOf, refersToFunction, rewriteCode } from "./code"
import { decodeFunction, encodeFunction } from "./codec"
import { Op } from "./opcodes"
import { asciiName, isAsciiName, stringIndex } from "./strings"
import { countUses, ranked } from "./usage"

const HEADER_BYTES = 32
const SECTIONS = 10
const SECTION_DESCRIPTOR_BYTES = 8
export const FUNCTION_DESCRIPTOR_BYTES = 16
const SERVICE_SPEC_BYTES = 16
const PACKET_SPEC_BYTES = 8
const FIELD_SPEC_BYTES = 4
const PACKET_HAS_FIELDS = 1
const IMAGE_ALIGN = 32

export const Section = {
    Functions: 0,
    FunctionsData: 1,
    Doubles: 2,
    AsciiStrings: 4,
    Utf8Strings: 5,
    StringData: 7,
    ServiceSpecs: 8,
} as const

export const FunctionFlag = { NeedsThis: 1, Constructor: 2, RestArgument: 4 } as const

/**
 * A function of a program. References to functions by index stay as in the image it was read from.
 */
export interface FunctionCode {
    index: number
    slots: number
    args: number
    flags: number
    name: number
    tryFrames: number
    code: Statement[]
}

/** A program, taken apart. */
export interface Program {
    header: Uint8Array
    sections: Uint8Array[]
    functions: FunctionCode[]
}

export const view = (bytes: Uint8Array) =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Takes an image apart. Throws an Error when it is not one of this runtime's layout. */
export function decodeImage(given: Uint8Array): Program {
    // A Buffer's slices would be views of it, and what is changed in them would change the image
    // that was given.
    const image = Uint8Array.from(given)
    const numbers = view(image)
    if (numbers.getUint32(0, true) !== 0x53766544 || image[11] !== 2)
        throw new Error("bytecode: not a DeviceScript 2 image")
    const sections: Uint8Array[] = []
    for (let index = 0; index < SECTIONS; index++) {
        const at = HEADER_BYTES + index * SECTION_DESCRIPTOR_BYTES
        const start = numbers.getUint32(at, true)
        sections.push(image.slice(start, start + numbers.getUint32(at + 4, true)))
    }
    const descriptors = view(sections[Section.Functions])
    const functions: FunctionCode[] = []
    for (let at = 0; at < descriptors.byteLength; at += FUNCTION_DESCRIPTOR_BYTES) {
        const start = descriptors.getUint32(at, true)
        functions.push({
            index: functions.length,
            slots: descriptors.getUint16(at + 8, true),
            args: descriptors.getUint8(at + 10),
            flags: descriptors.getUint8(at + 11),
            name: descriptors.getUint16(at + 12, true),
            tryFrames: descriptors.getUint8(at + 14),
            code: decodeFunction(image.slice(start, start + descriptors.getUint32(at + 4, true))),
        })
    }
    return { header: image.slice(0, HEADER_BYTES), sections, functions }
}

export const refersToAscii = ({ op }: Expression): boolean =>
    op === Op.AsciiString || op === Op.AsciiField

/** The new image, and where each of its functions comes from. */
export interface Encoded {
    image: Uint8Array
    /**
     * By new index: the index in the image that was read, and the bytes of code now (with padding).
     */
    functions: { from: number; codeBytes: number }[]
    /** Where the code ends. */
    codeEnd: number
}

/**
 * Puts a program together. Functions and ASCII strings get their numbers by how often code refers
 * to them, as numbers below 248 are the shortest; the first function stays first, because the
 * runtime starts it.
 */
export function encodeImage(program: Program, renumber = true): Encoded {
    const order = renumber ? functionOrder(program) : program.functions
    const functionNumber = new Map(order.map((one, index) => [one.index, index]))
    const asciiNumber = asciiNumbers(program, renumber)
    const change = (one: Expression): Expression => {
        if (refersToFunction(one.op)) return { ...one, value: functionNumber.get(one.value)! }
        return refersToAscii(one) ? { ...one, value: asciiNumber[one.value] } : one
    }
    const bodies = order.map(({ code }) => {
        const renumbered = copyOf(code)
        rewriteCode(renumbered, change)
        return padded(encodeFunction(renumbered), 4)
    })
    const sections = program.sections.slice()
    const codeStart =
        HEADER_BYTES +
        SECTIONS * SECTION_DESCRIPTOR_BYTES +
        order.length * FUNCTION_DESCRIPTOR_BYTES
    const nameNumber = (name: number) =>
        isAsciiName(name) ? asciiName(asciiNumber[stringIndex(name)]) : name
    sections[Section.Functions] = descriptors(order, bodies, codeStart, nameNumber)
    sections[Section.FunctionsData] = concatenated(bodies)
    sections[Section.AsciiStrings] = permuted(sections[Section.AsciiStrings], asciiNumber)
    sections[Section.ServiceSpecs] = renumberedSpecs(program, nameNumber)
    return {
        image: assembled(program.header, sections),
        functions: order.map((one, index) => ({
            from: one.index,
            codeBytes: bodies[index].length,
        })),
        codeEnd: codeStart + sections[Section.FunctionsData].length,
    }
}

function functionOrder(program: Program): FunctionCode[] {
    const uses = countUses(program, one => (refersToFunction(one.op) ? one.value : undefined))
    const byIndex = new Map(program.functions.map(one => [one.index, one]))
    const [main, ...others] = byIndex.keys()
    return [main, ...ranked(others, one => uses.get(one) ?? 0)].map(one => byIndex.get(one)!)
}

/** By old number of an ASCII string: its new one. */
function asciiNumbers(program: Program, renumber: boolean): number[] {
    const count = program.sections[Section.AsciiStrings].length / 2
    const unchanged = Array.from({ length: count }, (_, index) => index)
    if (!renumber) return unchanged
    const uses = countUses(program, one => (refersToAscii(one) ? one.value : undefined))
    const numbers = new Array<number>(count)
    ranked(unchanged, one => uses.get(one) ?? 0).forEach((old, index) => (numbers[old] = index))
    return numbers
}

function permuted(table: Uint8Array, numbers: number[]): Uint8Array {
    const result = new Uint8Array(table.length)
    numbers.forEach((to, from) => result.set(table.subarray(from * 2, from * 2 + 2), to * 2))
    return result
}

function descriptors(
    order: FunctionCode[],
    bodies: Uint8Array[],
    codeStart: number,
    nameNumber: (name: number) => number,
): Uint8Array {
    const result = new Uint8Array(order.length * FUNCTION_DESCRIPTOR_BYTES)
    const numbers = view(result)
    let start = codeStart
    order.forEach((one, index) => {
        const at = index * FUNCTION_DESCRIPTOR_BYTES
        numbers.setUint32(at, start, true)
        numbers.setUint32(at + 4, bodies[index].length, true)
        numbers.setUint16(at + 8, one.slots, true)
        numbers.setUint8(at + 10, one.args)
        numbers.setUint8(at + 11, one.flags)
        numbers.setUint16(at + 12, nameNumber(one.name), true)
        numbers.setUint8(at + 14, one.tryFrames)
        start += bodies[index].length
    })
    return result
}

/**
 * Services, their packets and the packets' fields are named by string numbers: where in the section
 * each is.
 */
function specNames(program: Program): Set<number> {
    const numbers = view(program.sections[Section.ServiceSpecs])
    const places = new Set<number>()
    const count = view(program.header).getUint16(14, true)
    for (let service = 0; service < count; service++) {
        const at = service * SERVICE_SPEC_BYTES
        places.add(at)
        const packets = numbers.getUint16(at + 10, true) * 4
        for (let packet = 0; packet < numbers.getUint16(at + 8, true); packet++) {
            const packetAt = packets + packet * PACKET_SPEC_BYTES
            places.add(packetAt)
            if (!(numbers.getUint16(packetAt + 4, true) & PACKET_HAS_FIELDS)) continue
            let field = numbers.getUint16(packetAt + 6, true) * 4
            for (; numbers.getUint32(field, true) !== 0; field += FIELD_SPEC_BYTES)
                places.add(field)
        }
    }
    return places
}

/** The names of services, packets and fields, as string numbers with their kind. */
export function namesInSpecs(program: Program): number[] {
    const numbers = view(program.sections[Section.ServiceSpecs])
    return [...specNames(program)].map(at => numbers.getUint16(at, true))
}

function renumberedSpecs(program: Program, nameNumber: (name: number) => number): Uint8Array {
    const result = program.sections[Section.ServiceSpecs].slice()
    const numbers = view(result)
    for (const at of specNames(program))
        numbers.setUint16(at, nameNumber(numbers.getUint16(at, true)), true)
    return result
}

function assembled(header: Uint8Array, sections: Uint8Array[]): Uint8Array {
    const table = new Uint8Array(SECTIONS * SECTION_DESCRIPTOR_BYTES)
    const numbers = view(table)
    let at = HEADER_BYTES + table.length
    sections.forEach((section, index) => {
        numbers.setUint32(index * SECTION_DESCRIPTOR_BYTES, at, true)
        numbers.setUint32(index * SECTION_DESCRIPTOR_BYTES + 4, section.length, true)
        at += section.length
    })
    return padded(concatenated([header, table, ...sections]), IMAGE_ALIGN)
}

export function concatenated(parts: Uint8Array[]): Uint8Array {
    const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
        result.set(part, at)
        at += part.length
    }
    return result
}

export function padded(bytes: Uint8Array, align: number): Uint8Array {
    const result = new Uint8Array(Math.ceil(bytes.length / align) * align)
    result.set(bytes)
    return result
}

/** Where the header of an image has the number of globals. */
export const GLOBALS_COUNT_AT = 12
