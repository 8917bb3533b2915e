/** Behaviour reported of real cards; each is off if omitted. */
export interface SdCardTraits {
    /** The CRC-7 of every command is checked although CRC is off. */
    checksCommands?: boolean
    /** The CRC-16 of written blocks is checked, too. */
    checksData?: boolean
    /** By index: the first this many commands since power-up are not answered. */
    lost?: Record<number, number>
    /** By index: the n-th command of its kind is not answered. */
    lostAt?: Record<number, number>
    /** By index: the first `times` are answered with these extra bits of R1. */
    refused?: Record<number, { times: number; bits: number }>
    /** The first this many answers to CMD8 have another echo. */
    wrongEchos?: number
    /** 0x00 bytes before the CSD's token. */
    zerosBeforeCsd?: number
    /** The first this many CSDs have one wrong bit. */
    wrongCsds?: number
    /** The data response comes this many bits late. */
    responseLateBits?: number
    /** One block in this many that are read, or written, has one wrong bit. */
    noise?: { reads?: number; writes?: number; aboveHz: number }
    /** For the first `times` selections since power-up, all output comes `bits` bits late. */
    outOfStep?: { times: number; bits: number }
    /** Busy for this long after the board's own reset, ms. */
    busyAtStartMs?: number
    /** ACMD41 answers "still initialising" for this long, ms. */
    initMs?: number
}

const dataBits = 4096

/** Follows a card from power-up on and applies its traits. */
export class SdCardTemperament {
    private readonly seen = new Map<string, number>()
    private blocks = { reads: 0, writes: 0 }
    private readyMs = 0
    private lateBits = 0
    private sent = 0xff

    constructor(private readonly traits: SdCardTraits = {}) {}

    get checksCommands(): boolean {
        return this.traits.checksCommands ?? false
    }

    get checksData(): boolean {
        return this.traits.checksData ?? false
    }

    get zerosBeforeCsd(): number[] {
        return new Array<number>(this.traits.zerosBeforeCsd ?? 0).fill(0)
    }

    powerUp(): void {
        this.seen.clear()
    }

    /** Whether this command is ignored. */
    loses(index: number): boolean {
        const { lost, lostAt } = this.traits
        const count = this.count(`command ${index}`)
        return count <= (lost?.[index] ?? 0) || count === lostAt?.[index]
    }

    /** Extra bits of R1. */
    flags(index: number): number {
        const refused = this.traits.refused?.[index]
        return refused && this.count(`flags ${index}`) <= refused.times ? refused.bits : 0
    }

    /** The echo of CMD8 as sent. */
    echo(pattern: number): number {
        return this.count("echo") <= (this.traits.wrongEchos ?? 0) ? pattern ^ 0x08 : pattern
    }

    /** The card was selected: its output may be out of step from now on. */
    select(): void {
        const { outOfStep } = this.traits
        const late = outOfStep && this.count("selection") <= outOfStep.times
        this.lateBits = late ? outOfStep.bits : 0
        this.sent = 0xff
    }

    /** The bits on the wire while the card sends a byte. */
    late(byte: number): number {
        const bits = ((this.sent << 8) | byte) >> this.lateBits
        this.sent = byte
        return bits & 0xff
    }

    /** The wrong bit of a register being sent: one of the CSD's size. */
    wrongCsdBit(index: number): number | undefined {
        return index === 9 && this.count("csd") <= (this.traits.wrongCsds ?? 0) ? 61 : undefined
    }

    /** CMD0 was received. */
    begin(nowMs: number): void {
        this.readyMs = nowMs + (this.traits.initMs ?? 0)
    }

    initialising(nowMs: number): boolean {
        return nowMs < this.readyMs
    }

    /** The bytes of a data response; the line is low after it. */
    dataResponse(response: number): number[] {
        const late = this.traits.responseLateBits ?? 0
        const bits = "1".repeat(late) + response.toString(2).padStart(8, "0")
        const bytes: number[] = []
        for (let at = 0; at < bits.length; at += 8)
            bytes.push(Number.parseInt(bits.slice(at, at + 8).padEnd(8, "0"), 2))
        return bytes
    }

    /** The wrong bit of a block on the wire; undefined for none. */
    wrongBit(way: "reads" | "writes", clockHz: number): number | undefined {
        const { noise } = this.traits
        const every = noise?.[way]
        if (every === undefined || clockHz <= noise!.aboveHz) return undefined
        const count = ++this.blocks[way]
        return count % every === 0 ? (count * 2654435761) % dataBits : undefined
    }

    private count(what: string): number {
        const count = (this.seen.get(what) ?? 0) + 1
        this.seen.set(what, count)
        return count
    }
}

/** The same bytes with one bit flipped, or unchanged. */
export function spoiled(bytes: Uint8Array, bit: number | undefined): Uint8Array {
    if (bit === undefined) return bytes
    const copy = Uint8Array.from(bytes)
    copy[bit >> 3] ^= 0x80 >> (bit & 7)
    return copy
}
