// Reads the garbage-collected heap out of the runtime's memory, as its collector would see it
// (devicescript/gc_alloc.c of 2.16.4, wasm32). Offsets are in bytes, word indexes in 32-bit words.

const HEAP_BYTES = 64 * 1024
const THRESHOLD_WORDS = HEAP_BYTES / 4 / 4

/**
 * The collector, in words: first free, first chunk, allocations, threshold, since the last
 * collection, context.
 */
const CHUNK = 1
const THRESHOLD = 3
const CONTEXT = 5
const COLLECTOR_WORDS = 6

/** A block's first word is its size in words and, in the top byte, its tag; 0x40 means pinned. */
const SIZE_MASK = 0xffffff
const PINNED = 0x40
const enum Tag {
    Free = 1,
    Bytes,
    Array,
    Map,
    Buffer,
    Text,
    BoundFunction,
    Activation,
    HalfStaticMap,
    ShortMap,
    Packet,
}

/** The context: the collector's roots. */
const enum Context {
    Globals = 0,
    DiagnosedField = 48,
    Exception = 56,
    StackTop = 67,
    PrototypeCount = 68,
    RoleCount = 76,
    Stack = 88,
    FunctionPrototypes = 216,
    FunctionValues = 220,
    ServicePrototypes = 224,
    Fibers = 240,
    Roles = 244,
    Prototypes = 248,
    Collector = 288,
}
const enum Fiber {
    Next = 0,
    Returned = 32,
    Activation = 40,
}
const enum Activation {
    Closure = 8,
    Caller = 12,
    Function = 16,
    Slots = 24,
}
/** Offset in a function's description. */
const SLOT_COUNT = 8

/** One used block of the heap. */
export interface HeapBlock {
    /** Its address in the runtime's memory. */
    at: number
    /** Including its 4-byte header. */
    bytes: number
}

/** The heap as a collection would leave it. */
export interface HeapState {
    liveBytes: number
    freeBytes: number
    /** The largest piece available after a collection, including its 4-byte header. */
    largestFreeBytes: number
}

/** The collector's word index; undefined while no program runs. */
function findCollector(words: Uint32Array): number | undefined {
    // By far the fastest way to search megabytes.
    for (let found = 0; (found = words.indexOf(THRESHOLD_WORDS, found + 1)) >= 0;) {
        const at = found - THRESHOLD
        if (at < 0 || words[at + CHUNK] !== (at + COLLECTOR_WORDS) * 4) continue
        const end = words[at + COLLECTOR_WORDS + 1]
        const start = (at + COLLECTOR_WORDS) * 4
        if (end > start && end <= start + HEAP_BYTES) return at
    }
    return undefined
}

/**
 * The heap of a runtime that is not executing. It is never written to: reachability is traced here,
 * from the collector's own roots.
 */
export class HeapMap {
    private words: Uint32Array = new Uint32Array(0)
    private bytes: Uint8Array = new Uint8Array(0)
    private collector: number | undefined
    private first = 0
    private end = 0
    /** By word index from `first`: the block starting there is reachable. */
    private readonly marks = new Uint8Array(HEAP_BYTES / 4)
    private readonly pending: number[] = []

    /** The program was reloaded: the collector is at another address. */
    restarted(): void {
        this.collector = undefined
    }

    /** Reads the current state. @returns false while no program runs */
    look(memory: Uint8Array): boolean {
        if (this.words.buffer !== memory.buffer) this.words = new Uint32Array(memory.buffer)
        this.bytes = memory
        const words = this.words
        this.collector ??= findCollector(words)
        const at = this.collector
        if (at === undefined) return false
        const context = words[at + CONTEXT]
        if (
            words[at + CHUNK] !== (at + COLLECTOR_WORDS) * 4 ||
            words[(context + Context.Collector) / 4] !== at * 4
        ) {
            this.collector = undefined
            return false
        }
        this.first = at + COLLECTOR_WORDS + 2
        this.end = words[at + COLLECTOR_WORDS + 1] / 4
        return true
    }

    /** The blocks in order, including uncollected garbage. */
    *blocks(): Generator<HeapBlock> {
        for (let block = this.first; block < this.end;) {
            const size = this.sizeOf(block)
            if (((this.words[block] >>> 24) & 0x0f) !== Tag.Free)
                yield { at: block * 4, bytes: size * 4 }
            block += size
        }
    }

    /** The blocks a collection would keep. */
    *reachable(): Generator<HeapBlock> {
        this.mark()
        for (const block of this.blocks())
            if (this.marks[block.at / 4 - this.first] !== 0) yield block
    }

    state(): HeapState {
        this.mark()
        const { words, marks, first } = this
        let live = 0
        let largest = 0
        let run = 0
        for (let block = first; block < this.end;) {
            const size = words[block] & SIZE_MASK
            if (marks[block - first] !== 0) {
                live += size
                run = 0
            } else {
                run += size
                if (run > largest) largest = run
            }
            block += size
        }
        return {
            liveBytes: live * 4,
            freeBytes: (this.end - first - live) * 4,
            largestFreeBytes: largest * 4,
        }
    }

