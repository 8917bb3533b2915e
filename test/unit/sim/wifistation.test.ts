import { Packet, WifiCmd, WifiReg } from "jacdac-ts"
import { describe, expect, it } from "vitest"
import { generator } from "../../../sim/random"
import { asBytes, defaultNetwork, WifiAir } from "../../../sim/wifi/air"
import { emptyWriteAbort } from "../../../sim/abortwords"
import { WifiStation } from "../../../sim/wifi/station"
import { FakeTicks } from "../../support/faketicks"
import { timersOn, WifiBench } from "../../support/wifibench"

const { name, password } = defaultNetwork

/** A board at power-on that was in the default network before. */
function started(seed?: number): WifiBench {
    const bench = new WifiBench(seed)
    bench.stored = { ssid: name, psk: password }
    bench.runtime.powerUp()
    return bench
}

/** A board that has joined the default network. */
async function joined(seed?: number): Promise<WifiBench> {
    const bench = started(seed)
    await bench.seconds(20)
    expect(bench.driver.network).toBe(name)
    bench.events.length = 0
    return bench
}

describe("the start of the processor", () => {
    it("scans for the stored network after 2 s, joins it soon and reports it once", async () => {
        const bench = started()
        await bench.seconds(2)
        expect(bench.events).toEqual([])
        await bench.seconds(18)
        expect(bench.events.map(one => one.event)).toEqual(["scanComplete", "gotIp"])
        expect(bench.events[0].payload).toEqual([1, 0, 1, 0])
        expect(bench.events[1].atMs).toBeGreaterThan(4000)
        await bench.seconds(600)
        expect(bench.count("gotIp")).toBe(1)
        expect(bench.count("scanComplete")).toBe(1)
    })

    it("repeats to the millisecond with the same seed, and differs with another", async () => {
        const times = []
        for (const seed of [7, 7, 8]) {
            const bench = started(seed)
            await bench.seconds(20)
            times.push(bench.events.map(one => one.atMs).join())
        }
        expect(times[1]).toBe(times[0])
        expect(times[2]).not.toBe(times[0])
    })

    it("without a stored network scans every ten seconds and joins nothing", async () => {
        const bench = new WifiBench()
        bench.runtime.powerUp()
        await bench.seconds(60)
        expect(bench.count("scanComplete")).toBe(6)
        expect(bench.events[0].payload).toEqual([1, 0, 0, 0])
        expect(bench.driver.state).toBe("idle")
    })

    it("finds a network that comes into range", async () => {
        const bench = new WifiBench()
        bench.air.setPower(false)
        bench.stored = { ssid: name, psk: password }
        bench.runtime.powerUp()
        await bench.seconds(120)
        expect(bench.count("lostIp")).toBe(0)
        bench.air.setPower(true)
        await bench.seconds(20)
        expect(bench.count("gotIp")).toBe(1)
    })

    it("does not find a hidden network, but joins it when added", async () => {
        const bench = new WifiBench()
        bench.air.setHidden(name, true)
        bench.stored = { ssid: name, psk: password }
        bench.runtime.powerUp()
        await bench.seconds(60)
        expect(bench.events[0].payload).toEqual([0, 0, 0, 0])
        expect(bench.driver.state).toBe("idle")
        bench.add(name, password)
        await bench.seconds(12)
        expect(bench.driver.network).toBe(name)
    })

    it("cancels everything under way at power-down", async () => {
        const bench = started()
        await bench.seconds(5)
        bench.runtime.powerDown()
        const before = bench.events.length
        await bench.seconds(60)
        expect(bench.events.length).toBe(before)
        expect(bench.driver.state).toBe("off")
    })
})

