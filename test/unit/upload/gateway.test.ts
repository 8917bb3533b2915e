import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, describe, expect, it, vi } from "vitest"
import { TimeSource } from "../../../src/core/seams"
import { Key } from "../../../src/settings/keys"
import { NodeConnector } from "../../support/nodesocket"
import { pattern } from "../../support/uploadcard"
import { noonSeconds, UploadBoard } from "../../support/uploadboard"

const day = "LOG/20261122.CSV"
const address = "ftp://files.example:21/BMS-1-LOG-20261122.CSV"

/** An HTTP server that accepts the requests of a proxy with FTP. */
class FakeProxy {
    readonly files = new Map<string, Buffer>()
    readonly requests: string[] = []
    authorization: string | undefined
    /** Of its answers, which set the board's clock. */
    date = "Sun, 22 Nov 2026 12:34:56 GMT"
    /** Replaces the status of a method. */
    status: Record<string, number> = {}
    statusOf = (method: string, _url: string): number | undefined => this.status[method]
    page = "<html>made</html>"
    /** The server keeps only this much of each file, although the gateway confirms it. */
    keptBytes = Infinity
    /** Answers a PUT before its body has arrived, and closes. */
    early = false
    private readonly server: Server = createServer((request, response) => {
        void this.serve(request, response)
    })

    async start(): Promise<string> {
        await new Promise<void>(resolve => this.server.listen(0, "127.0.0.1", resolve))
        return "127.0.0.1:" + (this.server.address() as AddressInfo).port
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections()
        await new Promise(resolve => this.server.close(resolve))
    }

    private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const { method = "", url = "" } = request
        this.requests.push(`${method} ${url}`)
        this.authorization = request.headers.authorization
        response.setHeader("Date", this.date)
        response.setHeader("Connection", "close")
        const forced = this.statusOf(method, url)
        if (forced !== undefined && this.early) {
            response.statusCode = forced
            response.end("x".repeat(3000))
            return
        }
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        const there = this.files.has(url) || url.endsWith("/")
        response.statusCode = forced ?? (method === "PUT" ? 201 : there ? 200 : 404)
        if (method === "PUT" && response.statusCode < 300)
            this.files.set(url, Buffer.concat(chunks))
        const { length } = this.files.get(url) ?? ""
        if (method === "HEAD" && length !== 0)
            response.setHeader("Content-Length", Math.min(length, this.keptBytes))
        response.end(method === "HEAD" ? undefined : this.page)
    }
}

let proxy: FakeProxy

/** @param start of the board's clock, UTC */
async function boardWith(start?: string): Promise<UploadBoard> {
    proxy = new FakeProxy()
    const address = await proxy.start()
    const board = await UploadBoard.start({ tcp: new NodeConnector(), start })
    await board.set(Key.FtpGateway, address)
    await board.set(Key.FtpHost, "files.example")
    await board.set(Key.FtpUser, "bms")
    await board.set(Key.FtpPassword, "pa:ss")
    return board
}

afterEach(async () => {
    await proxy.stop()
})

