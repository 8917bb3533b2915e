import { describe, expect, it } from "vitest"
import type { NetworkOptions } from "../../../sim/net/options"
import type { TcpEnd } from "../../../sim/net/tcp"
import { SimNetwork } from "../../../sim/network"
import { Chance } from "../../../sim/random"
import { VirtualClock } from "../../support/virtualclock"
import { pattern } from "../../support/uploadcard"

// The ESP32's socket worker on the simulated network: its queue, its events and its faults.

const plain: Partial<NetworkOptions> = {
    oneWay: { ms: [5, 5] },
    kilobyte: { ms: [0.5, 0.5] },
    connect: { ms: [30, 30] },
}

function world(options: Partial<NetworkOptions> = {}, seed = 1) {
    const clock = new VirtualClock()
    const network = new SimNetwork(clock, { ...plain, ...options }, new Chance(seed))
    const { socket } = network
    const host = network.hosts.host("ftp.sim")
    const taken: TcpEnd[] = []
    const received: Buffer[] = []
    host.listen(21, end => {
        const index = taken.push(end) - 1
        received.push(Buffer.alloc(0))
        end.onChange = () => {
            for (let data = end.read(1 << 20); data; data = end.read(1 << 20))
                received[index] = Buffer.concat([received[index], data])
            if (end.over === "ended") end.close()
        }
    })
    const lines: string[] = []
    const data: Uint8Array[] = []
    socket.onEvent = (event, bytes) => {
        if (event === "data") data.push(bytes!)
        const detail = event === "error" ? " " + Buffer.from(bytes!).toString() : ""
        lines.push(`${clock.nowMs()} ${event}${detail}`)
    }
    return { clock, network, socket, host, taken, received, lines, data }
}

