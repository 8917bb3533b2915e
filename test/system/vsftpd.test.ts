import { readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { Key } from "../../src/settings/keys"
import { NodeConnector } from "../support/nodesocket"
import { hasTool } from "../support/tools"
import { pattern } from "../support/uploadcard"
import { UploadBoard } from "../support/uploadboard"
import { Vsftpd } from "../support/vsftpd"

const day = "LOG/20261122.CSV"

describe.skipIf(!hasTool("vsftpd"))("the uploader and vsftpd", () => {
    let server: Vsftpd
    let board: UploadBoard
    let tcp: NodeConnector
    let serial = 0

    beforeAll(async () => {
        server = new Vsftpd()
        await server.start()
    })
    afterAll(async () => {
        await server.remove()
    })
    beforeEach(async () => {
        tcp = new NodeConnector()
        board = await UploadBoard.start({ tcp, manual: true, realTime: true })
        await board.set(Key.FtpPort, server.port)
        await board.set(Key.UserSerial, `B${++serial}`)
    })

    const received = (name: string): Buffer => readFileSync(join(server.root, `B${serial}-${name}`))

    it.each([0, 1, 511, 512, 513, 4096, 70_001, 1 << 20])(
        "delivers a file of %i bytes byte for byte",
        async size => {
            await board.put(day, pattern(size))
            await board.session()
            expect(received("LOG-20261122.CSV").equals(pattern(size))).toBe(true)
            expect(await board.text("LOGSENT.TXT")).toContain(`20261122.CSV,${size},`)
        },
    )

    it("appends the growth of a file", async () => {
        for (const size of [100, 1124, 1125, 9000]) {
            await board.put(day, pattern(size))
            await board.session()
            expect(received("LOG-20261122.CSV").equals(pattern(size))).toBe(true)
        }
    })

    it("sends several days and cell logs in one session, two connections per file", async () => {
        await board.set(Key.FtpCells, 1)
        const paths = [
            "LOG/20261120.CSV",
            "LOG/20261121.CSV",
            "LOG/26112101.CSV",
            "CELL/20261121.CSV",
        ]
        for (const [i, path] of paths.entries()) await board.put(path, pattern(3000 + i, i + 1))
        await board.session()
        paths.forEach((path, i) => {
            const name = path.replace("/", "-")
            expect(received(name).equals(pattern(3000 + i, i + 1))).toBe(true)
        })
        expect(tcp.connections).toBe(1 + 2 * paths.length)
    })

    it("continues where the connection was cut and duplicates nothing", async () => {
        const whole = pattern(200_000)
        await board.put(day, whole)
        for (const cutAt of [60_000, 130_000]) {
            let sent = 0
            tcp.onSend = (stream, data) => {
                sent += data.length
                if (sent < cutAt) return
                tcp.onSend = () => {}
                stream.socket.resetAndDestroy()
            }
            await board.session()
        }
        expect(received("LOG-20261122.CSV").equals(whole)).toBe(true)
    })

    it("resumes after the server went offline in the middle of a transfer", async () => {
        const whole = pattern(300_000)
        await board.put(day, whole)
        let sent = 0
        let away: Promise<void> | undefined
        tcp.onSend = (stream, data) => {
            sent += data.length
            if (sent < 100_000) return
            tcp.onSend = () => {}
            stream.socket.resetAndDestroy()
            away = board.set(Key.FtpPort, 1)
            throw new Error("cut")
        }
        await expect(board.session()).rejects.toThrow("cut")
        await away
        await server.kill()
        await board.set(Key.FtpPort, server.port)
        await expect(board.session()).rejects.toThrow("no connection")
        await server.start()
        await board.session()
        expect(received("LOG-20261122.CSV").equals(whole)).toBe(true)
    })

    it("leaves a foreign file alone and takes the next name", async () => {
        await board.put(day, pattern(2000))
        writeFileSync(join(server.root, `B${serial}-LOG-20261122.CSV`), "theirs")
        await board.session()
        expect(received("LOG-20261122.CSV").toString()).toBe("theirs")
        expect(received("LOG-20261122-2.CSV").equals(pattern(2000))).toBe(true)
        await board.put(day, pattern(2600))
        await board.session()
        expect(received("LOG-20261122-2.CSV").equals(pattern(2600))).toBe(true)
        const mine = readdirSync(server.root).filter(name => name.startsWith(`B${serial}-`))
        expect(mine).toHaveLength(2)
    })

    it("sends a whole file again on request", async () => {
        await board.put(day, pattern(5000))
        await board.session()
        writeFileSync(join(server.root, `B${serial}-LOG-20261122.CSV`), Buffer.alloc(5000))
        expect(await board.resend("2026-11-22")).toBe(1)
        await board.session()
        expect(received("LOG-20261122.CSV").equals(pattern(5000))).toBe(true)
    })
})

describe.skipIf(!hasTool("vsftpd"))("a vsftpd that refuses files", () => {
    it("is quoted in the error, and nothing counts as sent", async () => {
        const server = new Vsftpd(["write_enable=NO"])
        try {
            const port = await server.start()
            const board = await UploadBoard.start({
                tcp: new NodeConnector(),
                manual: true,
                realTime: true,
            })
            await board.set(Key.FtpPort, port)
            await board.put(day, pattern(600))
            await expect(board.session()).rejects.toThrow(
                "the server refuses STOR BMS-1-LOG-20261122.CSV: 550 Permission denied.",
            )
            expect(await board.text("LOGSENT.TXT")).not.toContain(",600,")
        } finally {
            await server.remove()
        }
    })
})
