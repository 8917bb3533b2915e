import type { FtpServerName, FtpServerOptions } from "../../test/support/servers/ftpserver"
import { type Action, type Fault, type Manners, randomFault } from "./faults"
import type { HistoryCut } from "./cardslot"
import type { Random } from "../../test/support/random"

export type Mode = "direct" | "gateway"

/** The faults of one session. */
export interface SessionPlan {
    fault?: Fault
    manners?: Manners
    /** In gateway mode: between board and gateway, or behind the gateway. */
    where?: "front" | "behind"
    wrongPassword?: boolean
    server?: FtpServerOptions
    historyCut?: HistoryCut
}

interface Size {
    bytes: number
    steps: number
}

/** One kind of fault: its number of cases in the complete campaign, and its sessions. */
export interface Kind {
    name: string
    cases: number
    servers: FtpServerName[]
    plan(random: Random, size: Size): SessionPlan[]
}

type Place = "front" | "behind"
const both: FtpServerName[] = ["vsftpd", "inetutils-ftpd"]
const all: FtpServerName[] = [...both, "proftpd", "pure-ftpd", "pyftpdlib", "ftp-srv"]

/** One to three sessions with one such fault each, sometimes followed at once by another. */
function faults(action: Action | undefined, places: Place[]): Kind["plan"] {
    return (random, { bytes, steps }) => {
        const plans: SessionPlan[] = []
        for (let i = 1 + random.below(3); i > 0; --i)
            plans.push({
                fault: randomFault(random, bytes, steps, action),
                where: random.pick(places),
            })
        if (random.chance(0.5)) plans.push({})
        return plans
    }
}

function manners(make: (random: Random, steps: number) => Manners, place: Place): Kind["plan"] {
    return (random, { steps }) => {
        const plans: SessionPlan[] = [{ manners: make(random, steps), where: place }]
        if (random.chance(0.5)) plans.push({ manners: make(random, steps), where: place })
        return plans
    }
}

/** The same trouble in one or two sessions. */
function sessions(make: (random: Random) => SessionPlan): Kind["plan"] {
    return random => (random.chance(0.5) ? [make(random)] : [make(random), make(random)])
}

const historyCut = (random: Random): SessionPlan => ({
    historyCut: { append: 1 + random.below(6), kept: random.pick(["nothing", "half", "all"]) },
})
const wrongPassword = (): SessionPlan => ({ wrongPassword: true })
const readOnly = (): SessionPlan => ({ server: { readOnly: true } })
const fullDisk: Kind["plan"] = random => [
    { server: { diskBytes: 4096 * (6 + random.below(12)) } },
    { server: { diskBytes: 4096 * (18 + random.below(8)) } },
]

const network: Action[] = ["cut", "reset", "stall", "stall, reset", "outage"]
const counts: Record<string, [number, number]> = {
    cut: [46, 14],
    reset: [46, 14],
    stall: [34, 10],
    "stall, reset": [26, 8],
    outage: [26, 8],
    "server killed": [18, 8],
    "power cut": [18, 8],
    "card pulled": [8, 4],
    "card changed": [12, 6],
}

function networkKinds(mode: 0 | 1, servers: FtpServerName[], places: Place[]): Kind[] {
    return [...network, "server killed", "power cut", "card pulled", "card changed"].map(name => ({
        name,
        cases: counts[name][mode],
        servers,
        plan: faults(name as Action, places),
    }))
}

