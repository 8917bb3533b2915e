import { describe, expect, it } from "vitest"
import { SimHosts } from "../../../sim/net/hosts"
import type { Link } from "../../../sim/net/link"
import { esp32Network, type NetworkOptions } from "../../../sim/net/options"
import type { TcpEnd } from "../../../sim/net/tcp"
import { Chance } from "../../../sim/random"
import { VirtualClock } from "../../support/virtualclock"
import { pattern } from "../../support/uploadcard"

/** Fixed times: 5 ms one way, 0.5 ms per kilobyte, 30 ms to connect. */
const plain: Partial<NetworkOptions> = {
    oneWay: { ms: [5, 5] },
    kilobyte: { ms: [0.5, 0.5] },
    connect: { ms: [30, 30] },
}

function world(options: Partial<NetworkOptions> = plain, seed = 1) {
    const clock = new VirtualClock()
    const hosts = new SimHosts(clock, { ...esp32Network, ...options }, new Chance(seed))
    const host = hosts.host("ftp.sim")
    const taken: TcpEnd[] = []
    host.listen(21, end => void taken.push(end))
    const dial = (port = 21) => {
        const result: { link?: Link; problem?: string; atMs?: number } = {}
        hosts.dial(host, port, (link, problem) => {
            Object.assign(result, { link, problem, atMs: clock.nowMs() })
        })
        return result
    }
    const connected = (): [Link, TcpEnd] => {
        const { link } = dialAndWait()
        return [link!, taken.at(-1)!]
    }
    const dialAndWait = () => {
        const result = dial()
        clock.advance(400)
        return result
    }
    return { clock, hosts, host, taken, dial, connected }
}

function readAll(link: Link): Buffer {
    const parts: Uint8Array[] = []
    for (let data = link.read(1 << 20); data; data = link.read(1 << 20)) parts.push(data)
    return Buffer.concat(parts)
}

describe("connecting in board time", () => {
    it("takes the connect time, and the server sees it one way later", () => {
        const { clock, taken, dial } = world()
        const result = dial()
        clock.advance(29.9)
        expect(result.atMs).toBeUndefined()
        clock.advance(0.1)
        expect(result).toMatchObject({ problem: "", atMs: 30 })
        expect(taken).toHaveLength(0)
        clock.advance(5.1)
        expect(taken).toHaveLength(1)
    })

    it("is refused on a port without a listener, or with a stopped one", () => {
        const { clock, host, dial } = world()
        const none = dial(2000)
        const stopped = host.listen(3000, () => {})
        stopped.close()
        const gone = dial(3000)
        clock.advance(30)
        for (const result of [none, gone]) {
            expect(result.link).toBeUndefined()
            expect(result).toMatchObject({ problem: "can't connect", atMs: 30 })
        }
    })

    it("fails after 18 s for a host that ignores SYN, after 10 s without a network", () => {
        const { clock, hosts, host, dial } = world()
        host.synBlackhole = true
        const silent = dial()
        hosts.air.setUp(false)
        const lost = dial()
        clock.advance(20_000)
        expect(silent).toMatchObject({ problem: "can't connect", atMs: 18_000 })
        expect(lost).toMatchObject({ problem: "can't resolve host", atMs: 10_000 })
    })

    it("assigns only free ports, and refuses a port in use", () => {
        const { host } = world()
        const ports = [1, 2, 3].map(() => host.listen(0, () => {}).port)
        expect(new Set(ports).size).toBe(3)
        for (const port of ports) expect(port).toBeGreaterThanOrEqual(49_152)
        expect(() => host.listen(ports[0], () => {})).toThrow("is in use")
    })
})

