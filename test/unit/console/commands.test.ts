import { describe, expect, it } from "vitest"
import { commandRow } from "../../../src/console/commandtable"
import { alarmCount, alarmName } from "../../../src/core/alarm"
import { Key } from "../../../src/settings/keys"
import { keyCount } from "../../../src/settings/schema"
import { ConsoleBench } from "../../support/consoleparts"

let commandCount = 0
while (commandRow(commandCount) !== "") commandCount++
const flagCount = Array.from({ length: alarmCount }, (_, bit) => alarmName(bit)).filter(
    Boolean,
).length

/** The lines of an output. */
function lines(text: string): string[] {
    return text.split("\n").slice(0, -1)
}

describe("help", () => {
    it("lists every command with its arguments", async () => {
        const text = await new ConsoleBench().run("help")
        expect(lines(text)).toHaveLength(commandCount)
        expect(text).toMatch(/^set <key> <value> +change a setting/m)
        for (const line of lines(text)) expect(line.length, line).toBeLessThan(120)
    })

    it("explains a command with its subcommands, and no other with the same start", async () => {
        const bench = new ConsoleBench()
        expect(lines(await bench.run("help card"))).toHaveLength(6)
        expect(lines(await bench.run("help reset"))).toHaveLength(3)
        expect(lines(await bench.run('help "card ls"'))).toHaveLength(1)
        expect(await bench.run("help car")).toContain("error: unknown command car")
    })
})

it("shows the board at a glance", async () => {
    const bench = new ConsoleBench()
    bench.alarms.up = 0x30000
    expect(lines(await bench.run("status"))).toEqual([
        "version     0.1.0",
        "serial      BMS-AB12",
        "up          1 d 02:03:04",
        "last start  power-on",
        "time        2026-11-22 12:00:00 +01:00 from RTC chip",
        "battery     52.800 V, -1.200 A, 87.5 %",
        "card        mounted",
        "records     7 main, 6 cell since the start; 2 queued, 3 lost",
        "ftp         state: waiting",
        "wifi        connected, 192.168.1.7",
        "alarms      SD_CARD, SD_FULL",
    ])
    bench.supervisor.safeMode = true
    bench.storage.lastError = "no card: put one in"
    bench.battery.last = undefined
    const text = await bench.run("status")
    expect(text).toContain("safe mode   no logs")
    expect(text).toContain("card        no card: put one in")
    expect(text).toContain("battery     no answer")
})

it("shows the battery and its cells", async () => {
    const bench = new ConsoleBench()
    expect(lines(await bench.run("battery"))).toEqual([
        "battery     52.800 V, -1.200 A, 87.5 %",
        "temperature 21.5 °C  -0.5 °C  ",
        "safety      0x000000",
        "alerts      0x000000",
    ])
    expect(lines(await bench.run("cells"))).toEqual([
        "cell 1      3.300 V",
        "cell 2      3.301 V  balancing",
    ])
    bench.battery.last = undefined
    expect(await bench.run("cells")).toBe("error: no answer from the battery monitor\n")
})

it("shows the journal as in the manual", async () => {
    const bench = new ConsoleBench()
    const empty = lines(await bench.run("journal"))
    expect(empty).toHaveLength(33)
    expect(empty[0]).toBe("Last record empty")
    expect(empty[32]).toBe("Record 32   empty")
    await bench.journal.record(1_795_345_200, 1 << 16, 16, 0)
    const text = lines(await bench.run("journal"))
    expect(text[0]).toContain("2026-11-22 12:00:00 SD_CARD appeared")
    expect(text[1]).toBe(text[0].replace("Last record", "Record 1   "))
})

it("shows the tasks with their counts", async () => {
    const text = await new ConsoleBench().run("tasks")
    expect(text).toBe(
        "log         12 runs, 1 failures, longest 34 ms, late by 5 ms at most; no card\n" +
            "time        3 runs, 0 failures, longest 20 ms, late by 0 ms at most\n",
    )
})

