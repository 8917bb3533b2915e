import type { Random } from "../../test/support/random"

/** What a fault does to the connections under way. */
export type Action =
    | "cut"
    | "reset"
    /** This connection stands still for a while; then it goes on, or is reset. */
    | "stall"
    | "stall, reset"
    /** All connections stand still for a while. */
    | "outage"
    | "server killed"
    | "power cut"
    | "card pulled"
    | "card changed"

/**
 * When it happens: at the n-th protocol step, or when so many bytes of the transfers have passed.
 */
export type Trigger = { step: number } | { bytes: number }

export interface Fault {
    action: Action
    when: Trigger
    /** Board time of a stall. */
    stallMs: number
}

/** How the other side behaves in all of a session. */
export interface Manners {
    /** Replies come byte by byte. */
    split?: boolean
    /** Each reply has lines in front of it. */
    lines?: boolean
    /** A line in front of the n-th reply has so many characters. */
    longLine?: number
    /** Nonsense instead of the n-th reply. */
    garbageAt?: number
    /** The n-th reply is this, and then the connection ends. */
    goodbyeAt?: number
    /** 120 replies in front of the greeting. */
    notYet?: number
    /** A line every 10 s instead of the n-th reply, without an end. */
    storm?: { at: number; line: string }
    /** "(|2|address|port|)" in EPSV's reply. */
    sixth?: boolean
    epsvRefused?: string
    /** The address in PASV's reply. */
    pasvAddress?: string
    /** Bytes of a transfer that pass in 100 ms. */
    slowBytes?: number
    /** The HTTP proxy answers every request with this status and a long page. */
    errorPage?: number
}

const actions: Action[] = ["cut", "reset", "stall", "stall, reset", "outage"]

/**
 * A fault of that kind, or of any kind of the network, at a random moment of a session that brings
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