describe("bytes in board time", () => {
    it("arrive one way later, in order, in segments of at most 1,440 bytes", () => {
        const { clock, connected } = world()
        const [board, server] = connected()
        const arrivals: [number, number][] = []
        const parts: Uint8Array[] = []
        server.onChange = () => {
            const data = server.read(1 << 20)!
            arrivals.push([clock.nowMs(), data.length])
            parts.push(data)
        }
        const startMs = clock.nowMs()
        board.write(pattern(4000))
        clock.advance(100)
        expect(Buffer.concat(parts)).toEqual(Buffer.from(pattern(4000)))
        expect(arrivals.map(([, bytes]) => bytes)).toEqual([1440, 1440, 1120])
        // 1,480 bytes take 0.72 ms on the air. The short segment waits for their acknowledgement.
        const ms = arrivals.map(([at]) => at - startMs)
        expect(ms[0]).toBeCloseTo(5.72, 1)
        expect(ms[1]).toBeCloseTo(6.45, 1)
        expect(ms[2]).toBeCloseTo(6.45 + 5.02 + 5.56, 1)
    })

    it("in flight are at most 5,744: one buffer per round trip", () => {
        const { clock, connected } = world()
        const [board, server] = connected()
        let there = 0
        server.onChange = () => (there += server.read(1 << 20)?.length ?? 0)
        let written = 0
        const more = (whole: boolean): void => {
            if (!whole) throw new Error("the connection broke")
            written += 512
            board.write(pattern(512), more)
        }
        more(true)
        // The write under way is not in the buffer yet.
        expect(written).toBe(512 + Math.floor(5744 / 512) * 512)
        clock.advance(10_000)
        const bytesPerMs = there / 10_000
        expect(bytesPerMs).toBeGreaterThan(0.7 * (5744 / 10))
        expect(bytesPerMs).toBeLessThan(5744 / 10)
    })

    it("beyond 5,744 stay with the server while the board reads nothing", () => {
        const { clock, connected } = world()
        const [board, server] = connected()
        let taken = 0
        const more = (): void => {
            taken += 1000
            if (taken <= 200_000) server.write(pattern(1000), more)
        }
        more()
        clock.advance(5000)
        // Its own send buffer is full.
        expect(taken).toBeLessThan(75_000)
        expect(readAll(board)).toHaveLength(5744)
        clock.advance(1000)
        expect(readAll(board)).toHaveLength(5744)
    })

    it("come before the end, and then nothing", () => {
        const { clock, connected } = world()
        const [board, server] = connected()
        board.write(pattern(9000))
        expect(board.over).toBe("")
        clock.advance(1000)
        board.close()
        clock.advance(1000)
        expect(readAll(server)).toEqual(Buffer.from(pattern(9000)))
        expect(server.over).toBe("ended")
        let refused = false
        board.write(pattern(1), whole => (refused = !whole))
        expect(refused).toBe(true)
    })

    it("of a waiting write are dropped by the close, buffered ones are still sent", () => {
        const { clock, connected } = world()
        const [board, server] = connected()
        const taken: boolean[] = []
        board.write(pattern(5000), whole => void taken.push(whole))
        board.write(pattern(5000, 2), whole => void taken.push(whole))
        board.close()
        clock.advance(1000)
        expect(taken).toEqual([true, false])
        expect(readAll(server)).toHaveLength(5744)
        expect(server.over).toBe("ended")
    })

    it("from the server break its connection after the board has closed", () => {
        const { clock, connected } = world()
        const [board, server] = connected()
        board.close()
        clock.advance(100)
        expect(server.over).toBe("ended")
        server.write(pattern(10))
        clock.advance(100)
        expect(server.over).toBe("reset")
    })

    it("unread at the close break the connection for the other side", () => {
        const { clock, connected } = world()
        const [board, server] = connected()
        server.write(pattern(10))
        clock.advance(100)
        board.close()
        clock.advance(100)
        expect(server.over).toBe("reset")
    })
})

