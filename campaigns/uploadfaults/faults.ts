import type { Random } from "../../test/support/random"

/** A fault's effect on open connections. */
export type Action =
    | "cut"
    | "reset"
    /** This connection stalls for a while; then it continues, or is reset. */
    | "stall"
    | "stall, reset"
    /** All connections stall for a while. */
    | "outage"
    | "server killed"
    | "power cut"
    | "card pulled"
    | "card changed"

/** Trigger: at the n-th protocol step, or after this many bytes of the transfers. */
export type Trigger = { step: number } | { bytes: number }

export interface Fault {
    action: Action
    when: Trigger
    /** Board time of a stall. */
    stallMs: number
}

/** The other side's behaviour during a session. */
export interface Manners {
    /** Replies come byte by byte. */
    split?: boolean
    /** Extra lines precede each reply. */
    lines?: boolean
    /** A line with this many characters precedes the n-th reply. */
    longLine?: number
    /** Nonsense instead of the n-th reply. */
    garbageAt?: number
    /** The n-th reply is a 421, and then the connection ends. */
    goodbyeAt?: number
    /** Number of 120 replies before the greeting. */
    notYet?: number
    /** Instead of the n-th reply, this line every 10 s without end. */
    storm?: { at: number; line: string }
    /** "(|2|address|port|)" in EPSV's reply. */
    sixth?: boolean
    epsvRefused?: string
    /** The address in PASV's reply. */
    pasvAddress?: string
    /** Transfer rate, bytes per 100 ms. */
    slowBytes?: number
    /** The HTTP proxy answers every request with this status and a long page. */
    errorPage?: number
}

const actions: Action[] = ["cut", "reset", "stall", "stall, reset", "outage"]

/**
 * A fault of that kind, or any network fault, at a random moment of a session that transfers
 * `bytes`.
 */
export function randomFault(random: Random, bytes: number, steps: number, action?: Action): Fault {
    const inTransfer = random.chance(0.5)
    const when = inTransfer
        ? { bytes: 1 + random.below(Math.max(1, bytes)) }
        : { step: random.below(steps) }
    return {
        action: action ?? random.pick(actions),
        when,
        stallMs: 500 + random.below(random.chance(0.5) ? 4000 : 40_000),
    }
}

/** The fault in a few words. */
export function describeFault(fault: Fault): string {
    const when = "step" in fault.when ? `at step ${fault.when.step}` : `at byte ${fault.when.bytes}`
    const long =
        fault.action.startsWith("stall") || fault.action === "outage" ? ` ${fault.stallMs} ms` : ""
    return `${fault.action}${long} ${when}`
}