    /** How many pieces of that size, headers included, would fit after a collection. */
    places(bytes: number): number {
        let count = 0
        let freeFrom = this.first * 4
        for (const block of this.reachable()) {
            count += Math.floor((block.at - freeFrom) / bytes)
            freeFrom = block.at + block.bytes
        }
        return count + Math.floor((this.end * 4 - freeFrom) / bytes)
    }

    private sizeOf(block: number): number {
        const size = this.words[block] & SIZE_MASK
        if (size === 0) throw new Error("the runtime's heap is not laid out as in 2.16.4")
        return size
    }

    private mark(): void {
        const { words, marks, first, end } = this
        marks.fill(0)
        // Pinned blocks are kept whether or not anything refers to them.
        for (let block = first; block < end; block += this.sizeOf(block))
            if (((words[block] >>> 24) & PINNED) !== 0) this.reach(block * 4)
        this.markRoots()
        for (let block = this.pending.pop(); block !== undefined; block = this.pending.pop())
            this.follow(block)
    }

    private markRoots(): void {
        const context = this.words[this.collector! + CONTEXT]
        const globals = this.word(context + Context.Globals)
        // The array's own block holds its length.
        this.reachValues(globals, (this.sizeOf(globals / 4 - 1) - 1) >> 1)
        this.reachValues(context + Context.Stack, this.bytes[context + Context.StackTop])
        this.reachValues(context + Context.DiagnosedField, 2)
        const prototypes = this.word(context + Context.Prototypes)
        for (let i = 0; i < this.bytes[context + Context.PrototypeCount]; ++i)
            this.reach(this.word(prototypes + i * 4))
        const roles = this.word(context + Context.Roles)
        for (let i = 0; i < this.half(context + Context.RoleCount); ++i) {
            const role = this.word(roles + i * 4)
            if (role === 0) continue
            this.reachValues(role, 1)
            this.reach(this.word(role + 12))
        }
        this.reach(this.word(context + Context.FunctionPrototypes))
        this.reach(this.word(context + Context.FunctionValues))
        this.reach(this.word(context + Context.ServicePrototypes))
        let fiber = this.word(context + Context.Fibers)
        for (; fiber !== 0; fiber = this.word(fiber + Fiber.Next)) {
            this.reachValues(fiber + Fiber.Returned, 1)
            let activation = this.word(fiber + Fiber.Activation)
            for (; activation !== 0; activation = this.word(activation + Activation.Caller))
                this.reach(activation)
        }
    }

    /** Reaches the references of a reachable block. */
    private follow(block: number): void {
        const at = block * 4
        switch ((this.words[block] >>> 24) & 0x0f) {
            case Tag.Buffer:
                this.reach(this.word(at + 8))
                break
            case Tag.Array:
                this.reach(this.word(at + 4))
                this.reachData(this.word(at + 12), this.half(at + 8))
                break
            case Tag.Map:
            case Tag.HalfStaticMap:
                this.reach(this.word(at + 4))
                this.reachData(this.word(at + 12), this.half(at + 8) * 2)
                break
            case Tag.ShortMap:
                this.reach(this.word(at + 4))
                this.reachData(this.word(at + 12), this.half(at + 8))
                break
            case Tag.BoundFunction:
                this.reachValues(at + 8, 2)
                break
            case Tag.Activation:
                this.reach(this.word(at + Activation.Closure))
                this.reachValues(
                    at + Activation.Slots,
                    this.half(this.word(at + Activation.Function) + SLOT_COUNT),
                )
                break
            case Tag.Packet:
                this.reach(this.word(at + 24))
                this.reach(this.word(at + 28))
                break
        }
    }

    /** Values in a separate block. */
    private reachData(at: number, count: number): void {
        if (at === 0) return
        this.reach(at - 4)
        this.reachValues(at, count)
    }

    private reachValues(at: number, count: number): void {
        const words = this.words
        for (let word = at / 4; count > 0; --count, word += 2) {
            const high = words[word + 1]
            // A value is a reference if it is not a number and bit 3 of its kind is set.
            if ((high & 0x7ff00000) === 0 && (high & 8) !== 0) this.reach(words[word])
        }
    }

    /** Addresses outside the heap, such as the runtime's own prototypes, are ignored. */
    private reach(at: number): void {
        const block = at / 4
        if (block < this.first || block >= this.end) return
        const mark = block - this.first
        if (this.marks[mark] !== 0 || this.words[block] >>> 24 === Tag.Free) return
        this.marks[mark] = 1
        this.pending.push(block)
    }

    private word(at: number): number {
        return this.words[at / 4]
    }

    private half(at: number): number {
        return this.bytes[at] | (this.bytes[at + 1] << 8)
    }
}