describe("a network outage", () => {
    it("delays data sent meanwhile, by at most the same time again", () => {
        const { clock, hosts, connected } = world()
        const [board, server] = connected()
        hosts.air.setUp(false)
        board.write(pattern(3000))
        server.write(pattern(20, 3))
        clock.advance(8000)
        expect(readAll(server)).toHaveLength(0)
        hosts.air.setUp(true)
        clock.advance(8100)
        expect(readAll(server)).toEqual(Buffer.from(pattern(3000)))
        expect(readAll(board)).toEqual(Buffer.from(pattern(20, 3)))
    })

    it("does not make a new connection wait for an old one's retransmissions", () => {
        const { clock, hosts, taken, connected } = world()
        const [board] = connected()
        hosts.air.setUp(false)
        board.write(pattern(100))
        clock.advance(60_000)
        hosts.air.setUp(true)
        const [, server] = connected()
        expect(taken).toHaveLength(2)
        expect(server).toBe(taken[1])
        clock.advance(60_000)
        expect(readAll(taken[0])).toHaveLength(100)
    })

    it("keeps the order even if the network comes and goes", () => {
        const { clock, hosts, connected } = world()
        const [board, server] = connected()
        board.write(pattern(3000))
        for (let i = 0; i < 5; ++i) {
            hosts.air.setUp(false)
            clock.advance(1000)
            hosts.air.setUp(true)
        }
        clock.advance(1000)
        expect(readAll(server)).toEqual(Buffer.from(pattern(3000)))
    })

    it("by the board's power loss stays unknown to the server until it writes", () => {
        const { clock, connected } = world()
        const [board, server] = connected()
        board.write(pattern(2000))
        board.vanish()
        clock.advance(3_600_000)
        expect(server.over).toBe("")
        server.write(pattern(5))
        clock.advance(100)
        expect(server.over).toBe("reset")
    })
})

describe("the figures of the ESP32", () => {
    it("give a median round trip of 13–16 ms, and 47–114 ms at 99 %", () => {
        const { clock, connected } = world({}, 7)
        const [board, server] = connected()
        server.onChange = () => {
            if (server.read(100)) server.write(pattern(1))
        }
        const trips: number[] = []
        for (let i = 0; i < 3000; ++i) {
            const startMs = clock.nowMs()
            board.write(pattern(1))
            board.onChange = () => void trips.push(clock.nowMs() - startMs)
            clock.advance(400)
            board.read(100)
        }
        trips.sort((a, b) => a - b)
        expect(trips).toHaveLength(3000)
        expect(trips[1500]).toBeGreaterThan(13)
        expect(trips[1500]).toBeLessThan(16)
        expect(trips[2970]).toBeGreaterThan(47)
        expect(trips[2970]).toBeLessThan(114)
    })

    it("connect in 20–200 ms", () => {
        const times: number[] = []
        const { clock, dial } = world({}, 3)
        for (let i = 0; i < 500; ++i) {
            const startMs = clock.nowMs()
            const result = dial()
            clock.advance(250)
            times.push(result.atMs! - startMs)
        }
        expect(Math.min(...times)).toBeGreaterThanOrEqual(20)
        expect(Math.max(...times)).toBeGreaterThan(100)
        expect(Math.max(...times)).toBeLessThanOrEqual(200)
    })

    it("limit the rate to less than 20 Mbit/s, whatever the buffers", () => {
        const { clock, connected } = world({}, 5)
        const [board, server] = connected()
        // The board reads at once, so that its buffer never fills.
        let there = 0
        board.onChange = () => (there += board.read(1 << 20)?.length ?? 0)
        const more = (): void => server.write(pattern(1440), more)
        more()
        clock.advance(10_000)
        expect(there).toBeGreaterThan(1_000_000)
        expect((there * 8) / 10_000).toBeLessThan(20_000)
    })

    it("repeat with the same seed, and differ with another", () => {
        const history = (seed: number): string => {
            const { clock, connected } = world({}, seed)
            const [board, server] = connected()
            const lines: string[] = []
            server.onChange = () => {
                const data = server.read(700)
                if (!data) return
                lines.push(`${clock.nowMs()} ${Buffer.from(data).toString("hex")}`)
                server.write(data.subarray(0, 3))
            }
            board.onChange = () => void lines.push(`${clock.nowMs()} board ${board.read(100)}`)
            for (let i = 0; i < 50; ++i) {
                board.write(pattern(37 * i, i))
                clock.advance(11)
            }
            clock.advance(2000)
            return lines.join("\n")
        }
        const first = history(11)
        expect(first.split("\n").length).toBeGreaterThan(50)
        expect(history(11)).toBe(first)
        expect(history(12)).not.toBe(first)
    })
})
