/**
 * The possible kinds of a value: a constructor's number for its instances; an object literal, a
 * function or an array by its place in the program; or one of the following.
 */
export type Kinds = ReadonlySet<number>

/** None of the program's objects: a text, a buffer, a number. */
export const OTHER = -1

/** Anything, also what the runtime hands in. */
export const ANY = -2

/** `undefined` or `null`. */
export const MISSING = -3

const LITERALS = 1_000_000
const FUNCTIONS = 2_000_000
const CLOSURES = 3_000_000
const ARRAYS = 4_000_000
export const objectLiteral = (place: number): number => LITERALS + place
export const arrayKind = (place: number): number => ARRAYS + place

/** A function by itself: all its values are the same. */
export const functionKind = (index: number): number => FUNCTIONS + index

/** A function with the variables around it, or with its `this`. */
export const closureKind = (index: number): number => CLOSURES + index

/** The function of a kind; undefined for all others. */
export function functionOf(kind: number): number | undefined {
    if (kind < FUNCTIONS || kind >= ARRAYS) return undefined
    return kind >= CLOSURES ? kind - CLOSURES : kind - FUNCTIONS
}

export const isClass = (kind: number): boolean => kind >= 0 && kind < LITERALS

/** An instance or an object literal: its fields are those that the program gives it. */
export const hasFields = (kind: number): boolean => kind >= 0 && kind < FUNCTIONS
export const isArray = (kind: number): boolean => kind >= ARRAYS
/** The kind of a function that is given its `this`. */
export function boundKind(kind: number): number {
    const called = functionOf(kind)
    return called === undefined ? kind : closureKind(called)
}

export const present = (kinds: Kinds): number[] => [...kinds].filter(one => one !== MISSING)

export const NOTHING: Kinds = new Set()
export const ONLY_OTHER: Kinds = new Set([OTHER])
export const ONLY_ANY: Kinds = new Set([ANY])
export const ONLY_MISSING: Kinds = new Set([MISSING])
export const union = (...kinds: Kinds[]): Kinds => new Set(kinds.flatMap(one => [...one]))
export const orMissing = (kinds: Kinds): Kinds => union(kinds, ONLY_MISSING)
