import { createServer, type AddressInfo, type Server, type Socket } from "node:net"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { FaultCode } from "../../src/core/fault"
import type { TcpConnector, TcpStream } from "../../src/core/seams"
import { DeviceBuffer } from "../support/devicebuffer"
import { NodeConnector } from "../support/nodesocket"
import { pattern } from "../support/uploadcard"

// The contract of TcpConnector, run against the connectors of the tests.

const connectors: [string, () => TcpConnector][] = [
    ["NodeConnector", () => new NodeConnector()],
    [
        "NodeConnector with a queue of two",
        () => new NodeConnector({ queueMax: 2, eventBytesMax: 100 }),
    ],
]

/** A server that keeps the data of each connection, in the order of the connections. */
class Recorder {
    readonly received: Buffer[] = []
    readonly ended: boolean[] = []
    readonly sockets: Socket[] = []
    greeting = ""
    private readonly server: Server = createServer(socket => {
        const number = this.sockets.push(socket) - 1
        this.received[number] = Buffer.alloc(0)
        this.ended[number] = false
        socket.on("data", data => {
            this.received[number] = Buffer.concat([this.received[number], data])
        })
        socket.on("end", () => (this.ended[number] = true))
        socket.on("error", () => {})
        if (this.greeting !== "") socket.write(this.greeting)
    })

    async start(): Promise<number> {
        await new Promise<void>(resolve => this.server.listen(0, "127.0.0.1", resolve))
        return (this.server.address() as AddressInfo).port
    }

    async stop(): Promise<void> {
        for (const socket of this.sockets) socket.destroy()
        await new Promise(resolve => this.server.close(resolve))
    }

    async until(condition: () => boolean): Promise<void> {
        while (!condition()) await new Promise(resolve => setTimeout(resolve, 2))
    }
}

async function readAll(stream: TcpStream, length: number): Promise<string> {
    let text = ""
    while (text.length < length) {
        const data = await stream.receive(2000)
        if (data === undefined) break
        text += data.toString()
    }
    return text
}

describe.each(connectors)("a TcpConnector: %s", (_name, create) => {
    let server: Recorder
    let port: number
    let tcp: TcpConnector

    beforeEach(async () => {
        server = new Recorder()
        port = await server.start()
        tcp = create()
    })
    afterEach(async () => {
        await server.stop()
    })

    it("keeps the greeting of a server that speaks first", async () => {
        server.greeting = "220 hello\r\n"
        const stream = await tcp.connect("127.0.0.1", port, 2000)
        await new Promise(resolve => setTimeout(resolve, 20))
        expect(await readAll(stream, 11)).toBe("220 hello\r\n")
    })

    it("sends bytes in order, whatever the size of the pieces", async () => {
        const stream = await tcp.connect("127.0.0.1", port, 2000)
        const data = pattern(30_000)
        for (const [from, to] of [
            [0, 1],
            [1, 512],
            [512, 1025],
            [1025, 30_000],
        ])
            await stream.send(data.slice(from, to))
        await server.until(() => server.received[0]?.length === 30_000)
        expect(server.received[0].equals(data)).toBe(true)
    })

    it("flushes and ends the previous connection when the next one opens", async () => {
        const first = await tcp.connect("127.0.0.1", port, 2000)
        const data = pattern(20_000)
        await first.send(data)
        const second = await tcp.connect("127.0.0.1", port, 2000)
        await second.send(DeviceBuffer.from("next"))
        await server.until(() => server.ended[0] && server.received[1]?.length === 4)
        expect(server.received[0].equals(data)).toBe(true)
    })

    it("passes no data of the previous connection to the next one", async () => {
        server.greeting = "first"
        await tcp.connect("127.0.0.1", port, 2000)
        server.greeting = "second"
        const second = await tcp.connect("127.0.0.1", port, 2000)
        expect(await readAll(second, 6)).toBe("second")
    })

    it("refuses to use the previous connection", async () => {
        const first = await tcp.connect("127.0.0.1", port, 2000)
        await tcp.connect("127.0.0.1", port, 2000)
        await expect(first.send(DeviceBuffer.from("x"))).rejects.toMatchObject({
            code: FaultCode.SocketClosed,
        })
        expect(await first.receive(100)).toBeUndefined()
    })

    it("gives the received data, then undefined, after the peer has closed", async () => {
        server.greeting = "bye"
        const stream = await tcp.connect("127.0.0.1", port, 2000)
        await server.until(() => server.sockets.length === 1)
        server.sockets[0].end()
        expect(await readAll(stream, 99)).toBe("bye")
        expect(await stream.receive(100)).toBeUndefined()
    })

    it("throws SocketTimeout when nothing comes in time", async () => {
        const stream = await tcp.connect("127.0.0.1", port, 2000)
        await expect(stream.receive(20)).rejects.toMatchObject({ code: FaultCode.SocketTimeout })
    })

    it("throws SocketRefused when no server listens", async () => {
        await server.stop()
        await expect(tcp.connect("127.0.0.1", port, 2000)).rejects.toMatchObject({
            code: FaultCode.SocketRefused,
        })
    })

    it("wakes a receiver when the stream is closed under it", async () => {
        const stream = await tcp.connect("127.0.0.1", port, 2000)
        const waiting = stream.receive(5000)
        await stream.close()
        expect(await waiting).toBeUndefined()
    })
})
