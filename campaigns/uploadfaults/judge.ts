import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { MemoryCard } from "../../test/support/uploadcard"

const folders = [
    ["LOG", "LOGSENT.TXT"],
    ["CELL", "CELLSENT.TXT"],
    ["EVT", "EVTSENT.TXT"],
] as const

interface HistoryLine {
    path: string
    bytes: number
    remoteName: string
}

function historyLines(card: MemoryCard): HistoryLine[] {
    return folders.flatMap(([folder, history]) =>
        card
            .text(history)
            .split("\r\n")
            .map(line => /^(\d{8}\.CSV),(\d+),[^,]{19},([^,]+)/.exec(line))
            .filter(match => match !== null)
            .map(match => ({
                path: `${folder}/${match[1]}`,
                bytes: Number(match[2]),
                remoteName: match[3],
            })),
    )
}

function onServer(folder: string, name: string): Buffer | undefined {
    const path = join(folder, name)
    return existsSync(path) ? readFileSync(path) : undefined
}

/** How two contents differ, in words. */
function difference(there: Buffer | undefined, ours: Uint8Array): string {
    if (!there) return "is missing"
    let at = 0
    while (at < there.length && at < ours.length && there[at] === ours[at]) ++at
    return `has ${there.length} bytes instead of ${ours.length}, the first ${at} equal`
}

/** Files the history claims were sent but the server does not have; at most one entry per file. */
export function overstatements(card: MemoryCard, folder: string): string[] {
    const last = new Map<string, HistoryLine>()
    for (const line of historyLines(card)) last.set(line.path, line)
    return [...last.values()].flatMap(({ path, bytes, remoteName }) => {
        const there = onServer(folder, remoteName)
        const ours = card.bytes(path).subarray(0, bytes)
        if (bytes === 0) return []
        if (there && there.length >= bytes && there.subarray(0, bytes).equals(ours)) return []
        return [
            `history says ${bytes} bytes of ${path}, but ${remoteName} ${difference(there, ours)}`,
        ]
    })
}

/** Foreign files that have changed. */
export function touched(foreign: Map<string, Buffer>, folder: string): string[] {
    return [...foreign].flatMap(([name, content]) => {
        const there = onServer(folder, name)
        return there?.equals(content)
            ? []
            : [`another's file ${name} ${difference(there, content)}`]
    })
}

/** Files missing, different or superfluous on the server after all cards were reported as sent. */
export function undelivered(
    cards: MemoryCard[],
    foreign: Map<string, Buffer>,
    folder: string,
): string[] {
    const names = new Set(foreign.keys())
    const problems: string[] = []
    for (const card of cards) {
        const lines = historyLines(card)
        for (const [path, content] of card.files) {
            if (!path.includes("/")) continue
            const last = lines.findLast(line => line.path === path)
            if (!last) {
                problems.push(`${path} is not in the history`)
                continue
            }
            if (names.has(last.remoteName)) problems.push(`${last.remoteName} is used twice`)
            names.add(last.remoteName)
            if (last.bytes !== content.length)
                problems.push(`history ends with ${last.bytes} of ${content.length} of ${path}`)
            const there = onServer(folder, last.remoteName)
            // An empty file is complete with its name in the history.
            if (!there && content.length === 0) continue
            if (!there?.equals(content))
                problems.push(`${last.remoteName} ${difference(there, content)}`)
        }
    }
    for (const name of readdirSync(folder))
        if (!names.has(name)) problems.push(`${name} is also on the server`)
    return problems
}

/** The faults of an error message. */
export function badMessage(message: string): string[] {
    if (/[\u0000-\u001f\u007f]/.test(message))
        return [`more than one line: ${JSON.stringify(message)}`]
    if (message.length > 220) return [`a message of ${message.length} characters: ${message}`]
    return message.length < 8 || /undefined|NaN|\[object/.test(message)
        ? [`no reason in "${message}"`]
        : []
}
