import { ANY, type Kinds, NOTHING, functionOf, hasFields, isArray, union } from "./kinds"
import { type FunctionCode, FunctionFlag } from "../../ir/image"

/** A parameter, or what a local has at the start. */
export const local = (body: FunctionCode, slot: number): string => `local ${body.index} ${slot}`
/** The value that a statement stores. */
export const store = (body: FunctionCode, index: number) => `store ${body.index} ${index}`
/** The values that any statement stores in the slot. */
export const slotOf = (body: FunctionCode, slot: number) => `slot ${body.index} ${slot}`
export const elements = (array: number) => `elements ${array}`

/** The places of a program where values are, and what each may have. Knowledge only grows. */
export class Places {
    /**
     * Objects that are also where they cannot be followed, and functions that are called from
     * there.
     */
    readonly shown = new Set<number>()
    /**
     * Objects whose fields are also read or written by names that the program does not spell out.
     */
    readonly opened = new Set<number>()
    /** Objects that are told as a text, with all that they hold. */
    private readonly revealed = new Set<number>()
    protected readonly kinds = new Map<string, Set<number>>()
    /** By object or array: where what it holds is. */
    private readonly contents = new Map<number, Set<string>>()
    protected changed = true

    constructor(protected readonly byIndex: ReadonlyMap<number, FunctionCode>) {}

    /** It may be called with anything. */
    protected escape(body: FunctionCode): void {
        const first = body.flags & FunctionFlag.NeedsThis ? 1 : 0
        for (let slot = first; slot < body.args; slot++) this.add(local(body, slot), ANY)
    }

    protected add(place: string, kind: number): void {
        const kinds = this.kinds.get(place) ?? new Set<number>()
        this.kinds.set(place, kinds)
        if (kinds.has(kind)) return
        kinds.add(kind)
        this.changed = true
    }

    protected addAll(place: string, kinds: Kinds): void {
        for (const kind of kinds) this.add(place, kind)
    }

    protected at(...places: string[]): Kinds {
        if (places.length === 1) return this.kinds.get(places[0]) ?? NOTHING
        return union(...places.map(place => this.kinds.get(place) ?? NOTHING))
    }

    /** From here on the values may be anywhere, with all that they hold. */
    protected show(kinds: Kinds): void {
        for (const one of kinds) {
            const called = functionOf(one)
            if (one < 0 || this.shown.has(one)) continue
            this.shown.add(one)
            this.changed = true
            if (called !== undefined) this.escape(this.byIndex.get(called)!)
            if (isArray(one) || this.opened.has(one)) this.showContents(one)
        }
    }

    private showContents(owner: number): void {
        for (const place of this.contents.get(owner) ?? []) this.show(this.at(place))
    }

    /** All fields of the objects are read, and theirs, but none is written. */
    protected reveal(kinds: Kinds): void {
        for (const one of [...kinds].filter(kind => hasFields(kind) || isArray(kind))) {
            if (this.revealed.has(one)) continue
            this.revealed.add(one)
            this.changed = true
            this.show(new Set([one]))
            for (const place of this.contents.get(one) ?? []) this.reveal(this.at(place))
        }
    }

    /** Fields of the objects are read or written by names that the program makes up. */
    protected open(kinds: Kinds): void {
        const objects = [...kinds].filter(hasFields)
        if (kinds.has(ANY)) objects.push(...[...this.shown].filter(hasFields))
        for (const one of objects) {
            if (this.opened.has(one)) continue
            this.opened.add(one)
            this.shown.add(one)
            this.changed = true
            this.showContents(one)
        }
    }

    /** Values that an object or array holds. */
    protected hold(owner: number, place: string, values: Kinds): void {
        this.contents.set(owner, (this.contents.get(owner) ?? new Set<string>()).add(place))
        this.addAll(place, values)
        if (this.revealed.has(owner)) this.reveal(values)
        if (this.opened.has(owner) || (isArray(owner) && this.shown.has(owner))) this.show(values)
    }
}
