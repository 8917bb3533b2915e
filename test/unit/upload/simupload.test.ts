import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { NetworkOptions } from "../../../sim/net/options"
import type { TcpEnd } from "../../../sim/net/tcp"
import { FaultCode } from "../../../src/core/fault"
import { Key } from "../../../src/settings/keys"
import type { SimUpload as World } from "../../support/simupload"
import { SimGateway } from "../../support/simgateway"
import { pattern } from "../../support/uploadcard"

// The firmware's upload, including its socket code, on the simulated network with the simulation's
// FTP server.

vi.mock("@devicescript/core", async () => (await import("../../support/simnatives")).natives)
const { SimUpload } = await import("../../support/simupload")

let world: World

// The back-off is partly random.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0.5))

afterEach(() => {
    world.remove()
    vi.restoreAllMocks()
})

function day(number: number): string {
    return `LOG/202611${String(number).padStart(2, "0")}.CSV`
}

/** Files from a few hundred bytes to tens of kilobytes, for each kind of handover. */
function putDays(count: number): void {
    for (let i = 1; i <= count; ++i) world.card.put(day(i), pattern(300 + 9000 * (i % 4), i))
}

describe("an upload in board time", () => {
    it("delivers in one session, without real time", async () => {
        world = await SimUpload.start()
        putDays(8)
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
        expect(world.received).toHaveLength(8)
        expect(world.uploader).toMatchObject({
            sender: { logins: 1, filesConfirmed: 8 },
            pacing: { failures: 0 },
        })
        expect(world.clock.holds).toBe(0)
    })

    it("continues a grown file, and sends nothing twice", async () => {
        world = await SimUpload.start()
        for (const bytes of [1000, 1000, 5000, 50_000, 50_001]) {
            world.card.put(day(1), pattern(bytes))
            expect(await world.session()).toBe("")
            expect(world.differences()).toEqual([])
        }
        // The second time there was nothing to send.
        expect(world.received).toHaveLength(4)
    })

    it("leaves foreign files alone, and repairs its own", async () => {
        world = await SimUpload.start()
        const name = "BMS-1-LOG-20261101.CSV"
        const at = (file: string) => join(world.root, file)
        const server = (file: string) => readFileSync(at(file))
        // A foreign file has the name.
        writeFileSync(at(name), "not ours")
        world.card.put(day(1), pattern(5000))
        expect(await world.session()).toBe("")
        const ours = name.replace(".CSV", "-2.CSV")
        expect(server(name).toString()).toBe("not ours")
        expect(server(ours).equals(pattern(5000))).toBe(true)
        // Shorter than the confirmed size: damaged, sent whole.
        writeFileSync(at(ours), "torn")
        world.card.put(day(1), pattern(6000))
        expect(await world.session()).toBe("")
        expect(server(ours).equals(pattern(6000))).toBe(true)
        // Requested again: deleted and sent whole.
        writeFileSync(at(ours), pattern(6000, 9))
        expect(await world.clock.finish(world.uploader.resend("2026-11-01"))).toBe(1)
        expect(await world.session()).toBe("")
        expect(server(ours).equals(pattern(6000))).toBe(true)
        // Longer than ours: a foreign addition.
        writeFileSync(at(ours), pattern(9000, 9))
        world.card.put(day(1), pattern(7000))
        expect(await world.session()).toBe("")
        expect(server(ours).equals(pattern(9000, 9))).toBe(true)
        expect(server(name.replace(".CSV", "-3.CSV")).equals(pattern(7000))).toBe(true)
    })

    it("logs in with the user's password, or reports a wrong one", async () => {
        world = await SimUpload.start({}, 1, { user: "bms", password: "right" })
        putDays(1)
        world.settings.set(Key.FtpUser, "bms")
        world.settings.set(Key.FtpPassword, "wrong")
        expect(await world.session()).toMatch(/log-in refused, .*: 530 /)
        world.settings.set(Key.FtpPassword, "right")
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
    })

    it("sends 300 kB at the radio's rate, one window per round trip", async () => {
        world = await SimUpload.start()
        world.card.put(day(1), pattern(300_000))
        const startMs = world.clock.nowMs()
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
        const ms = world.clock.nowMs() - startMs
        // 53 windows of 5,744 bytes, 14 ms each, plus the log-ins.
        expect(ms).toBeGreaterThan(53 * 14)
        expect(ms).toBeLessThan(53 * 14 + 3000)
    })

    it("repeats line by line with the same seed", async () => {
        const history = async (seed: number): Promise<string> => {
            world = await SimUpload.start({ receiveCloseRace: 0.3 }, seed)
            putDays(6)
            await world.run(300_000)
            const { lines, received } = world
            const text = JSON.stringify([lines, received, world.card.text("LOGSENT.TXT")])
            world.remove()
            return text + world.clock.nowMs()
        }
        const first = await history(5)
        expect(first).toContain("logged in")
        expect(await history(5)).toBe(first)
        expect(await history(6)).not.toBe(first)
    })
})

