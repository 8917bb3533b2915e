import { afterEach, vi } from "vitest"
import { Key } from "../../src/settings/keys"
import { NodeConnector } from "./nodesocket"
import { UploadBoard } from "./uploadboard"
import { ScriptedFtpServer, type ServerOptions } from "./uploadserver"

/** A scripted server and the board that sends to it. */
class UploadBench {
    server!: ScriptedFtpServer

    async boardWith(
        options: ServerOptions = {},
        tcp = new NodeConnector(),
        manual = false,
    ): Promise<UploadBoard> {
        this.server = new ScriptedFtpServer(options)
        const port = await this.server.start()
        const board = await UploadBoard.start({ tcp, manual })
        await board.set(Key.FtpPort, port)
        return board
    }

    /** The seconds between the last session and the next one, with a log-in at the server. */
    async secondsToNextTry(board: UploadBoard, atMost: number): Promise<number> {
        const { pacing } = board.uploader
        const before = this.server.connections
        const startedMs = pacing["startedMs"]
        for (let i = 0; pacing["startedMs"] === startedMs; ++i) {
            if (i > atMost) return Infinity
            await board.look()
        }
        if (this.server.connections === before) throw new Error("the server has seen no log-in")
        return (pacing["startedMs"] - startedMs) / 1000
    }

    /** By name what the server has. */
    files(): Record<string, string> {
        const files: Record<string, string> = {}
        for (const [name, content] of this.server.files) files[name] = content.toString("latin1")
        return files
    }
}

/** A bench whose server stops after each test of the file. */
export function uploadBenchOfEachTest(): UploadBench {
    const bench = new UploadBench()
    afterEach(async () => {
        vi.restoreAllMocks()
        await bench.server.stop()
    })
    return bench
}
