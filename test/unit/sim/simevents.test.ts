import { expect, test } from "vitest"
import { parseDuration } from "../../../sim/duration"
import { parseScript, runEvent, type WorldEvents } from "../../../sim/events"
import { LogCounts } from "../../../sim/summary"

function recordingWorld(): { calls: string[]; world: WorldEvents } {
    const calls: string[] = []
    const note =
        (name: string) =>
        (...values: unknown[]) => {
            calls.push([name, ...values].join(" "))
        }
    const world = {
        cardOut: note("cardOut"),
        cardIn: note("cardIn"),
        setWifi: note("setWifi"),
        setFtp: async (mode: string) => note("setFtp")(mode),
        powerCut: note("powerCut"),
        deploy: note("deploy"),
        chips: {
            setCell: note("setCell"),
            setCurrent: note("setCurrent"),
            setTemperature: note("setTemperature"),
            setMonitor: note("setMonitor"),
            setClock: note("setClock"),
        },
        showLight: note("showLight"),
        air: {
            setPower: note("setPower"),
            addNetwork: note("addNetwork"),
            setInRange: note("setInRange"),
            setHidden: note("setHidden"),
            setPassword: note("setPassword"),
            setDhcpMs: note("setDhcpMs"),
            setScans: note("setScans"),
        },
    }
    return { calls, world }
}

test.each([
    ["!card out", "cardOut"],
    ["!card in", "cardIn "],
    ["!card in /tmp/other card.img", "cardIn /tmp/other card.img"],
    ["!wifi down", "setWifi false"],
    ["!wifi network shed", "addNetwork shed "],
    ["!wifi network shed geheim-12", "addNetwork shed geheim-12"],
    ['!wifi network "my network" "my password"', "addNetwork my network my password"],
    ["!wifi gone shed", "setInRange shed false"],
    ['!wifi back "my network"', "setInRange my network true"],
    ["!wifi hide shed", "setHidden shed true"],
    ["!wifi password shed other-one", "setPassword shed other-one"],
    ["!wifi password shed", "setPassword shed "],
    ["!wifi dhcp 20", "setDhcpMs 20000"],
    ["!wifi dhcp usual", "setDhcpMs "],
    ["!wifi scan silent", "setScans silent"],
    ["!wifi scan ok", "setScans ok"],
    ["!cell 7 free", "setCell 7 "],
    ["!current free", "setCurrent "],
    ["!temp 1 free", "setTemperature 1 "],
    ["!ftp hang", "setFtp hang"],
    ["!power cut", "powerCut"],
    ["!deploy", "deploy"],
    ["!cell 3 3.70", "setCell 3 3.7"],
    ["!current -80", "setCurrent -80"],
    ["! temp 1 65", "setTemperature 1 65"],
    ["!monitor up", "setMonitor true"],
    ["!clock lost", "setClock lost"],
    ["!light", "showLight"],
])("the event line %s reaches the board", async (line, call) => {
    const { calls, world } = recordingWorld()
    await runEvent(line, world)
    expect(calls).toEqual([call])
})

test.each([
    "!",
    "!card",
    "!card up",
    "!cell 3",
    "!cell x 3.7",
    "!current",
    "!ftp away",
    "!wifi",
    "!wifi away",
    "!wifi network",
    '!wifi network ""',
    "!wifi network my network password",
    "!wifi gone",
    "!wifi gone my network",
    "!wifi dhcp",
    "!wifi dhcp soon",
    "!wifi dhcp -1",
    "!wifi dhcp 86400",
    "!wifi scan never",
    "!temp 1 hot",
    "!light on",
    "!clock 12:00",
])("the event line %s is refused with the list of events, without effect", async line => {
    const { calls, world } = recordingWorld()
    await expect(runEvent(line, world)).rejects.toThrow("!card out | !card in [IMAGE]")
    expect(calls).toEqual([])
})

test("a world with only one network has its power switch, and refuses other events", async () => {
    const { calls, world } = recordingWorld()
    const small: WorldEvents = { ...world, air: undefined }
    await runEvent("!wifi up", small)
    await expect(runEvent("!wifi gone shed", small)).rejects.toThrow("only one network")
    expect(calls).toEqual(["setWifi true"])
})

test.each([
    ["90s", 90_000],
    ["10m", 600_000],
    ["2h", 7_200_000],
    ["3d", 259_200_000],
    ["1.5s", 1500],
    ["90", undefined],
    ["s", undefined],
    ["-1s", undefined],
])("the duration %s is %s ms", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
})

test("splits an exec file into commands, sleeps and events, with every byte of a command", () => {
    const file = Buffer.concat([
        Buffer.from(
            "# a comment\r\n\nset user.serial BMS-1\r\n-set sd.period 0\nsleep 90s\n!card out\n",
        ),
        Buffer.from([0x66, 0xff, 0xfe, 0x0a]),
    ])
    const steps = parseScript(file)
    expect(steps.map(step => step.kind)).toEqual([
        "command",
        "command",
        "sleep",
        "event",
        "command",
    ])
    expect(steps[0]).toMatchObject({ line: "set user.serial BMS-1", allowed: false })
    expect(steps[1]).toMatchObject({ line: "set sd.period 0", allowed: true })
    expect(steps[2]).toMatchObject({ boardMs: 90_000 })
    const last = steps[4]
    expect(last.kind === "command" && [...last.bytes]).toEqual([0x66, 0xff, 0xfe])
})

test("refuses an invalid sleep before it runs anything", () => {
    expect(() => parseScript(Buffer.from("status\nsleep soon\n"))).toThrow('"sleep soon"')
})

test("counts the events in the firmware's log lines", () => {
    const counts = new LogCounts()
    for (const line of [
        "journal: last record 4",
        "records: 1 main, 0 cell",
        "records: 2 main, 2 cell",
        "logger: 3 records lost while the card could not be written",
        "ftp: logged in",
        "ftp: confirmed 812 bytes of BMS-1-LOG-20261122.CSV",
        "ftp: failed: 530 Login incorrect",
        "journal: record #5 2026-11-22 10:00:00 FTP appeared; now: FTP",
        "some records: 9 main, 9 cell",
    ])
        counts.take(line)
    expect(counts.records).toEqual({ main: 3, cell: 2, lost: 3 })
    expect(counts.ftp).toEqual({ logins: 1, filesConfirmed: 1, bytesConfirmed: 812, failures: 1 })
    expect(counts.lastJournalEntry).toBe(5)
})

test("skips a byte order mark, and everything after exit", () => {
    const steps = parseScript(Buffer.from("\ufeffstatus\n exit \nshow\n"))
    expect(steps.map(step => step.line)).toEqual(["status"])
})