describe("trouble with the server", () => {
    it("refused: reports it at once, and delivers when the server is back", async () => {
        world = await SimUpload.start()
        putDays(2)
        world.server.setMode("down")
        const startMs = world.clock.nowMs()
        expect(await world.session()).toBe("no connection to ftp.sim:21: can't connect")
        expect(world.clock.nowMs() - startMs).toBeLessThan(500)
        world.server.setMode("up")
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
    })

    it("silent: gives up, and delivers when the server answers again", async () => {
        world = await SimUpload.start()
        putDays(2)
        world.server.setMode("hang")
        expect(await world.session()).toMatch(/no answer in time/)
        world.server.setMode("up")
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
    })

    it("cut in the middle of a file: resumes there", async () => {
        world = await SimUpload.start()
        world.card.put(day(1), pattern(200_000))
        world.clock.setTimeout(() => world.server.setMode("down"), 700)
        world.clock.setTimeout(() => world.server.setMode("up"), 5000)
        await world.run(120_000)
        expect(world.uploader.pacing.failures).toBe(1)
        expect(world.differences()).toEqual([])
    })

    it("a power cut of the board in the middle of a file: delivers afterwards", async () => {
        world = await SimUpload.start()
        world.card.put(day(1), pattern(200_000))
        void world.uploader.run()
        world.uploader.requested = true
        await world.clock.finish(world.clock.sleep(700))
        await world.cutPower()
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
    })

    it("a Wi-Fi outage in the middle of a file: delivers without an alarm", async () => {
        world = await SimUpload.start()
        world.card.put(day(1), pattern(200_000))
        world.clock.setTimeout(() => world.network.setUp(false), 700)
        world.clock.setTimeout(() => world.network.setUp(true), 4700)
        await world.run(180_000)
        expect(world.differences()).toEqual([])
        expect(world.alarms).toBe(0)
    })
})

describe("the ESP32's socket faults", () => {
    // About 8 handovers of a session with 20 files are hit.
    it("a receive during the worker's close, at 1 of 5 handovers: no session fails", async () => {
        for (let seed = 1; seed <= 10; ++seed) {
            world = await SimUpload.start({ receiveCloseRace: 0.2 }, seed)
            putDays(20)
            await world.run(300_000)
            expect(world.differences()).toEqual([])
            expect(world.uploader.pacing.failures).toBe(0)
            expect(world.uploader.sender.logins).toBe(1)
            expect(world.alarms).toBe(0)
            if (seed < 10) world.remove()
        }
    })

    it("the same at every possible handover: no FTP alarm", async () => {
        world = await SimUpload.start({ receiveCloseRace: 1 }, 3)
        putDays(20)
        await world.run(600_000)
        expect(world.differences()).toEqual([])
        expect(world.alarms).toBe(0)
    })

    it("an open lost behind a full queue is repeated", async () => {
        world = await SimUpload.start()
        // Eleven pieces fit into the send buffer, one is being written, and the queue has 50.
        world.card.put(day(1), pattern(62 * 512))
        // The radio stops for a moment as the data connection opens.
        const watch = (): void => {
            if (!/: [1-9]\d* of/.test(world.uploader.activity())) {
                world.clock.setTimeout(watch, 1)
                return
            }
            world.network.setUp(false)
            world.clock.setTimeout(() => world.network.setUp(true), 500)
        }
        watch()
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
        expect(world.uploader.pacing.failures).toBe(0)
        // It was lost: half the timeout has passed.
        expect(world.clock.nowMs()).toBeGreaterThan(15_000)
    })

    it("a server that ignores SYN: an error after 18 s, and no late event afterwards", async () => {
        world = await SimUpload.start()
        putDays(3)
        const host = world.network.hosts.host("ftp.sim")
        host.synBlackhole = true
        const startMs = world.clock.nowMs()
        expect(await world.session()).toBe("no connection to ftp.sim:21: can't connect")
        expect(world.clock.nowMs() - startMs).toBeGreaterThan(18_000)
        host.synBlackhole = false
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
    })

    it("an unresolved name: an error after 10 s", async () => {
        world = await SimUpload.start()
        putDays(1)
        world.network.setUp(false)
        expect(await world.session()).toBe("no connection to ftp.sim:21: can't resolve host")
        world.network.setUp(true)
        expect(await world.session()).toBe("")
    })
})

