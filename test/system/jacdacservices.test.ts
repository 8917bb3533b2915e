import { setTimeout as sleep } from "node:timers/promises"
import { PACKET_PROCESS, type JDBus, type Packet } from "jacdac-ts"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { openLine, type OpenLine } from "../../console/ports"
import { connectBus, SerialTransport } from "../../console/serial"
import { onTheLine, packetFrame } from "../support/serialnoise"
import { SerialSimulation } from "../support/serialsimulation"
import { hasTool } from "../support/tools"

const consoleServiceClass = 0x1b5c0c51
const notImplemented = 3

// What any Jacdac client may ask the board's two services, answered as @devicescript/server does.
describe.skipIf(!hasTool("socat"))("the board's Jacdac services", () => {
    let board: SerialSimulation
    let line: OpenLine
    let bus: JDBus
    let deviceId: string
    let answers: Packet[]

    beforeAll(async () => {
        // jacdac-ts complains about reports that it did not request itself.
        vi.spyOn(console, "assert").mockImplementation(() => undefined)
        board = await SerialSimulation.start()
        line = await openLine(board.port)
        const transport = new SerialTransport(line, () => {})
        bus = await connectBus(transport)
        await transport.answered(10_000)
        const found = () => bus.services({ serviceClass: consoleServiceClass })[0]
        for (const endMs = Date.now() + 10_000; !found() && Date.now() < endMs;) await sleep(50)
        deviceId = found().device.deviceId
        bus.on(PACKET_PROCESS, (packet: Packet) => {
            if (packet.isReport && packet.deviceIdentifier === deviceId) answers.push(packet)
        })
    })
    afterAll(async () => {
        await bus?.stop()
        await bus?.disconnect()
        await line?.close()
        await board?.end()
    })

    async function send(serviceIndex: number, command: number, payload: number[]): Promise<void> {
        const frame = packetFrame(deviceId, { serviceIndex, command }, Uint8Array.from(payload))
        await new Promise<void>(done => line.stream.write(onTheLine(frame), () => done()))
    }

    /** @returns one service's reports without announcements, until it answers an unknown command */
    async function ask(index: number, command: number, payload: number[] = []): Promise<Packet[]> {
        answers = []
        await send(index, command, payload)
        await send(index, 0x9f, [])
        const mine = () => answers.filter(one => one.serviceIndex === index && !isAnnouncement(one))
        for (const endMs = Date.now() + 10_000; Date.now() < endMs; await sleep(5)) {
            const end = mine().findIndex(
                one => one.serviceCommand === notImplemented && one.data[0] === 0x9f,
            )
            if (end >= 0) return mine().slice(0, end)
        }
        throw new Error(`service ${index} does not answer`)
    }

    const isAnnouncement = (one: Packet) => one.serviceIndex === 0 && one.serviceCommand === 0
    const hex = (text: string) => Buffer.from(text).toString("hex")

    it.each([
        ["control", 0, 0x1180, hex("DeviceScript user-provided servers")],
        ["control", 0, 0x1181, "dd245735"],
        ["control", 0, 0x1184, "dd245735"],
        ["control", 0, 0x1103, "00000000"],
        ["console", 1, 0x1103, "00000000"],
        ["console", 1, 0x1109, hex("BmsConsole_0")],
    ])("%s: reports a register (service %i, %i)", async (_, index, command, value) => {
        const reports = await ask(index, command)
        expect(reports.map(one => [one.serviceCommand, Buffer.from(one.data).toString("hex")])) //
            .toEqual([[command, value]])
    })

    it("reports its uptime in µs", async () => {
        const [first] = await ask(0, 0x1186)
        await sleep(50)
        const [second] = await ask(0, 0x1186)
        const micros = ({ data }: Packet) => Number(Buffer.from(data).readBigUInt64LE())
        expect(micros(second) - micros(first)).toBeGreaterThan(30_000)
        expect(micros(second)).toBeLessThan(600_000_000)
    })

    it.each([
        ["control: noop", 0, 0x80, []],
        ["control: identify", 0, 0x81, []],
        ["control: status light", 0, 0x84, [1, 2, 3, 4]],
        ["control: status code", 0, 0x2103, [0, 0, 0, 0]],
        ["console: cancel", 1, 0x81, [7, 7]],
        ["console: status code", 1, 0x2103, [0, 0, 0, 0]],
    ])("does not answer %s", async (_, index, command, payload) => {
        expect(await ask(index, command, payload)).toEqual([])
    })

    it.each([
        [0, 0x83],
        [0, 0x85],
        [0, 0x86],
        [0, 0x87],
        [0, 0x1080],
        [0, 0x2080],
        [0, 0x1109],
        [0, 0x1182],
        [0, 0x2180],
        [0, 0x3000],
        [1, 0],
        [1, 0x82],
        [1, 0x1009],
        [1, 0x2009],
        [1, 0x2109],
        [1, 0x1180],
        [1, 0x3000],
    ])("refuses an unknown command (service %i, %i)", async (index, command) => {
        const reports = await ask(index, command, [0, 0, 0, 0])
        expect(reports.map(one => [one.serviceCommand, one.data[0] | (one.data[1] << 8)])) //
            .toEqual([[notImplemented, command]])
    })

    it("refuses a truncated line", async () => {
        const reports = await ask(1, 0x80, [1, 0])
        expect(reports.map(one => Buffer.from(one.data).toString("hex"))).toEqual([
            "00000000000003",
        ])
    })

    it("does not answer for services that it does not have", async () => {
        answers = []
        for (const index of [2, 7, 0x3d]) await send(index, 0x1180, [])
        await ask(1, 0x1103)
        expect(answers.filter(one => one.serviceIndex > 1)).toEqual([])
    })

    it("announces itself twice a second and on request", async () => {
        const flagsAndClasses = /^0[2-9a-f]010000510c5c1b$/
        answers = []
        const startMs = Date.now()
        await sleep(3000)
        const unasked = answers.filter(isAnnouncement)
        const elapsed = (Date.now() - startMs) / 500
        expect(Math.abs(unasked.length - elapsed)).toBeLessThan(2)
        for (const one of unasked)
            expect(Buffer.from(one.data).toString("hex")).toMatch(flagsAndClasses)
        answers = []
        for (let i = 0; i < 5; i++) await send(0, 0, [])
        const asked = () => answers.filter(isAnnouncement).length
        for (const endMs = Date.now() + 2000; asked() < 5 && Date.now() < endMs;) await sleep(5)
        expect(asked()).toBeGreaterThanOrEqual(5)
    })
})
