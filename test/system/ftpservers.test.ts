import { once } from "node:events"
import { readFileSync, statSync } from "node:fs"
import { createConnection, createServer, type AddressInfo } from "node:net"
import { join } from "node:path"
import { Readable, Writable } from "node:stream"
import { Client, FTPError, type FTPResponse } from "basic-ftp"
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFailed } from "vitest"
import {
    canLimitDisk,
    type FtpServerName,
    ftpServerNames,
    type FtpServerOptions,
    type FtpTestServer,
    hasServer,
    startServer,
} from "../support/servers/ftpserver"
import { askProxy, type ProxyAnswer, type ProxyRequest } from "../support/servers/proxyrequest"
import { freePort } from "../support/freeport"
import { hasSquid, type SquidServer, startSquid } from "../support/servers/squid"
import { pattern } from "../support/uploadcard"

const names = ftpServerNames.filter(hasServer)
const withPasvAddress = names.filter(name => name !== "inetutils-ftpd")
const withoutEpsv = withPasvAddress.filter(name => name !== "pure-ftpd")
const withSquid = hasSquid()
const servers = new Map<FtpServerName, FtpTestServer>()
const clients: Client[] = []
let squid: SquidServer | undefined
let deadPort = 0

beforeAll(async () => {
    for (const server of await Promise.all(names.map(name => startServer(name))))
        servers.set(server.name, server)
    deadPort = await freePort()
    const ftpPorts = [...servers.values()].map(server => server.port).concat(deadPort)
    if (withSquid) squid = await startSquid({ ftpPorts })
})
afterAll(async () => {
    await Promise.all([squid?.stop(), ...[...servers.values()].map(server => server.stop())])
})
afterEach(() => {
    for (const client of clients.splice(0)) client.close()
})

/** The running server, restarted if its options differ. */
async function use(name: FtpServerName, options: FtpServerOptions = {}): Promise<FtpTestServer> {
    const server = servers.get(name)!
    if (JSON.stringify(server.options) !== JSON.stringify(options)) await server.restart(options)
    return server
}

async function connect(server: FtpTestServer): Promise<Client> {
    const { port, user, password } = server
    const client = new Client(10_000)
    clients.push(client)
    await client.access({ host: "127.0.0.1", port, user, password })
    return client
}

function received(server: FtpTestServer, name: string): Buffer {
    return readFileSync(join(server.folder, name))
}

async function download(client: Client, name: string): Promise<Buffer> {
    const parts: Buffer[] = []
    const sink = new Writable({
        write(part, _encoding, done) {
            parts.push(part)
            done()
        },
    })
    await client.downloadTo(sink, name)
    return Buffer.concat(parts)
}

/** The reply's code, even of a refusal. */
async function code(reply: Promise<FTPResponse>): Promise<number> {
    return await reply.then(
        good => good.code,
        thrown => (thrown instanceof FTPError ? thrown.code : Promise.reject(thrown)),
    )
}

async function ask(
    server: FtpTestServer,
    method: ProxyRequest["method"],
    file: string,
    more: Partial<ProxyRequest> & { port?: number } = {},
): Promise<ProxyAnswer> {
    const { user, password } = server
    const address = `ftp://127.0.0.1:${more.port ?? server.port}/${file}`
    return await askProxy({ proxyPort: squid!.port, method, address, user, password, ...more })
}

/** The result of `measure` for each server, all in parallel. */
async function table<T>(
    from: FtpServerName[],
    measure: (name: FtpServerName) => Promise<T>,
): Promise<Record<string, T>> {
    const measured = from.map(async name => [name, await measure(name)])
    return Object.fromEntries(await Promise.all(measured))
}

function all<T>(from: FtpServerName[], value: T): Record<string, T> {
    return Object.fromEntries(from.map(name => [name, value]))
}

describe.each(names)("%s", name => {
    const logOnFailure = (): void =>
        onTestFailed(() => console.log(servers.get(name)?.log(), squid?.log()))

    it("handles STOR, APPE, SIZE and RETR byte for byte", async () => {
        logOnFailure()
        const server = await use(name)
        const client = await connect(server)
        const whole = pattern(70_001)
        await client.uploadFrom(Readable.from([whole.subarray(0, 4097)]), "A.CSV")
        expect(await client.size("A.CSV")).toBe(4097)
        await client.appendFrom(Readable.from([whole.subarray(4097)]), "A.CSV")
        expect(await client.size("A.CSV")).toBe(whole.length)
        expect(received(server, "A.CSV").equals(whole)).toBe(true)
        expect((await download(client, "A.CSV")).equals(whole)).toBe(true)
        await client.uploadFrom(Readable.from([whole.subarray(5, 600)]), "A.CSV")
        expect(received(server, "A.CSV").equals(whole.subarray(5, 600))).toBe(true)
    })

    it.runIf(withSquid)("stores files from Squid: 201, or 202 over an older file", async () => {
        logOnFailure()
        const server = await use(name)
        for (const size of [0, 1, 511, 512, 4096, 1 << 20]) {
            const body = pattern(size)
            expect((await ask(server, "PUT", `S${size}.CSV`, { body })).status).toBe(201)
            expect(received(server, `S${size}.CSV`).equals(body)).toBe(true)
        }
        const body = pattern(300, 7)
        expect((await ask(server, "PUT", "S4096.CSV", { body })).status).toBe(202)
        expect(received(server, "S4096.CSV").equals(body)).toBe(true)
    })

    it("ends its sessions when killed, and restarts with the same port and files", async () => {
        logOnFailure()
        const server = await use(name)
        const client = await connect(server)
        await client.uploadFrom(Readable.from([pattern(600)]), "B.CSV")
        const { port } = server
        await server.kill()
        await expect(client.send("NOOP")).rejects.toThrow()
        await expect(connect(server)).rejects.toThrow("ECONNREFUSED")
        await server.restart()
        expect(server.port).toBe(port)
        expect(await (await connect(server)).size("B.CSV")).toBe(600)
    })

    it("refuses files when it is read-only, and Squid answers 502", async () => {
        logOnFailure()
        const server = await use(name, { readOnly: true })
        const client = await connect(server)
        const passive = await client.send("EPSV")
        const data = createConnection(Number(/\|(\d+)\|/.exec(passive.message)![1]), "127.0.0.1")
        data.on("error", () => {})
        expect(await code(client.send("STOR C.CSV"))).toBeOneOf([550, 553])
        if (!withSquid) return
        const answer = await ask(server, "PUT", "C.CSV", { body: pattern(10) })
        expect(answer.status).toBe(502)
        expect(answer.text).toMatch(/55[03] .*(Permission denied|Not enough privileges)/)
    })

    it.skipIf(!canLimitDisk())(
        "stores what a small disk holds, and everything when it grows",
        async () => {
            logOnFailure()
            const server = await use(name, { diskBytes: 64 << 10 })
            const whole = pattern(400_000)
            const upload = (await connect(server)).uploadFrom(Readable.from([whole]), "D.CSV")
            await expect(upload).rejects.toThrow()
            // ftp-srv removes unfinished files.
            if (name !== "ftp-srv")
                expect(statSync(join(server.folder, "D.CSV")).size).toBe(64 << 10)
            await server.restart({})
            await (await connect(server)).uploadFrom(Readable.from([whole]), "D.CSV")
            expect(received(server, "D.CSV").equals(whole)).toBe(true)
        },
    )
})