describe("an added network", () => {
    it("is stored, and joined at once without a scan", async () => {
        const bench = new WifiBench()
        bench.runtime.powerUp()
        bench.add(name, password)
        expect(bench.driver.state).toBe("searching")
        expect(bench.stored).toEqual({ ssid: name, psk: password })
        await bench.seconds(12)
        expect(bench.events.map(one => one.event)).toEqual(["networksChanged", "gotIp"])
        expect(bench.lines[0]).toBe(`wifi: connecting to '${name}'`)
    })

    it("with an absent name is tried for ever, with an event per try", async () => {
        const bench = new WifiBench()
        bench.runtime.powerUp()
        bench.add("nowhere", "password")
        await bench.seconds(60)
        expect(bench.count("lostIp")).toBeGreaterThan(20)
        expect(bench.count("gotIp")).toBe(0)
        bench.air.addNetwork("nowhere", "password")
        await bench.seconds(15)
        expect(bench.driver.network).toBe("nowhere")
    })

    it("with a wrong password is tried for ever, and joined once it is right", async () => {
        const bench = new WifiBench()
        bench.runtime.powerUp()
        bench.add(name, "not this one")
        await bench.seconds(60)
        expect(bench.count("lostIp")).toBeGreaterThan(8)
        expect(bench.count("gotIp")).toBe(0)
        bench.add(name, password)
        await bench.seconds(15)
        expect(bench.driver.network).toBe(name)
    })

    it("waits for the end of the current connection", async () => {
        const bench = await joined()
        bench.air.addNetwork("other", "password")
        bench.add("other", "password")
        await bench.seconds(60)
        expect(bench.driver.network).toBe(name)
        bench.air.setInRange(name, false)
        await bench.seconds(20)
        expect(bench.driver.network).toBe("other")
    })

    it("aborts a scan without a scan-done event, which ends all scanning", async () => {
        const bench = new WifiBench()
        bench.runtime.powerUp()
        await bench.seconds(2.5)
        bench.add(name, password)
        await bench.seconds(12)
        expect(bench.count("scanComplete")).toBe(0)
        bench.runtime.reconnect()
        await bench.seconds(120)
        expect(bench.count("lostIp")).toBe(1)
        expect(bench.driver.state).toBe("idle")
    })

    it("aborts a scan with a scan-done event if the driver is set to report one", async () => {
        const bench = new WifiBench(1, { abortedScanReports: true })
        bench.runtime.powerUp()
        await bench.seconds(2.5)
        bench.add(name, password)
        await bench.seconds(12)
        expect(bench.count("scanComplete")).toBe(1)
        bench.runtime.reconnect()
        await bench.seconds(20)
        expect(bench.driver.network).toBe(name)
    })

    it.each([0.5, 20, 60])("gets its address after a DHCP delay of %d s", async seconds => {
        const bench = new WifiBench()
        bench.air.setDhcpMs(seconds * 1000)
        bench.runtime.powerUp()
        bench.add(name, password)
        await bench.seconds(seconds)
        expect(bench.count("gotIp")).toBe(0)
        await bench.seconds(6)
        expect(bench.count("gotIp")).toBe(1)
    })

    it.each(["", "\0", "\0password\0", "no NUL at its end"])(
        "of the bytes %j is ignored",
        payload => {
            const bench = new WifiBench()
            bench.runtime.powerUp()
            bench.runtime.addNetwork(Buffer.from(payload))
            expect(bench.stored).toEqual({})
            expect(bench.driver.state).toBe("idle")
        },
    )

    it("with a name of 32 bytes is found but not joined: the driver gets 31 of them", async () => {
        const long = "exactly thirty-two bytes of name"
        const bench = new WifiBench()
        bench.air.addNetwork(long, "password")
        bench.stored = { ssid: long, psk: "password" }
        bench.runtime.powerUp()
        await bench.seconds(60)
        expect(bench.events[0]).toMatchObject({ event: "scanComplete", payload: [2, 0, 1, 0] })
        expect(bench.count("lostIp")).toBeGreaterThan(10)
        bench.air.addNetwork(long.slice(0, 31), "password")
        await bench.seconds(15)
        expect(bench.driver.network).toBe(long.slice(0, 31))
    })

    it("has a name of bytes, not of characters", async () => {
        const bench = new WifiBench()
        bench.air.addNetwork("Hütte", "password")
        bench.runtime.powerUp()
        bench.add("Hütte", "password")
        await bench.seconds(12)
        expect(bench.driver.network).toBe(asBytes("Hütte"))
    })
})