describe("the socket's worker", () => {
    it("opens, reports it on the loop's grid, and writes in order", () => {
        const { clock, socket, lines, received } = world()
        expect(socket.write(pattern(1))).toBe(-10)
        expect(socket.open("FTP.sim", 21)).toBe(0)
        expect(socket.write(pattern(1))).toBe(-10)
        clock.advance(100)
        // Connected at 30 ms, after the loop's turn of that time.
        expect(lines).toEqual(["40 open"])
        for (let i = 0; i < 10; ++i) expect(socket.write(pattern(300, i))).toBe(0)
        clock.advance(200)
        const sent = Buffer.concat(Array.from({ length: 10 }, (_, i) => pattern(300, i)))
        expect(received[0]).toEqual(sent)
        expect(clock.holds).toBe(0)
    })

    it("queues 50 commands while the send buffer is full, then refuses more", () => {
        const { clock, socket, taken } = world()
        socket.open("ftp.sim", 21)
        clock.advance(100)
        // A server that reads nothing: its window and the board's buffer fill.
        taken[0].onChange = () => {}
        let written = 0
        while (socket.write(pattern(512)) === 0) {
            written += 512
            if (written % 5120 === 0) clock.advance(500)
        }
        expect(socket.write(pattern(512))).toBe(-1)
        const held = written - 65_536 - 5744
        expect(held).toBeGreaterThan(50 * 512)
        expect(held).toBeLessThanOrEqual(51 * 512)
    })

    it("silently loses an open that finds no room for 200 ms", () => {
        const { clock, socket, taken, lines } = world()
        // A server that reads nothing, until the returned function is called.
        const fill = (end: TcpEnd): (() => void) => {
            const read = end.onChange
            end.onChange = () => {}
            while (socket.write(pattern(512)) === 0) clock.advance(1)
            clock.advance(500)
            while (socket.write(pattern(512)) === 0);
            return () => {
                end.onChange = read
                read()
            }
        }
        socket.open("ftp.sim", 21)
        clock.advance(100)
        const readFirst = fill(taken[0])
        expect(socket.open("ftp.sim", 21)).toBe(0)
        clock.advance(150)
        readFirst()
        clock.advance(5000)
        expect(taken).toHaveLength(2)
        const readSecond = fill(taken[1])
        expect(socket.open("ftp.sim", 21)).toBe(0)
        clock.advance(250)
        readSecond()
        clock.advance(5000)
        expect(taken).toHaveLength(2)
        expect(lines.map(line => line.split(" ")[1])).toEqual(["open", "open"])
    })

    it("flushes its queue before the next open, and drops it on a close", () => {
        const { clock, socket, received, lines } = world()
        socket.open("ftp.sim", 21)
        clock.advance(100)
        for (let i = 0; i < 40; ++i) socket.write(pattern(512, i))
        socket.open("ftp.sim", 21)
        clock.advance(2000)
        expect(received[0]).toHaveLength(40 * 512)
        for (let i = 0; i < 40; ++i) socket.write(pattern(512, i))
        expect(socket.close()).toBe(0)
        clock.advance(2000)
        expect(received[1].length).toBeGreaterThanOrEqual(5632)
        expect(received[1].length).toBeLessThan(20 * 512)
        expect(socket.close()).toBe(-10)
        expect(lines.map(line => line.split(" ")[1])).toEqual(["open", "open"])
    })

    it("delivers data in pieces of 1,024 bytes, at most one window per turn", () => {
        const { clock, socket, taken, lines, data } = world()
        socket.open("ftp.sim", 21)
        clock.advance(100)
        lines.length = 0
        taken[0].write(pattern(20_000))
        clock.advance(1000)
        expect(Buffer.concat(data)).toEqual(Buffer.from(pattern(20_000)))
        expect(Math.max(...data.map(piece => piece.length))).toBe(1024)
        const turns = new Map<string, number>()
        for (const line of lines)
            turns.set(line.split(" ")[0], (turns.get(line.split(" ")[0]) ?? 0) + 1)
        expect(Math.max(...turns.values())).toBeLessThanOrEqual(6)
        for (const ms of turns.keys()) expect(Number(ms) % 10).toBe(0)
    })

    it("reports the end after the data, and a broken connection as a receive error", () => {
        const { clock, socket, taken, lines } = world()
        socket.open("ftp.sim", 21)
        clock.advance(100)
        taken[0].write(pattern(3))
        taken[0].close()
        clock.advance(100)
        socket.open("ftp.sim", 21)
        clock.advance(100)
        taken[1].abort()
        clock.advance(100)
        expect(lines.map(line => line.replace(/^[\d.]+ /, ""))).toEqual([
            "open",
            "data",
            "close",
            "open",
            "error recv error",
            "close",
        ])
    })

    it("blocks for 18 s on a server that ignores SYN: later opens wait, and get the error", () => {
        const { clock, socket, host, lines } = world()
        host.synBlackhole = true
        socket.open("ftp.sim", 21)
        clock.advance(15_000)
        host.synBlackhole = false
        socket.open("ftp.sim", 21)
        clock.advance(10_000)
        expect(lines).toEqual(["18010 error can't connect", "18040 open"])
    })

    it("blocks for 10 s on a name that cannot be resolved", () => {
        const { clock, network, socket, lines } = world()
        network.setUp(false)
        socket.open("ftp.sim", 21)
        clock.advance(11_000)
        expect(lines).toEqual(["10010 error can't resolve host"])
    })

    it("closes the old socket during the main loop's receive, in this share of handovers", () => {
        const { clock, socket, lines } = world({ receiveCloseRace: 0.2 }, 4)
        for (let i = 0; i < 500; ++i) {
            socket.open("ftp.sim", 21)
            clock.advance(100)
        }
        const errors = lines.filter(line => line.endsWith("error recv error")).length
        expect(errors).toBeGreaterThan(70)
        expect(errors).toBeLessThan(130)
        // The runtime gets the error while the new connection is being made.
        const first = lines.findIndex(line => line.endsWith("error recv error"))
        expect(lines[first + 1]).toMatch(/ close$/)
        expect(lines[first + 2]).toMatch(/ open$/)
    })

    it("has no such race by default", () => {
        const { clock, socket, lines } = world()
        for (let i = 0; i < 100; ++i) {
            socket.open("ftp.sim", 21)
            clock.advance(100)
        }
        expect(lines.filter(line => line.endsWith(" open"))).toHaveLength(100)
        expect(lines).toHaveLength(100)
    })

    it("loses everything with the power, without an event, and starts afresh", () => {
        const { clock, network, socket, taken, lines, received } = world()
        socket.open("ftp.sim", 21)
        clock.advance(100)
        socket.write(pattern(100))
        network.dropAll()
        clock.advance(1000)
        expect(lines).toEqual(["40 open"])
        expect(taken[0].over).toBe("")
        expect(received[0]).toHaveLength(100)
        expect(socket.write(pattern(1))).toBe(-10)
        socket.open("ftp.sim", 21)
        clock.advance(100)
        expect(lines).toHaveLength(2)
    })

    it("repeats itself with the same seed, and differs with another", () => {
        const history = (seed: number): string => {
            const { clock, socket, taken, lines, data } = world(
                { oneWay: { ms: [3, 40] }, connect: { ms: [20, 200] }, receiveCloseRace: 0.3 },
                seed,
            )
            for (let i = 0; i < 40; ++i) {
                socket.open("ftp.sim", 21)
                clock.advance(150)
                taken.at(-1)?.write(pattern(77 * i, i))
                for (let k = 0; k < 30; ++k) socket.write(pattern(512, k))
                clock.advance(37)
            }
            return lines.join("\n") + Buffer.concat(data).toString("hex")
        }
        expect(history(1)).toBe(history(1))
        expect(history(2)).not.toBe(history(1))
    })
})
