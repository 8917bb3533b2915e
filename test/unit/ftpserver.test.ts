import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client } from "basic-ftp"
import { Readable } from "node:stream"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { EmbeddedFtpServer } from "../../sim/ftpserver"
import { Key } from "../../src/settings/keys"
import { NodeConnector } from "../support/nodesocket"
import { pattern } from "../support/uploadcard"
import { UploadWorld } from "../support/uploadworld"

let root: string
let server: EmbeddedFtpServer | undefined

beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "bms-ftp-"))
})

afterEach(async () => {
    await server?.stop()
    server = undefined
    rmSync(root, { recursive: true, force: true })
})

async function start(options: { user?: string; password?: string } = {}): Promise<UploadWorld> {
    server = new EmbeddedFtpServer({ root, ...options })
    const world = new UploadWorld(new NodeConnector(), true)
    world.settings.set(Key.FtpPort, await server.start())
    return world
}

describe("the simulator's FTP server", () => {
    it("finishes a transfer whose control connection has ended", async () => {
        const world = await start()
        const received: string[] = []
        server!.on("received", (name, bytes) => received.push(`${name} ${bytes}`))
        world.card.put("LOG/20261121.CSV", pattern(300_000))
        world.card.put("LOG/20261122.CSV", pattern(700, 2))
        await world.session()
        expect(readFileSync(join(root, "BMS-1-LOG-20261121.CSV")).equals(pattern(300_000))).toBe(
            true,
        )
        expect(readFileSync(join(root, "BMS-1-LOG-20261122.CSV"))).toEqual(
            Buffer.from(pattern(700, 2)),
        )
        expect(received).toEqual(["BMS-1-LOG-20261121.CSV 300000", "BMS-1-LOG-20261122.CSV 700"])
    })

    it("appends to what is there", async () => {
        const world = await start()
        world.card.put("LOG/20261122.CSV", pattern(1000))
        await world.session()
        world.card.put("LOG/20261122.CSV", pattern(2500))
        await world.session()
        expect(readFileSync(join(root, "BMS-1-LOG-20261122.CSV"))).toEqual(
            Buffer.from(pattern(2500)),
        )
    })

    it("lets nobody in without the password", async () => {
        const world = await start({ user: "bms", password: "right" })
        world.card.put("LOG/20261122.CSV", pattern(10))
        world.settings.set(Key.FtpUser, "bms")
        world.settings.set(Key.FtpPassword, "wrong")
        await expect(world.session()).rejects.toThrow(
            "log-in refused, check ftp.user and ftp.password: 530 Login incorrect.",
        )
        world.settings.set(Key.FtpPassword, "right")
        await world.session()
        expect(readFileSync(join(root, "BMS-1-LOG-20261122.CSV"))).toHaveLength(10)
    })

    it("refuses connections while it is down and serves again on the same port", async () => {
        const world = await start()
        world.card.put("LOG/20261122.CSV", pattern(10))
        await server!.setMode("down")
        await expect(world.session()).rejects.toThrow("no connection to 127.0.0.1")
        await server!.setMode("up")
        await world.session()
        expect(readFileSync(join(root, "BMS-1-LOG-20261122.CSV"))).toHaveLength(10)
    })

    it("takes connections and never answers while it hangs", async () => {
        await start()
        await server!.setMode("hang")
        const client = new Client(200)
        const port = await server!.start().then(async port => (await server!.setMode("hang"), port))
        await expect(client.access({ host: "127.0.0.1", port })).rejects.toThrow("Timeout")
    })

    it("serves an ordinary client", async () => {
        await start()
        const port = await server!.start()
        const client = new Client()
        await client.access({ host: "127.0.0.1", port })
        await client.uploadFrom(Readable.from([Buffer.from("hello")]), "x.txt")
        expect(await client.size("x.txt")).toBe(5)
        client.close()
    })

    it("leaves the process's signal handlers alone", async () => {
        const before = process.listenerCount("SIGINT")
        await start()
        expect(process.listenerCount("SIGINT")).toBe(before)
    })
})
