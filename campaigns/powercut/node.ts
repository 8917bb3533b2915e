import { Campaign } from "./campaign"
import { parseCuts, type Case } from "./cases"
import { cardKind, cardKinds, type CardName } from "./cards"
import { FsckPool } from "./fsck"
import { formatKinds, formatTables, formatViolations } from "./report"
import { scenarios } from "./scenarios"
import { Tally } from "./tally"
import { hasTool } from "../../test/support/tools"

export { formatKinds, formatTables, formatViolations, Tally }

/** The command line's request; undefined means no restriction. */
export interface PowercutRequest {
    scenario?: string
    card?: string
    seed?: number
    cut?: string
    /** The number of the first seed. */
    firstSeed: number
    /** Seeds per scenario and card, instead of the scenario's own number. */
    seeds?: number
    /** Cuts per case whose recovery is cut in turn. */
    nestedCuts: number
    /** Every `parts`-th case from this one on: the share of one process. */
    part: number
    parts: number
}

function cardNamed(name: string): CardName {
    const known = Object.keys(cardKinds) as CardName[]
    const card = known.find(one => one === name)
    if (card === undefined) throw new Error(`no card "${name}"; there are ${known.join("; ")}`)
    return card
}

/** Every scenario on each of its cards with all its seeds, within the request. */
function chosenCases(request: PowercutRequest, tools: boolean): Case[] {
    const cases: Case[] = []
    for (const scenario of scenarios) {
        if (request.scenario !== undefined && scenario.name !== request.scenario) continue
        const cards = request.card === undefined ? scenario.cards : [cardNamed(request.card)]
        for (const card of cards) {
            if (cardKind(card).tools && !tools) continue
            const count = request.seed === undefined ? (request.seeds ?? scenario.seeds) : 1
            const first = request.seed ?? request.firstSeed
            for (let seed = first; seed < first + count; ++seed)
                cases.push({ scenario, card, seed })
        }
    }
    if (cases.length === 0)
        throw new Error(`there are ${scenarios.map(one => `"${one.name}"`).join(", ")}`)
    return cases.filter((_, index) => index % request.parts === request.part)
}

/** Runs the campaign, or one process's part of it. @param say gets each progress line */
export async function runPowercut(
    request: PowercutRequest,
    say: (line: string) => void,
): Promise<Tally> {
    const tools = hasTool("mkfs.fat") && hasTool("fsck.fat")
    const only = request.cut === undefined ? undefined : parseCuts(request.cut)
    const fsck = tools ? new FsckPool(2) : undefined
    const { nestedCuts } = request
    const fsckShare = only ? 1 : 0.05
    const campaign = new Campaign({ cardEvery: 16, fsckShare, fsck, nestedCuts, only })
    for (const one of chosenCases(request, tools)) {
        const started = performance.now()
        const before = campaign.tally.total().cuts
        const broken = campaign.tally.violationCount
        await campaign.run(one)
        await fsck?.drain()
        const seconds = ((performance.now() - started) / 1000).toFixed(1)
        const cuts = campaign.tally.total().cuts - before
        const bad = campaign.tally.violationCount - broken
        const name = `${one.scenario.name}, ${one.card}, seed ${one.seed}`
        say(`${name}: ${cuts} cuts in ${seconds} s${bad === 0 ? "" : `, ${bad} VIOLATIONS`}`)
    }
    await fsck?.finish()
    return campaign.tally
}