describe("an open network", () => {
    it("aborts the board: the flash driver refuses to write the empty password", () => {
        const bench = new WifiBench()
        bench.air.addNetwork("open")
        bench.stored = { ssid: name, psk: password }
        bench.runtime.powerUp()
        bench.add("open", "")
        expect(bench.aborts).toEqual([emptyWriteAbort])
        expect(bench.stored).toEqual({ ssid: "open", psk: password })
        expect(bench.events).toEqual([])
    })

    it.each(["x", "five5", "seven-7", "password"])(
        "is invisible to a station with the password %s",
        async psk => {
            const bench = new WifiBench()
            bench.air.addNetwork("open")
            bench.runtime.powerUp()
            bench.add("open", psk)
            await bench.seconds(60)
            expect(bench.count("gotIp")).toBe(0)
            expect(bench.count("lostIp")).toBeGreaterThan(15)
        },
    )

    it("is joined by a station without a stored password, as after such an abort", async () => {
        const bench = new WifiBench()
        bench.air.addNetwork("open")
        bench.stored = { ssid: "open" }
        bench.runtime.powerUp()
        await bench.seconds(15)
        expect(bench.driver.network).toBe("open")
    })

    it("is the only kind that a station without a password joins", async () => {
        const bench = new WifiBench()
        bench.stored = { ssid: name }
        bench.runtime.powerUp()
        await bench.seconds(60)
        expect(bench.count("gotIp")).toBe(0)
    })
})

describe("a connection", () => {
    it("survives 5 s without the access point, in which no data pass", async () => {
        const bench = await joined()
        bench.air.setPower(false)
        expect(bench.linkUp).toBe(false)
        await bench.seconds(5)
        bench.air.setPower(true)
        expect(bench.linkUp).toBe(true)
        await bench.seconds(30)
        expect(bench.events).toEqual([])
    })

    it("ends when the access point stays away, and recovers on its own", async () => {
        const bench = await joined()
        bench.air.setInRange(name, false)
        await bench.seconds(7)
        expect(bench.events[0].event).toBe("lostIp")
        expect(bench.runtime.connected).toBe(false)
        await bench.seconds(600)
        bench.air.setInRange(name, true)
        await bench.seconds(15)
        expect(bench.count("gotIp")).toBe(1)
    })

    it("ends at once when the access point gets another password", async () => {
        const bench = await joined()
        bench.air.setPassword(name, "another one")
        await bench.seconds(1)
        expect(bench.count("lostIp")).toBe(1)
        await bench.seconds(60)
        expect(bench.count("gotIp")).toBe(0)
    })

    it("survives forgetting, which does not reach the store: a start joins it again", async () => {
        const bench = await joined()
        bench.runtime.forgetAllNetworks()
        bench.runtime.forgetAllNetworks()
        await bench.seconds(60)
        expect(bench.events.map(one => one.event)).toEqual(["networksChanged"])
        expect(bench.driver.network).toBe(name)
        bench.runtime.powerUp()
        await bench.seconds(20)
        expect(bench.driver.network).toBe(name)
    })

    it("is forgotten only by its name", async () => {
        const bench = await joined()
        bench.runtime.forgetNetwork(Buffer.from("other"))
        expect(bench.runtime.ssid).toBe(name)
        bench.runtime.forgetNetwork(Buffer.from(name))
        expect(bench.runtime.ssid).toBeUndefined()
    })

    it("is dropped, scanned for and joined again by reconnect", async () => {
        const bench = await joined()
        bench.runtime.reconnect()
        await bench.seconds(15)
        const events = bench.events.map(one => one.event)
        expect(events).toEqual(["lostIp", "scanComplete", "gotIp"])
    })

    it("is never tried again when reconnect comes in the middle of its search", async () => {
        const bench = new WifiBench()
        bench.runtime.powerUp()
        bench.add(name, password)
        bench.runtime.reconnect()
        bench.add(name, password)
        await bench.seconds(300)
        expect(bench.count("lostIp") + bench.count("gotIp")).toBe(0)
        expect(bench.driver.state).toBe("idle")
    })

    it("is dropped while the service is off, and tried again when it is on", async () => {
        const bench = await joined()
        bench.runtime.setEnabled(false)
        await bench.seconds(60)
        expect(bench.driver.state).toBe("idle")
        bench.runtime.setEnabled(true)
        await bench.seconds(15)
        expect(bench.driver.network).toBe(name)
    })
})

