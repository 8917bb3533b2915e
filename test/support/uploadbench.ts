import { afterEach, vi } from "vitest"
import { Key } from "../../src/settings/keys"
import { NodeConnector } from "./nodesocket"
import { ScriptedFtpServer, type ServerOptions } from "./uploadserver"
import { UploadWorld } from "./uploadworld"

/** A scripted server and the uploader that sends to it. */
class UploadBench {
    server!: ScriptedFtpServer

    async worldWith(options: ServerOptions = {}, tcp = new NodeConnector()): Promise<UploadWorld> {
        this.server = new ScriptedFtpServer(options)
        const world = new UploadWorld(tcp)
        world.settings.set(Key.FtpPort, await this.server.start())
        return world
    }

    /**
     * Advances board time second by second, as the task does, until the server sees a new log-in.
     */
    async secondsToNextTry(world: UploadWorld, atMost: number): Promise<number> {
        const before = this.server.connections
        for (let seconds = 1; seconds <= atMost; ++seconds) {
            world.nowMs += 1000
            await world.uploader.run()
            if (this.server.connections !== before) return seconds
        }
        return Infinity
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