describe("the servers' options", () => {
    it.each(["10.9.8.7", "0.0.0.0"])("put %s into PASV", async address => {
        const replies = await table(withPasvAddress, async name => {
            const server = await use(name, { pasvAddress: address })
            return (await (await connect(server)).send("PASV")).message.replace(/[^(]*\(/, "")
        })
        const start = expect.stringMatching("^" + address.replaceAll(".", ",") + ",")
        expect(replies).toEqual(all(withPasvAddress, start))
    })

    it("refuse EPSV, not PASV", async () => {
        const outcomes = await table(withoutEpsv, async name => {
            const server = await use(name, { withoutEpsv: true })
            const client = await connect(server)
            const refused = (await code(client.send("EPSV"))) >= 500
            await client.uploadFrom(Readable.from(["by PASV"]), "E.CSV")
            return refused && received(server, "E.CSV").toString() === "by PASV"
        })
        expect(outcomes).toEqual(all(withoutEpsv, true))
    })

    it("end idle sessions", async () => {
        // Pure-FTPd counts in minutes.
        const some = names.filter(name => name !== "pure-ftpd")
        const replies = await table(some, async name => {
            const client = await connect(await use(name, { idleSeconds: 1 }))
            return String(await once(client.ftp.socket, "data"))
        })
        expect(replies).toEqual(all(some, expect.stringMatching(/^421 /)))
    })

    it.runIf(names.includes("pure-ftpd"))("are refused by a server that lacks them", async () => {
        await expect(startServer("pure-ftpd", { withoutEpsv: true })).rejects.toThrow("withoutEpsv")
    })
})

describe.runIf(withSquid)("Squid", () => {
    beforeAll(async () => {
        await table(names, name => use(name))
    })

    it("says which names are taken", async () => {
        const statuses = await table(names, async name => {
            const server = await use(name)
            await ask(server, "PUT", "TAKEN.CSV", { body: pattern(10) })
            await ask(server, "PUT", "EMPTY.CSV", { body: pattern(0) })
            const answers = ["", "TAKEN.CSV", "EMPTY.CSV", "FREE.CSV"].map(
                async file => (await ask(server, "HEAD", file)).status,
            )
            return await Promise.all(answers)
        })
        // ftp-srv answers 551 to RETR of a missing file, which Squid treats as a failure.
        const exception = names.includes("ftp-srv") ? { "ftp-srv": [200, 200, 200, 502] } : {}
        expect(statuses).toEqual({ ...all(names, [200, 200, 200, 404]), ...exception })
    })

    it("answers 401 to a wrong password", async () => {
        const statuses = await table(names, async name => {
            const wrong = { body: pattern(10), password: "wrong" }
            return (await ask(await use(name), "PUT", "W.CSV", wrong)).status
        })
        expect(statuses).toEqual(all(names, 401))
    })

    it("answers 403 for a port outside its rules and 503 when no server listens", async () => {
        const server = await use("ftp-srv")
        const forbidden = await ask(server, "HEAD", "", { port: 9 })
        expect(forbidden.status).toBe(403)
        expect(forbidden.headers["x-squid-error"]).toContain("ERR_ACCESS_DENIED")
        expect((await ask(server, "HEAD", "", { port: deadPort })).status).toBe(503)
    })

    it("answers 504 when the server is silent", async () => {
        const silent = createServer(() => {}).listen(0, "127.0.0.1")
        await once(silent, "listening")
        const { port } = silent.address() as AddressInfo
        const impatient = await startSquid({ ftpPorts: [port], timeoutSeconds: 1 })
        try {
            const more = { port, proxyPort: impatient.port }
            expect((await ask(await use("ftp-srv"), "HEAD", "", more)).status).toBe(504)
        } finally {
            await impatient.stop()
            silent.close()
        }
    })

    it("sends the time with every answer", async () => {
        const server = await use("ftp-srv")
        for (const file of ["", "FREE.CSV", "no/such/folder/"]) {
            const { headers } = await ask(server, "HEAD", file)
            expect(Math.abs(Date.parse(headers.date!) - Date.now())).toBeLessThan(60_000)
        }
    })
})