describe("ftp", () => {
    it("shows its state", async () => {
        const bench = new ConsoleBench()
        expect(lines(await bench.run("ftp"))).toEqual([
            "state: waiting",
            "last error: none",
            "unsent at the last look: 1234 bytes",
            "confirmed since the start: 2 files, 8192 bytes",
            "log-ins: 3, failures: 1, in a row: 0",
        ])
    })

    it("sends, tests and sends again", async () => {
        const bench = new ConsoleBench()
        expect(await bench.run("ftp send")).toBe("sending\nfiles confirmed since the start: 2\n")
        expect(await bench.run("ftp test")).toBe("error: ftp.host is empty; set it first\n")
        await bench.run("set ftp.host example.org")
        expect(await bench.run("ftp test")).toBe("logging in\nmode: direct\nlog-in accepted\n")
        expect(bench.output.flushes).toBe(2)
        expect(bench.parts.uploader.requested).toBe(true)
        expect(await bench.run("ftp resend 2026-11-01")).toBe("4 files will be sent again\n")
        expect(bench.acts).toEqual(["resend 2026-11-01"])
    })

    it("refuses to send missing files again", async () => {
        const bench = new ConsoleBench()
        bench.parts.uploader.resend = async () => 0
        expect(await bench.run("ftp resend 2026-11-01")).toBe(
            "error: the card has no files from that day on\n",
        )
    })

    it("says why a requested upload failed", async () => {
        const bench = new ConsoleBench()
        bench.uploadEnd = "530 Login incorrect"
        expect(await bench.run("ftp send")).toBe("sending\nerror: 530 Login incorrect\n")
    })
})

it("shows the network and its state", async () => {
    const bench = new ConsoleBench()
    bench.parts.wifi.connected = () => false
    expect(await bench.run("set wifi.ssid shed")).toMatch(
        /^ok; to join an open network the board restarts once, .*; or set wifi.password\n$/,
    )
    bench.parts.wifi.connected = () => true
    expect(await bench.run('set wifi.password "open sesame"')).toBe("ok\n")
    expect(await bench.run("set sd.period 5")).toBe("ok\n")
    const text = await bench.run("wifi")
    expect(text).toMatch(/wifi.ssid +shed/)
    expect(text).toContain("state       connected, 192.168.1.7")
})

it("says why a network cannot be joined", async () => {
    const bench = new ConsoleBench()
    bench.parts.wifi.connected = () => false
    expect(await bench.run("wifi")).toContain("state       not connected\n")
    await bench.run("set wifi.ssid shed")
    const said = "not connected; to join an open network the board restarts once"
    expect(await bench.run("wifi")).toContain(said)
    expect(await bench.run("status")).toContain(said)
    await bench.run('set wifi.password "open sesame"')
    expect(await bench.run("wifi")).toContain("state       not connected\n")
})

describe("time", () => {
    it("is shown with its offset and source", async () => {
        const bench = new ConsoleBench()
        expect(await bench.run("time")).toBe(
            "time        2026-11-22 12:00:00 +01:00 from RTC chip\n",
        )
        bench.clock.trusted = () => false
        expect(await bench.run("time")).toContain("12:00:00~ +01:00")
    })

    it("is set in local time, with or without quotes", async () => {
        for (const line of ['time set "2026-11-22 12:00:00"', "time set 2026-11-22 12:00:00"]) {
            const bench = new ConsoleBench()
            expect(await bench.run(line)).toBe("ok\n")
            expect(bench.acts).toEqual(["offer 1795345200 4"])
        }
    })

    it("is set, with a remark when the clock chip did not take it", async () => {
        for (const line of ["time set 2026-11-22 12:00:00", "time set @1795345200", "time"]) {
            const bench = new ConsoleBench()
            bench.clock.chipError = "no acknowledge on I2C"
            expect(await bench.run(line)).toBe(
                "time        2026-11-22 12:00:00 +01:00 from RTC chip; no acknowledge on I2C\n",
            )
        }
    })

    it("refuses invalid times", async () => {
        const bench = new ConsoleBench()
        for (const text of [
            "2026-11-22",
            "2026-02-30 12:00:00",
            "2026-11-22 24:00:00",
            "now",
            '""',
        ])
            expect(await bench.run(`time set ${text}`)).toBe(
                "error: a time is YYYY-MM-DD HH:MM:SS\n",
            )
        expect(bench.acts).toEqual([])
    })

    it("asks time.server", async () => {
        const bench = new ConsoleBench()
        expect(await bench.run("time sync")).toContain("error: time.server is empty")
        await bench.run("set time.server example.org")
        expect(await bench.run("time sync")).toContain("12:00:00 +01:00")
    })
})

