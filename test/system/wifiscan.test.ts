import { SRV_WIFI } from "jacdac-ts"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { networkTable } from "../../console/wifiscan"
import { firmware, readManifest } from "../../tools/firmware"
import { runConsole } from "../support/consolerun"
import { SerialSimulation } from "../support/serialsimulation"
import { SimulatedBoard } from "../support/simulatedboard"
import { hasTool } from "../support/tools"

describe("the networks in range", () => {
    let board: SimulatedBoard
    beforeEach(async () => {
        const { imagePath } = await firmware(readManifest().entries.simulator)
        board = new SimulatedBoard(imagePath)
        await board.simulation.start()
        const { air } = board.simulation
        air.addNetwork("my network", "geheim-1")
        air.addNetwork("guest")
        air.addNetwork('Caf\u00e9 "\u2615"')
        air.addNetwork("hidden", "geheim-1")
        air.setHidden("hidden", true)
    })
    afterEach(() => board.end())

    async function join(): Promise<void> {
        for (const line of ["set wifi.ssid bms-simulator", "set wifi.password simulator"])
            await board.run(line)
        for (let i = 0; i < 60 && !(await board.run("wifi")).includes("state       connected"); ++i)
            await board.sleep(1000)
    }

    /** A line that may be refused. */
    async function say(line: string): Promise<{ text: string; status: number }> {
        let text = ""
        const { status } = await board.simulation.console.execute(line, piece => (text += piece))
        return { text, status }
    }

    it("are listed by signal, with the text to type and whether they need a password", async () => {
        const rows = (await board.run("wifi scan")).trimEnd().split("\n")
        expect(rows).toHaveLength(4)
        const signals = rows.map(row => Number(/(-\d+) dBm/.exec(row)![1]))
        expect(signals).toEqual([...signals].sort((one, other) => other - one))
        const row = (name: string) => rows.find(one => one.startsWith(name))
        expect(row("bms-simulator ")).toMatch(/-58 dBm {2}very good {2}channel 6 +password$/)
        expect(row('"my network" ')).toMatch(/password$/)
        expect(row("guest ")).toMatch(/open$/)
        expect(row('"Caf\u00e9 \\"\u2615\\"" ')).toMatch(/open$/)
    })

    it("are found even when the bus forgets the board for a moment, as on a busy PC", async () => {
        const { bus } = board.simulation.board.hub
        const services = bus.services.bind(bus)
        let forgotten = 3
        vi.spyOn(bus, "services").mockImplementation(filter =>
            filter?.serviceClass === SRV_WIFI && forgotten-- > 0 ? [] : services(filter),
        )
        try {
            expect((await say("wifi scan")).status).toBe(0)
            forgotten = Infinity
            await expect(say("wifi scan")).rejects.toThrow("this board has no Wi-Fi service")
        } finally {
            vi.restoreAllMocks()
        }
    })

    it("are found while the board is connected, and it stays connected", async () => {
        await join()
        const scanned = await board.run("wifi scan")
        expect(scanned).toMatch(/^bms-simulator .*password, the board is in it$/m)
        await board.sleep(5_000)
        expect(await board.run("wifi")).toContain("state       connected")
    })

    it("are listed from an earlier scan while the board is joining a network", async () => {
        await join()
        await board.run("wifi scan")
        await board.run("set wifi.password wrong-one")
        await board.sleep(10_000)
        const { text, status } = await say("wifi scan")
        expect(status).toBe(0)
        expect(text).toMatch(
            /^the board cannot scan.* an earlier scan found .*\n(.*\n)*bms-simulator /,
        )
        // In the runtime, a scan that a change of network cut off never ends. A reset helps.
        await board.run("set wifi.ssid nowhere")
        const { board: sim } = board.simulation
        const resets = sim.resets
        await board.run("reset now")
        await board.simulation.resetAfter(resets)
        await board.simulation.consoleReady()
        expect(await board.run("wifi scan")).toMatch(/^guest .*\n(.*\n)*bms-simulator /)
    })

    it("may be none, and the wait for a silent station ends", async () => {
        const { air, clock } = board.simulation
        air.setPower(false)
        await board.run('set wifi.ssid ""')
        await board.sleep(25_000)
        expect(await board.run("wifi scan")).toBe("no network is in range\n")
        air.setScans("silent")
        await board.sleep(15_000)
        const startMs = clock.nowMs()
        const { text, status } = await say("wifi scan")
        expect(status).toBe(1)
        expect(text).toMatch(
            /^error: the board cannot scan.* "reset now", then "wifi scan" within 20 s\n$/,
        )
        expect(clock.nowMs() - startMs).toBeLessThan(12_000)
        air.setPower(true)
    })

    it("are refused without a log-in and within an import", async () => {
        await board.run("import")
        expect((await say("wifi scan")).text).toMatch(/^error: line 1: a block has lines/)
        await board.run("abort")
        await board.run("passwd tief")
        await board.run("logout")
        expect(await say("wifi scan")).toEqual({
            text: "error: log in first: login <password>\n",
            status: 1,
        })
        await board.run("login tief")
        await board.run('passwd ""')
    })

    it("are not waited for after Ctrl-C", async () => {
        const scan = say("wifi scan")
        await board.sleep(1000)
        await board.simulation.console.cancel()
        expect(await scan).toEqual({ text: "error: cancelled\n", status: 1 })
        expect(await board.run("show sd.period")).toContain("60 s")
    })
})

it("a network with several access points is listed once, and too long a name is marked", () => {
    const one = { channel: 1, locked: false }
    const table = networkTable([
        { ...one, name: "yard", signalDbm: -82 },
        { ...one, name: "yard", signalDbm: -61, channel: 11 },
        { ...one, name: "", signalDbm: -75 },
        { ...one, name: "x".repeat(32), signalDbm: -90 },
        { ...one, name: "bell\x07", signalDbm: -91 },
    ])
    expect(table.split("\n").map(row => row.replace(/ +/g, " "))).toEqual([
        "yard -61 dBm good channel 11 open",
        "(hidden) -75 dBm weak channel 1 open",
        `${"x".repeat(32)} -90 dBm very weak channel 1 open, its name is too long for the board`,
        '"bell\\x07" -91 dBm very weak channel 1 open',
        "",
    ])
})

describe.skipIf(!hasTool("socat"))("over the serial line", () => {
    it("a scan gives the same as over the simulator's own bus", async () => {
        const board = await SerialSimulation.start()
        try {
            board.simulation.air.addNetwork("guest")
            const { status, output, errors } = await runConsole([board.port], "wifi scan\n")
            expect(status, errors).toBe(0)
            expect(output).toMatch(/^bms-simulator .*password$/m)
            expect(output).toMatch(/^guest .*open$/m)
        } finally {
            await board.end()
        }
    })
})