const direct: Kind[] = [
    ...networkKinds(0, both, ["front"]),
    { name: "several kinds", cases: 24, servers: both, plan: faults(undefined, ["front"]) },
    {
        name: "power cut in the history",
        cases: 12,
        servers: both,
        plan: sessions(historyCut),
    },
    { name: "wrong password", cases: 4, servers: both, plan: sessions(wrongPassword) },
    { name: "read-only server", cases: 6, servers: both, plan: sessions(readOnly) },
    { name: "disk full", cases: 8, servers: both, plan: fullDisk },
    {
        name: "slow server",
        cases: 6,
        servers: both,
        plan: manners(random => ({ slowBytes: 200 + random.below(3000) }), "front"),
    },
    {
        name: "replies byte by byte",
        cases: 8,
        servers: both,
        plan: manners(() => ({ split: true }), "front"),
    },
    {
        name: "replies of several lines",
        cases: 8,
        servers: both,
        plan: manners(random => ({ lines: true, split: random.chance(0.5) }), "front"),
    },
    {
        name: "lines of 4 kB",
        cases: 8,
        servers: both,
        plan: manners((random, steps) => ({ longLine: random.below(steps / 2) }), "front"),
    },
    {
        name: "garbage replies",
        cases: 12,
        servers: both,
        plan: manners((random, steps) => ({ garbageAt: random.below(steps / 2) }), "front"),
    },
    {
        name: "421 and the end",
        cases: 12,
        servers: both,
        plan: manners((random, steps) => ({ goodbyeAt: random.below(steps / 2) }), "front"),
    },
    {
        name: "120 before 220",
        cases: 4,
        servers: both,
        plan: manners(random => ({ notYet: 1 + random.below(3) }), "front"),
    },
    {
        name: "120 without an end",
        cases: 3,
        servers: both,
        plan: manners(() => ({ storm: { at: 0, line: "120 In a minute." } }), "front"),
    },
    {
        name: "a reply without an end",
        cases: 5,
        servers: both,
        plan: manners(
            (random, steps) => ({ storm: { at: random.below(steps / 2), line: "250-and" } }),
            "front",
        ),
    },
    {
        name: "IPv6 address in EPSV's reply",
        cases: 4,
        servers: both,
        plan: manners(() => ({ sixth: true }), "front"),
    },
    {
        name: "EPSV refused",
        cases: 6,
        servers: both,
        plan: manners(
            random => ({
                epsvRefused: random.pick(["500 what?", "502 no", "522 use (2)", "530 no, no"]),
            }),
            "front",
        ),
    },
    {
        name: "PASV with 10.0.0.7 or 0.0.0.0",
        cases: 8,
        servers: both,
        plan: manners(
            random => ({
                epsvRefused: "500 what?",
                pasvAddress: random.pick(["10.0.0.7", "0.0.0.0"]),
            }),
            "front",
        ),
    },
]

const gateway: Kind[] = [
    ...networkKinds(1, all, ["front", "behind"]),
    { name: "several kinds", cases: 8, servers: all, plan: faults(undefined, ["front", "behind"]) },
    { name: "power cut in the history", cases: 6, servers: all, plan: sessions(historyCut) },
    { name: "wrong password", cases: 6, servers: all, plan: sessions(wrongPassword) },
    { name: "read-only server", cases: 6, servers: all, plan: sessions(readOnly) },
    {
        name: "disk full",
        cases: 6,
        servers: ["pure-ftpd", "vsftpd", "proftpd"],
        plan: fullDisk,
    },
    {
        name: "slow server",
        cases: 3,
        servers: both,
        plan: manners(random => ({ slowBytes: 500 + random.below(3000) }), "behind"),
    },
    {
        name: "replies byte by byte",
        cases: 4,
        servers: all,
        plan: manners(() => ({ split: true }), "front"),
    },
    {
        name: "garbage replies",
        cases: 4,
        servers: all,
        plan: manners(random => ({ garbageAt: random.below(4) }), "front"),
    },
    {
        name: "FTP server's garbage",
        cases: 4,
        servers: all,
        plan: manners((random, steps) => ({ garbageAt: random.below(steps / 2) }), "behind"),
    },
    {
        name: "421 and the end",
        cases: 4,
        servers: all,
        plan: manners((random, steps) => ({ goodbyeAt: random.below(steps / 2) }), "behind"),
    },
    {
        name: "error pages",
        cases: 8,
        servers: ["vsftpd"],
        plan: manners(
            random => ({
                errorPage: random.pick([400, 401, 403, 405, 407, 500, 502, 503, 504, 999]),
            }),
            "front",
        ),
    },
]

export const kinds: Record<Mode, Kind[]> = { direct, gateway }