describe("reset", () => {
    it("shows the schedule and the counts", async () => {
        const bench = new ConsoleBench()
        await bench.settings.apply([Key.ResetLast], [1_795_345_200])
        for (const line of ["enable on", "days Mon,Thu", "time 03:30"])
            expect(await bench.run("set reset." + line)).toBe("ok\n")
        const text = await bench.run("reset")
        expect(text).toMatch(/reset.days +Mon,Thu +Days to reset the device/)
        expect(text).toMatch(/reset.last +2026-11-22 12:00:00 +Last reset timestamp/)
    })

    it("answers before it resets, and clears the count", async () => {
        const bench = new ConsoleBench()
        await bench.settings.apply([Key.ResetCount], [5])
        expect(await bench.run("reset clear")).toBe("ok\n")
        expect(bench.settings.number(Key.ResetCount)).toBe(0)
        const before = bench.nowMs
        expect(await bench.run("reset now")).toBe("ok\n")
        await new Promise(resolve => setImmediate(resolve))
        expect(bench.acts).toEqual(["reset 4"])
        expect(bench.nowMs - before).toBe(500)
    })
})

describe("describe", () => {
    it("prints JSON lines with the schema, the commands, the alarms and the state", async () => {
        const bench = new ConsoleBench()
        bench.alarms.up = 1 << 16
        await bench.run('set user.address "a \\"b\\" \\\\ ü"')
        await bench.run("set ftp.password geheim")
        const text = await bench.run("describe")
        expect(text).not.toContain("geheim")
        const objects = lines(text).map(line => JSON.parse(line))
        const of = (kind: string) => objects.filter(each => each.kind === kind)
        expect(objects[0]).toEqual({ kind: "bms-mini", format: 1 })
        expect(of("setting")).toHaveLength(keyCount)
        expect(of("setting")[1].value).toBe('a "b" \\ ü')
        expect(of("setting")[7]).toEqual({
            kind: "setting",
            key: "ftp.port",
            section: "FTP",
            name: "Port",
            type: "number",
            min: 1,
            max: 65535,
            default: "21",
            unit: "",
            help: "port of the server",
            value: "21",
            allowed: "1\u201365535",
        })
        expect(of("command")).toHaveLength(commandCount)
        expect(of("alarm")).toHaveLength(flagCount)
        expect(of("alarm").filter(each => each.active)).toEqual([
            { kind: "alarm", name: "SD_CARD", bit: 16, active: true },
        ])
        expect(of("state")).toContainEqual({ kind: "state", name: "version", value: "0.1.0" })
        expect(of("state")).toContainEqual({ kind: "state", name: "cell 1", value: "3.300 V" })
    })

    it("works without the battery when its monitor is offline", async () => {
        const bench = new ConsoleBench()
        bench.battery.last = undefined
        const text = await bench.run("describe")
        expect(bench.refused).toBe(false)
        expect(text).toContain('"name":"battery","value":"no answer from the battery monitor"')
    })
})