describe("the gateway", () => {
    it("gets the file as one PUT to its ftp address, with the log-in", async () => {
        const board = await boardWith()
        await board.put(day, pattern(70_001))
        await board.session()
        expect(proxy.files.get(address)!.equals(pattern(70_001))).toBe(true)
        expect(proxy.authorization).toBe("Basic " + Buffer.from("bms:pa:ss").toString("base64"))
        expect(proxy.requests).toEqual([
            "HEAD ftp://files.example:21/",
            "HEAD " + address,
            "PUT " + address,
            "HEAD " + address,
        ])
        expect(await board.text("LOGSENT.TXT")).toContain("20261122.CSV,70001,")
    })

    it("supplies the date of its answers to the clock", async () => {
        const board = await boardWith()
        await board.put(day, pattern(10))
        const offer = vi.spyOn(board.board.parts.clock, "offer")
        await board.session()
        expect(offer.mock.calls.length).toBeGreaterThan(0)
        for (const call of offer.mock.calls)
            expect(call).toEqual([noonSeconds + 34 * 60 + 56, TimeSource.Http])
    })

    it("leaves a foreign file alone", async () => {
        const board = await boardWith()
        await board.put(day, pattern(10))
        proxy.files.set(address, Buffer.from("theirs"))
        await board.session()
        expect(proxy.files.get(address)!.toString()).toBe("theirs")
        expect(proxy.files.get(address.replace(".CSV", "-2.CSV"))).toEqual(Buffer.from(pattern(10)))
    })

    /** A file of ten bytes with a reserved name and nothing confirmed. */
    async function boardThatHasBegun(): Promise<UploadBoard> {
        const board = await boardWith()
        const line = `20261122.CSV,0,2026-11-22 13:00:01,BMS-1-LOG-20261122.CSV\r\n`
        await board.put(day, pattern(10))
        await board.put("LOGSENT.TXT", line)
        return board
    }

    it("leaves a file with our name alone if it is longer than ours", async () => {
        const board = await boardThatHasBegun()
        proxy.files.set(address, Buffer.from("longer than ten"))
        await board.session()
        expect(proxy.files.get(address)!.toString()).toBe("longer than ten")
        expect(proxy.files.get(address.replace(".CSV", "-2.CSV"))).toEqual(Buffer.from(pattern(10)))
    })

    it("leaves a file alone that is longer than the last line says", async () => {
        const board = await boardWith()
        await board.put(day, pattern(1000))
        await board.session()
        proxy.files.set(address, Buffer.alloc(1200))
        await board.put(day, pattern(1200))
        board.leap(3601)
        await board.session()
        expect(proxy.files.get(address)).toEqual(Buffer.alloc(1200))
        const next = address.replace(".CSV", "-2.CSV")
        expect(proxy.files.get(next)).toEqual(Buffer.from(pattern(1200)))
        // A broken transfer is noted: the next session recognizes its own part.
        await board.put(day, pattern(1500))
        proxy.keptBytes = 1300
        board.leap(3601)
        await expect(board.session()).rejects.toThrow("did not get the whole file")
        proxy.files.set(next, Buffer.from(pattern(1300)))
        proxy.keptBytes = Infinity
        await board.session()
        expect(proxy.files.get(next)).toEqual(Buffer.from(pattern(1500)))
        expect(proxy.files.size).toBe(2)
    })

    it("does not get a file again that is as long as ours, unless it must be resent", async () => {
        const board = await boardThatHasBegun()
        proxy.files.set(address, Buffer.from("ten bytes."))
        await board.session()
        expect(proxy.requests.some(line => line.startsWith("PUT"))).toBe(false)
        expect(await board.text("LOGSENT.TXT")).toContain("20261122.CSV,10,")
        await board.resend("2026-11-22")
        await board.session()
        expect(proxy.files.get(address)).toEqual(Buffer.from(pattern(10)))
    })

    it("gets today's file again at most once per hour, and whole", async () => {
        const board = await boardWith()
        await board.set(Key.FtpPeriod, 60)
        await board.set(Key.FtpCells, 1)
        const sentBytes: number[] = []
        for (let minute = 0; minute < 130; ++minute) {
            await board.put(day, pattern(100 + minute))
            await board.put("CELL/20261122.CSV", pattern(100 + minute, 2))
            await board.look()
            const length = proxy.files.get(address)!.length
            if (length !== sentBytes.at(-1)) sentBytes.push(length)
            board.leap(59)
        }
        expect(sentBytes).toEqual([100, 160, 220])
        const cells = proxy.requests.filter(line => line.startsWith("PUT") && line.includes("CELL"))
        expect(cells).toHaveLength(3)
    })

    it("gets the day's last part when the day is over", async () => {
        // 23:59:30 local time, and ten seconds past midnight.
        const board = await boardWith("2026-11-22T22:59:30Z")
        proxy.date = "Sun, 22 Nov 2026 22:59:30 GMT"
        await board.put(day, pattern(100))
        await board.session()
        await board.pass(40)
        proxy.date = "Sun, 22 Nov 2026 23:00:10 GMT"
        await board.put(day, pattern(150))
        await board.put("LOG/20261123.CSV", pattern(5))
        await board.session()
        expect(proxy.files.get(address)!.length).toBe(150)
    })

    it.each([202, 201])("confirms with %i", async status => {
        const board = await boardWith()
        proxy.status = { PUT: status }
        await board.put(day, pattern(10))
        await board.session()
        expect(board.uploader.sender.filesConfirmed).toBe(1)
    })

    it.each([
        [200, "the gateway refuses: 200 OK"],
        [403, "allow the FTP server in the gateway's access rules: 403 Forbidden"],
        [404, "the server has no such folder: 404 Not Found"],
        [407, "the gateway wants its own log-in"],
        [502, "the FTP server did not let the gateway finish: 502"],
        [503, "check ftp.host and ftp.port: 503 Service Unavailable"],
        [504, "the FTP server did not answer the gateway in time: 504"],
    ])("fails with %i: %s", async (status, words) => {
        const board = await boardWith()
        proxy.status = { PUT: status }
        await board.put(day, pattern(10))
        await expect(board.session()).rejects.toThrow(words)
        expect(await board.text("LOGSENT.TXT")).not.toContain(",10,")
    })

    it("is not believed on 201 if the server has less", async () => {
        const board = await boardWith()
        await board.put(day, pattern(1000))
        proxy.keptBytes = 400
        await expect(board.session()).rejects.toThrow("the server did not get the whole file")
        expect(await board.text("LOGSENT.TXT")).not.toContain(",1000,")
        proxy.keptBytes = Infinity
        await board.session()
        expect(await board.text("LOGSENT.TXT")).toContain(",1000,")
    })

    it.each(["552 Disk full.\n</pre></html>", "552 Disk full.</pre>\n</html>"])(
        "passes on the server's reply as quoted in Squid's page: %j",
        async said => {
            const board = await boardWith()
            proxy.status = { PUT: 502 }
            const squid =
                "<pre>STOR a.txt\n</pre> The server responded with: <pre>Disk full.</pre>\n"
            proxy.page = `<html>${squid}${"x".repeat(900)}<pre>${said}`
            await board.put(day, pattern(10))
            await expect(board.session()).rejects.toThrow(
                /^the FTP server did not let the gateway finish: 552 Disk full\.$/,
            )
        },
    )

    // Squid's own 404 means only 550.
    const missing = ["450 No such file", "451 Not here", "550 What?", "551 ENOENT", "553 No"]
    it.each(missing)("shows a free name by the server's reply %s, and no other", async said => {
        const board = await boardWith()
        await board.put(day, pattern(10))
        const root = "ftp://files.example:21/"
        proxy.statusOf = (method, url) =>
            method === "PUT" || url === root || proxy.files.has(url) ? undefined : 502
        for (const busy of ["425 No data connection", "421 Too many", "530 Who?", "226 Done"]) {
            proxy.page = `<pre>${busy}\n</pre>`
            await expect(board.session()).rejects.toThrow("finish: " + busy)
            expect(proxy.files.size).toBe(0)
        }
        proxy.page = `<pre>${said}\n</pre>`
        await board.session()
        expect(proxy.files.get(address)!.length).toBe(10)
    })

    it("has its reason shown if it closes in the middle of a file", async () => {
        const board = await boardWith()
        proxy.status = { PUT: 403 }
        proxy.early = true
        await board.put(day, pattern(3_000_000))
        await expect(board.session()).rejects.toThrow(/403 Forbidden|closed the connection/)
        expect(board.uploader.sender.filesConfirmed).toBe(0)
    })

    it("is not tried again before the next period after a refused log-in", async () => {
        const board = await boardWith()
        proxy.status = { HEAD: 401 }
        await board.put(day, pattern(10))
        await expect(board.session()).rejects.toThrow("log-in refused, check ftp.user")
        expect(board.uploader.activity()).toBe("next try in 3600 s")
    })

    it("can be tested from the console", async () => {
        const board = await boardWith()
        const gateway = board.board.parts.settings.text(Key.FtpGateway)
        expect(await board.finish(board.uploader.test())).toEqual([
            "mode: gateway " + gateway,
            "answer: 200 OK",
        ])
    })
})