describe("one connection after another", () => {
    /** Lets a connection time out; this timeout is shorter than the worker's. */
    async function giveUp(name: string): Promise<void> {
        const host = world.network.hosts.host(name)
        host.synBlackhole = true
        const connecting = world.tcp.connect(name, 80, 10_000)
        await expect(world.clock.finish(connecting)).rejects.toMatchObject({
            code: FaultCode.SocketTimeout,
        })
    }

    it("a late failure of an earlier try does not end the next one", async () => {
        world = await SimUpload.start()
        putDays(3)
        await giveUp("time.sim")
        // The worker is busy with the time server for another 8 s.
        expect(await world.session()).toBe("")
        expect(world.differences()).toEqual([])
    })

    it("a timely failure counts at once, even after a late one", async () => {
        world = await SimUpload.start()
        putDays(1)
        world.server.setMode("down")
        await giveUp("time.sim")
        expect(await world.session()).toBe("no connection to ftp.sim:21: can't connect")
        const startMs = world.clock.nowMs()
        expect(await world.session()).toBe("no connection to ftp.sim:21: can't connect")
        expect(world.clock.nowMs() - startMs).toBeLessThan(500)
    })

    it("a gateway's close right after its answer does not fail the next request", async () => {
        for (const options of [{}, { oneWay: { ms: [0.2, 6] } }] as Partial<NetworkOptions>[])
            for (let seed = 1; seed <= 5; ++seed) {
                world = await SimUpload.start(options, seed)
                const gateway = new SimGateway(world.network.hosts.host("gateway.sim"))
                world.settings.set(Key.FtpGateway, "gateway.sim:3128")
                putDays(6)
                expect(await world.session()).toBe("")
                for (let i = 1; i <= 6; ++i)
                    expect(gateway.files.get(`BMS-1-${day(i).replace("/", "-")}`)).toEqual(
                        Buffer.from(world.card.bytes(day(i))),
                    )
                // HEAD for the log-in; PUT and two HEADs per file. No request is repeated.
                expect(gateway.requests).toBe(1 + 3 * 6)
                world.remove()
            }
    })

    it("the runtime's own request on an unreported connection stays out of the files", async () => {
        const websocket = /GET {2}HTTP/
        for (let seed = 1; seed <= 20; ++seed) {
            const options = { receiveCloseRace: 1, connect: { ms: [1, 30] } } as const
            world = await SimUpload.start(options, seed, { port: 2121 })
            let heard = 0
            const host = world.network.hosts.host("ftp.sim")
            host.listen(21, (end: TcpEnd) => {
                listenIn(end, text => (heard += websocket.test(text) ? 1 : 0))
                host.listener(2121)!(end)
            })
            putDays(8)
            await world.run(300_000)
            expect(heard).toBeGreaterThan(0)
            expect(world.differences()).toEqual([])
            world.remove()
        }
    })
})

function listenIn(end: TcpEnd, hear: (text: string) => void): void {
    const read = end.read.bind(end)
    end.read = bytesMax => {
        const data = read(bytesMax)
        if (data) hear(Buffer.from(data).toString("latin1"))
        return data
    }
}
