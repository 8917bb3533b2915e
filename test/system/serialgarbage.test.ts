import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { Packet, PACKET_PROCESS, type JDBus } from "jacdac-ts"
import { openLine, type OpenLine } from "../../console/ports"
import { connectBus, SerialTransport } from "../../console/serial"
import { runConsole } from "../support/consolerun"
import { noise, onTheLine, packetFrame } from "../support/serialnoise"
import { SerialSimulation } from "../support/serialsimulation"
import { hasTool } from "../support/tools"

const consoleServiceClass = 0x1b5c0c51
const settingsServiceClass = 0x1107dc4a

describe.skipIf(!hasTool("socat"))(
    "the simulated board with arbitrary input on its serial port",
    () => {
        let board: SerialSimulation

        beforeAll(async () => {
            board = await SerialSimulation.start()
        })
        afterAll(async () => await board?.end())
        beforeEach(async () => await board.free())

        const panics = () => board.log.match(/PANIC/g) ?? []

        /** Runs work on the board's bus over the port, without the terminal. */
        async function withBus<T>(work: (bus: JDBus, line: OpenLine) => Promise<T>): Promise<T> {
            const line = await openLine(board.port)
            const transport = new SerialTransport(line, () => {})
            const bus = await connectBus(transport)
            try {
                await transport.answered(10_000)
                for (const endMs = Date.now() + 10_000; !serviceOf(bus, consoleServiceClass);) {
                    if (Date.now() > endMs) throw new Error("the console did not announce itself")
                    await sleep(50)
                }
                return await work(bus, line)
            } finally {
                await bus.stop()
                await bus.disconnect()
                await line.close()
            }
        }

        const serviceOf = (bus: JDBus, serviceClass: number) => bus.services({ serviceClass })[0]

        /** Writes as fast as the line accepts. */
        async function write(line: OpenLine, bytes: Uint8Array): Promise<void> {
            for (let at = 0; at < bytes.length; at += 16_384)
                await new Promise<void>(done =>
                    line.stream.write(bytes.subarray(at, at + 16_384), () => done()),
                )
        }

        it("survives 10 MB of random bytes, and damaged, cut, double and swapped frames", async () => {
            const resets = board.simulation.board.resets
            await withBus(async (bus, line) => {
                const { device, serviceIndex } = serviceOf(bus, consoleServiceClass)
                await write(line, noise(10_000_000))
                // Console lines, which the board runs unless they are damaged.
                const random = noise(40_000, 7)
                const pieces: Uint8Array[] = []
                for (let i = 0; i < 600; i++) {
                    const request = Buffer.from([
                        9,
                        9,
                        i & 0xff,
                        i >> 8,
                        0,
                        ...Buffer.from("# nothing"),
                    ])
                    const options = { serviceIndex, command: 0x80 }
                    let piece = onTheLine(packetFrame(device.deviceId, options, request))
                    const at = random[i * 3] % piece.length
                    if (i % 4 === 0) piece = piece.slice(0, at)
                    else if (i % 4 === 1) piece[at] ^= 1 << (random[i * 3 + 1] & 7)
                    else if (i % 4 === 2) piece = Buffer.concat([piece, piece])
                    pieces.push(piece)
                }
                await write(line, Buffer.concat([...pieces, ...pieces.reverse()]))
            })
            await board.free()
            const { status, output } = await runConsole([board.port], "status\n")
            expect([status, output]).toEqual([0, expect.stringMatching(/^version /m)])
            expect(board.simulation.board.resets).toBe(resets)
            expect(panics()).toEqual([])
        })

        it("survives valid but meaningless frames, even to services that do not exist", async () => {
            const resets = board.simulation.board.resets
            const settings = await board.ask("export")
            await withBus(async (bus, line) => {
                const { device } = serviceOf(bus, consoleServiceClass)
                const random = noise(100_000, 11)
                for (let i = 0; i < 500; i++) {
                    const payload = random.slice(i * 100, i * 100 + (random[i * 3] % 100))
                    // Index 0 is the reset button.
                    const serviceIndex = [1, 1, 1, 2, 7, 0x3f, 0xff][i % 7]
                    const command = i % 3 === 0 ? 0x80 + (random[i * 5] & 1) : random[i * 7] * 16
                    const options = { serviceIndex, command, isCommand: i % 5 !== 0 }
                    await write(line, onTheLine(packetFrame(device.deviceId, options, payload)))
                    if (i % 10 === 9) await sleep(5)
                }
            })
            await board.free()
            const { status, output } = await runConsole([board.port], "status\n")
            expect([status, output]).toEqual([0, expect.stringMatching(/^version /m)])
            expect(board.simulation.board.resets).toBe(resets)
            expect(panics()).toEqual([])
            expect(await board.ask("export")).toBe(settings)
        })

        it("lets anyone with the cable read the FTP password from flash without a log-in", async () => {
            await board.ask("set ftp.password hunter22")
            await board.ask("passwd guarded")
            const refused = await runConsole([board.port], "show ftp.password\n")
            expect(refused.output).toContain("log in first")
            await board.free()
            const values = await withBus(async bus => {
                // The other of the board's two devices announces it, up to half a second later.
                for (let tries = 0; !serviceOf(bus, settingsServiceClass) && tries < 100; tries++)
                    await sleep(100)
                const store = serviceOf(bus, settingsServiceClass)
                const found: string[] = []
                bus.on(PACKET_PROCESS, (packet: Packet) => {
                    if (packet.isReport && packet.serviceClass === settingsServiceClass)
                        found.push(Buffer.from(packet.data).toString("latin1"))
                })
                for (const letter of "abcdefghijklmnopqr") {
                    const key = Buffer.from(`s${letter}\0`)
                    await store.sendPacketAsync(Packet.from(0x80, new Uint8Array(key)), false)
                    await sleep(60)
                }
                return found
            })
            expect(values.join("\n")).toContain("hunter22")
            // The console's own password is there only as a salted hash.
            expect(values.join("\n")).not.toContain("guarded")
            await board.ask("login guarded")
            await board.ask('passwd ""')
        })
    },
)
