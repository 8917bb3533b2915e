import { SimFtpServer } from "../../sim/net/ftpserver"
import type { TcpEnd } from "../../sim/net/tcp"
import { TemperedBoard } from "../../test/support/temperedboard"
import { WildServer } from "./wildserver"

/** The tempered server's own port, which is never dialled. */
const backPort = 2121

/** Log lines shown for a failed board. */
const linesShown = 30

export interface WildCounts {
    behaviours: number
    boardSeconds: number
    delivered: number
    failed: number
    heapPeakBytes: number
    /** Each with its behaviour's number. */
    violations: string[]
    /** The uploader's errors without numbers, with their counts. */
    errors: Map<string, number>
}

/**
 * One board with `count` servers, one session each, numbered from `first`; every third is reached
 * through a gateway. Then an honest server must get everything.
 */
export async function runWild(
    imagePath: string,
    first: number,
    count: number,
): Promise<WildCounts> {
    const counts: WildCounts = {
        behaviours: 0,
        boardSeconds: 0,
        delivered: 0,
        failed: 0,
        heapPeakBytes: 0,
        violations: [],
        errors: new Map(),
    }
    const board = new TemperedBoard(imagePath, first)
    try {
        await board.start()
        await board.board.run("set ftp.period 604800")
        await meetServers(board, first, count, counts)
        if (counts.violations.length === 0) await meetHonestServer(board, counts)
        counts.boardSeconds = Math.round(board.nowMs() / 1000)
        counts.heapPeakBytes = board.board.simulation.summary(0).heap.peakBytes ?? 0
    } finally {
        await board.remove()
    }
    return counts
}

async function meetServers(
    board: TemperedBoard,
    first: number,
    count: number,
    counts: WildCounts,
): Promise<void> {
    const { clock } = board.board.simulation
    board.server.setMode("down")
    let take: (end: TcpEnd) => void = () => {}
    const server = new WildServer(clock, board.host, end => take(end))
    const tempered = new SimFtpServer(clock, board.host, { root: board.root, port: backPort })
    take = end => board.host.listener(backPort)!(end)
    const fromMs = board.nowMs()
    let gateway = ""
    for (let number = first; number < first + count; ++number) {
        const words = server.become(number)
        tempered.temper = server.temper
        const gatewayNow = number % 3 === 0 ? "server.test:3128" : ""
        const setting = gateway === gatewayNow ? [] : [`set ftp.gateway "${gatewayNow}"`]
        gateway = gatewayNow
        const error = await meet(board, [...setting, "ftp send"])
        counts.behaviours++
        if (error === "") counts.delivered++
        else counts.failed++
        note(counts.errors, error)
        const faults = board.faults(fromMs)
        if (faults.length === 0) continue
        const last = board.board.log
            .slice(-linesShown)
            .map(({ atMs, text }) => `${atMs} ms: ${text}`)
        counts.violations.push(`at server ${words}:`, ...faults, "its last lines:", ...last)
        return
    }
    tempered.setMode("down")
    server.close()
}

/** Runs the lines. @returns the reason of a refusal; "" for none */
async function meet({ board }: TemperedBoard, lines: string[]): Promise<string> {
    try {
        for (const line of lines) await board.run(line)
        return ""
    } catch (refused) {
        return (refused as Error).message
    }
}

/** An honest server gets everything, whatever the others claimed to have. */
async function meetHonestServer(board: TemperedBoard, counts: WildCounts): Promise<void> {
    const { board: console } = board
    board.server.temper = {}
    board.server.setMode("up")
    await console.run('set ftp.gateway ""')
    await console.run("set sd.enable off")
    await console.sleep(5000)
    const names = [...(await console.run("card ls LOG")).matchAll(/\d{8}\.CSV/g)].map(([n]) => n)
    await console.run("ftp resend 2026-01-01").catch(() => "")
    await console.run("ftp send").catch((refused: Error) => {
        counts.violations.push("the honest server: " + refused.message)
    })
    const received = [...board.received().values()]
    for (const name of names) {
        const card = console.cardFile("LOG/" + name)
        if (!received.some(content => content.equals(card)))
            counts.violations.push(`the honest server has no complete ${name}`)
    }
}

function note(errors: Map<string, number>, error: string): void {
    const kind = error
        .replace(/^.*error: /s, "")
        .replaceAll(/[\w-]+-LOG-\d{8}(-\d+)?\.CSV/g, "NAME")
        .replaceAll(/port \d+/g, "port N")
        .replace(/: .*$/s, "")
        .trim()
    errors.set(kind, (errors.get(kind) ?? 0) + 1)
}
