// The connection to a board, outside the window because it may compute for long. Large parts are
// loaded on demand.

import "./host/globals"
import type { Line } from "../../console/line"
import { PortLine, SocketLine } from "./lines"
import type { Answer, BoardCalls, BoardEvent, Call, Opening, Speed } from "./messages"
import { BoardSession, CardRefusal } from "./session"
import type { TabBoard } from "./tabboard"

let session: BoardSession | undefined
let tab: TabBoard | undefined
let speed: Speed = 1

const tell = (event: BoardEvent) => self.postMessage(event)
const progressOf = (stream: number) => (done: number) =>
    tell({ event: "progress", stream, done: Math.min(1, done) })

function connected(): BoardSession {
    if (!session) throw new Error("no board is connected")
    return session
}

function simulated(): TabBoard {
    if (!tab) throw new Error("that works only with the board in this tab")
    return tab
}

async function lineTo(opening: Opening): Promise<Line> {
    if (opening.kind === "socket") return await SocketLine.open(opening.url)
    if (opening.kind === "usb") return new PortLine(opening.address, opening.port)
    if (!tab) {
        const { TabBoard } = await import("./tabboard")
        tab = await TabBoard.start(line => tell({ event: "world", line }))
        tell({ event: "kept", keeps: tab.keeps })
    }
    return tab.line()
}

type Answers = {
    [Name in keyof BoardCalls]: (
        ...args: Parameters<BoardCalls[Name]>
    ) => Promise<ReturnType<BoardCalls[Name]>>
}

const calls: Answers = {
    async open(opening) {
        await session?.close().catch(() => undefined)
        session = undefined
        session = await BoardSession.open(await lineTo(opening), tell)
    },
    async close() {
        await session?.close()
        session = undefined
    },
    run: (channel, line, stream) => connected().run(channel, line, stream),
    cancel: channel => connected().cancel(channel),
    list: directory => connected().list(directory),
    read: (path, bytes, known, progress) =>
        connected().read(path, bytes, known, progressOf(progress)),
    scan: () => connected().scan(),
    programs: () => connected().programs(),
    deploy: (again, progress) => connected().deploy(again, progressOf(progress)),
    event: async line => {
        await simulated().event(line)
        return ""
    },
    speed: async wanted => simulated().setSpeed((speed = wanted)),
    forward: (boardMs, progress) => simulated().forward(boardMs, speed, progressOf(progress)),
    scenario: async name => simulated().setScenario(name),
    ftpFiles: async () => simulated().ftpFiles(),
    ftpFile: async name => simulated().ftpFile(name),
    cardImage: async () => simulated().cardImage(),
    forget: () => simulated().forget(),
}

async function answer({ id, name, args }: Call): Promise<Answer> {
    try {
        const run = calls[name] as (...args: unknown[]) => Promise<unknown>
        return { id, value: await run(...args) }
    } catch (failure) {
        const { message } = failure as Error
        return { id, error: message, refusal: failure instanceof CardRefusal }
    }
}

self.onmessage = ({ data }: MessageEvent<Call>) =>
    void answer(data).then(answered => self.postMessage(answered))