describe("the air", () => {
    it("refuses impossible networks, and unknown names", () => {
        const air = new WifiAir()
        expect(() => air.addNetwork("x".repeat(33))).toThrow("1 to 32 bytes")
        expect(() => air.addNetwork("")).toThrow("1 to 32 bytes")
        expect(() => air.addNetwork("x", "short")).toThrow("8 to 63 bytes")
        expect(() => air.setPassword(name, "x".repeat(64))).toThrow("8 to 63 bytes")
        expect(() => air.setInRange("shed", true)).toThrow('no network "shed"')
    })

    it("with silent scans gives no events", async () => {
        const bench = started()
        bench.air.setScans("silent")
        await bench.seconds(120)
        expect(bench.events).toEqual([])
    })
})

describe("the service on the bus", () => {
    function station() {
        const ticks = new FakeTicks()
        const links: boolean[] = []
        const served = new WifiStation({
            timers: timersOn(ticks),
            random: generator(1),
            air: new WifiAir(),
            store: { load: () => ({}), save: () => {} },
            onLink: up => links.push(up),
            onLog: () => {},
            onAbort: words => expect.unreachable(words.join("\n")),
        })
        const command = async (packet: Packet) => {
            packet.isCommand = true
            await served.handlePacket(packet)
        }
        const add = () => command(Packet.jdpacked(WifiCmd.AddNetwork, "z z", [name, password]))
        const value = (register: WifiReg) => served.register(register).values()[0]
        const ssid = () => Buffer.from(served.register(WifiReg.Ssid).data).toString()
        const address = () => [...served.register(WifiReg.IpAddress).data].join(".")
        return { ticks, links, served, command, add, value, ssid, address }
    }

    it("shows address, name and signal strength during a connection", async () => {
        const { ticks, links, served, command, add, value, ssid, address } = station()
        served.powerUp()
        expect(address()).toBe("")
        expect(ssid()).toBe("")
        expect(value(WifiReg.Rssi)).toBe(-128)
        await add()
        await ticks.advance(12_000)
        expect(links).toEqual([true])
        expect(address()).toBe("192.0.2.17")
        expect(ssid()).toBe(name)
        expect(value(WifiReg.Rssi)).toBe(-58)
        await command(Packet.onlyHeader(WifiCmd.ForgetAllNetworks))
        expect(ssid()).toBe("")
        expect(address()).toBe("192.0.2.17")
        served.powerDown()
        expect(links).toEqual([true, false])
        expect(address()).toBe("")
    })

    it("is switched off by its register, and on again by a start", async () => {
        const { ticks, served, add, value, address } = station()
        served.powerUp()
        await add()
        await ticks.advance(12_000)
        served.register(WifiReg.Enabled).setValues([false])
        await ticks.advance(1000)
        expect(address()).toBe("")
        served.powerUp()
        expect(value(WifiReg.Enabled)).toBe(1)
    })
})
