import { readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { Key } from "../../src/settings/keys"
import { NodeConnector } from "../support/nodesocket"
import { hasTool } from "../support/tools"
import { pattern } from "../support/uploadcard"
import { UploadWorld } from "../support/uploadworld"
import { Vsftpd } from "../support/vsftpd"

const day = "LOG/20261122.CSV"

describe.skipIf(!hasTool("vsftpd"))("the uploader and vsftpd", () => {
    let server: Vsftpd
    let world: UploadWorld
    let tcp: NodeConnector
    let serial = 0

    beforeAll(async () => {
        server = new Vsftpd()
        await server.start()
    })
    afterAll(async () => {
        await server.remove()
    })
    beforeEach(() => {
        tcp = new NodeConnector()
        world = new UploadWorld(tcp, true)
        world.settings.set(Key.FtpPort, server.port)
        world.settings.set(Key.UserSerial, `B${++serial}`)
    })

    const received = (name: string): Buffer => readFileSync(join(server.root, `B${serial}-${name}`))

    it.each([0, 1, 511, 512, 513, 4096, 70_001, 1 << 20])(
        "delivers a file of %i bytes byte for byte",
        async size => {
            world.card.put(day, pattern(size))
            await world.session()
            expect(received("LOG-20261122.CSV").equals(pattern(size))).toBe(true)
            expect(world.card.text("LOGSENT.TXT")).toContain(`20261122.CSV,${size},`)
        },
    )

    it("appends the growth of a file", async () => {
        for (const size of [100, 1124, 1125, 9000]) {
            world.card.put(day, pattern(size))
            await world.session()
            expect(received("LOG-20261122.CSV").equals(pattern(size))).toBe(true)
        }
    })

    it("sends several days and cell logs in one session, two connections per file", async () => {
        world.settings.set(Key.FtpCells, 1)
        const paths = [
            "LOG/20261120.CSV",
            "LOG/20261121.CSV",
            "LOG/26112101.CSV",
            "CELL/20261121.CSV",
        ]
        paths.forEach((path, i) => world.card.put(path, pattern(3000 + i, i + 1)))
        await world.session()
        paths.forEach((path, i) => {
            const name = path.replace("/", "-")
            expect(received(name).equals(pattern(3000 + i, i + 1))).toBe(true)
        })
        expect(tcp.connections).toBe(1 + 2 * paths.length)
    })

    it("continues where the connection was cut and duplicates nothing", async () => {
        const whole = pattern(200_000)
        world.card.put(day, whole)
        for (const cutAt of [60_000, 130_000]) {
            let sent = 0
            tcp.onSend = (stream, data) => {
                sent += data.length
                if (sent < cutAt) return
                tcp.onSend = () => {}
                stream.socket.resetAndDestroy()
            }
            await world.session()
        }
        expect(received("LOG-20261122.CSV").equals(whole)).toBe(true)
    })

    it("resumes after the server went offline in the middle of a transfer", async () => {
        const whole = pattern(300_000)
        world.card.put(day, whole)
        let sent = 0
        tcp.onSend = (stream, data) => {
            sent += data.length
            if (sent < 100_000) return
            tcp.onSend = () => {}
            stream.socket.resetAndDestroy()
            world.settings.set(Key.FtpPort, 1)
            throw new Error("cut")
        }
        await expect(world.session()).rejects.toThrow("cut")
        await server.kill()
        world.settings.set(Key.FtpPort, server.port)
        await expect(world.session()).rejects.toThrow("no connection")
        await server.start()
        await world.session()
        expect(received("LOG-20261122.CSV").equals(whole)).toBe(true)
    })

    it("leaves a foreign file alone and takes the next name", async () => {
        world.card.put(day, pattern(2000))
        writeFileSync(join(server.root, `B${serial}-LOG-20261122.CSV`), "theirs")
        await world.session()
        expect(received("LOG-20261122.CSV").toString()).toBe("theirs")
        expect(received("LOG-20261122-2.CSV").equals(pattern(2000))).toBe(true)
        world.card.put(day, pattern(2600))
        await world.session()
        expect(received("LOG-20261122-2.CSV").equals(pattern(2600))).toBe(true)
        const mine = readdirSync(server.root).filter(name => name.startsWith(`B${serial}-`))
        expect(mine).toHaveLength(2)
    })

    it("sends a whole file again on request", async () => {
        world.card.put(day, pattern(5000))
        await world.session()
        writeFileSync(join(server.root, `B${serial}-LOG-20261122.CSV`), Buffer.alloc(5000))
        expect(await world.uploader.resend("2026-11-22")).toBe(1)
        await world.session()
        expect(received("LOG-20261122.CSV").equals(pattern(5000))).toBe(true)
    })
})

describe.skipIf(!hasTool("vsftpd"))("a vsftpd that refuses files", () => {
    it("is quoted in the error, and nothing counts as sent", async () => {
        const server = new Vsftpd(["write_enable=NO"])
        try {
            const world = new UploadWorld(new NodeConnector(), true)
            world.settings.set(Key.FtpPort, await server.start())
            world.card.put(day, pattern(600))
            await expect(world.session()).rejects.toThrow(
                "the server refuses STOR BMS-1-LOG-20261122.CSV: 550 Permission denied.",
            )
            expect(world.card.text("LOGSENT.TXT")).not.toContain(",600,")
        } finally {
            await server.remove()
        }
    })
})
