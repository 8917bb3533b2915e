import { readFileSync, readdirSync } from "node:fs"
import { createServer as createHttpServer, type Server as HttpServer } from "node:http"
import { createServer, type AddressInfo, type Server } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import { benchOfEachTest } from "../support/eachbench"
import type { SimulatorRun } from "../support/simulator"
import { hasTool } from "../support/tools"

const bench = benchOfEachTest()

/** What each of the run's own lines was answered, board log lines left out. */
function answersOf(run: SimulatorRun, lines: readonly string[]): string[] {
    const answers: string[] = []
    for (const line of run.output.split("\n")) {
        if (line.startsWith("> ")) answers.push("")
        else if (line.startsWith("Stopping:")) break
        else if (answers.length > 0 && !/^\[ *\d+\.\d{3}\] /.test(line))
            answers.push(answers.pop() + line + "\n")
    }
    return answers.slice(-lines.length)
}

/** An FTP server that takes every log-in and notes what it was told. */
function noteCommands(noted: string[]): Server {
    return createServer(socket => {
        socket.on("error", () => undefined)
        socket.write("220 ready\r\n")
        socket.on("data", data => {
            for (const line of data.toString().split("\r\n").slice(0, -1)) {
                noted.push(line)
                const replies: Record<string, string> = {
                    USER: "331 password",
                    PASS: "230 welcome",
                    QUIT: "221 bye",
                }
                socket.write((replies[line.split(" ")[0]] ?? "200 done") + "\r\n")
            }
        })
    })
}

function listen(server: Server | HttpServer): Promise<number> {
    return new Promise(done =>
        server.listen(0, "127.0.0.1", () => done((server.address() as AddressInfo).port)),
    )
}

/** A setting, the lines that change it and show what it does, and what their answers have to be. */
interface Row {
    keys: string[]
    lines: string[]
    /** An answer for each line, without the last line feed. */
    check: (answers: string[]) => void
}

const mainRecords = (status: string): number => Number(/(\d+) main/.exec(status)![1])
const cellRecords = (status: string): number => Number(/(\d+) cell/.exec(status)![1])
const alarms = (status: string): string => /^alarms +(.*)$/m.exec(status)![1]
const amperes = (battery: string): number => Number(/V, (\S+) A/.exec(battery)![1])
const percent = (battery: string): number => Number(/A, (\S+) %/.exec(battery)![1])
const cellCount = (cells: string): number => cells.split("\n").filter(line => line).length

/** Sets a limit, waits for delay and debounce, and looks at the alarms; then the same with another value. */
function alarmRow(key: string, lines: string[], up: (string | RegExp)[]): Row {
    return {
        keys: [key],
        lines,
        check: answers => {
            const shown = answers.filter(answer => answer.includes("alarms ")).map(alarms)
            expect(shown, key).toHaveLength(up.length)
            shown.forEach((text, i) => expect(text, `${key}, ${i}`).toMatch(up[i]))
        },
    }
}

const look = ["sleep 9s", "status"]

function loggingRows(): Row[] {
    return [
        {
            keys: ["user.serial"],
            lines: ["set user.serial LIVE-1", "status"],
            check: ([, status]) => expect(status).toMatch(/^serial +LIVE-1$/m),
        },
        {
            keys: ["user.address"],
            lines: ['set user.address "Dachboden, Süd"', "describe"],
            check: ([, described]) => expect(described).toContain('"value":"Dachboden, Süd"'),
        },
        {
            keys: ["sd.period"],
            lines: [
                "set sd.period 86400",
                "sleep 3s",
                "status",
                "sleep 10s",
                "status",
                "set sd.period 1",
                "sleep 10s",
                "status",
            ],
            check: answers => {
                expect(mainRecords(answers[4])).toBe(mainRecords(answers[2]))
                expect(mainRecords(answers[7])).toBeGreaterThanOrEqual(mainRecords(answers[4]) + 7)
            },
        },
        {
            keys: ["sd.cells"],
            lines: [
                "set sd.cells off",
                "sleep 4s",
                "status",
                "sleep 8s",
                "status",
                "set sd.cells on",
                "sleep 8s",
                "status",
            ],
            check: answers => {
                const counts = [2, 4, 7].map(i => cellRecords(answers[i]))
                expect(counts[1]).toBe(counts[0])
                expect(counts[2]).toBeGreaterThanOrEqual(counts[1] + 4)
            },
        },
        {
            keys: ["sd.enable"],
            lines: [
                "set sd.enable off",
                "sleep 4s",
                "status",
                "sleep 10s",
                "status",
                "set sd.enable on",
                "sleep 8s",
                "status",
            ],
            check: answers => {
                expect(mainRecords(answers[4])).toBe(mainRecords(answers[2]))
                expect(mainRecords(answers[7])).toBeGreaterThanOrEqual(mainRecords(answers[4]) + 4)
            },
        },
        {
            keys: ["time.zone"],
            lines: ["set time.zone +05:45", "time", "set time.zone UTC0", "time"],
            check: answers => {
                expect(answers[1]).toContain(" +05:45 ")
                expect(answers[3]).toContain(" +00:00 ")
            },
        },
        {
            keys: ["wifi.ssid", "wifi.password"],
            lines: [
                "!wifi network shed geheim-3",
                'set wifi.ssid ""',
                "sleep 5s",
                "wifi",
                "set wifi.ssid shed",
                "sleep 30s",
                "wifi",
                "set wifi.password geheim-3",
                "sleep 30s",
                "wifi",
            ],
            check: answers => {
                expect(answers[3]).toMatch(/^state +not connected/m)
                expect(answers[6]).toMatch(/^state +not connected/m)
                expect(answers[9]).toMatch(/^state +connected/m)
            },
        },
    ]
}

function batteryRows(): Row[] {
    const all = (volts: number) => Array.from({ length: 16 }, (_, i) => `!cell ${i + 1} ${volts}`)
    return [
        {
            keys: ["battery.cells"],
            lines: [
                "cells",
                "set battery.cells 8",
                "sleep 4s",
                "cells",
                "set battery.cells 16",
                "sleep 4s",
                "cells",
            ],
            check: answers =>
                expect([answers[0], answers[3], answers[6]].map(cellCount)).toEqual([16, 8, 16]),
        },
        {
            keys: ["battery.shunt"],
            lines: [
                "!current 20",
                "sleep 3s",
                "battery",
                "set battery.shunt 500",
                "sleep 4s",
                "battery",
                "set battery.shunt 250",
                "sleep 4s",
            ],
            check: answers => {
                expect(amperes(answers[2])).toBeCloseTo(20, 0)
                expect(amperes(answers[5])).toBeCloseTo(10, 0)
            },
        },
        {
            keys: ["battery.capacity"],
            lines: [
                "battery",
                "set battery.capacity 2000",
                "sleep 2s",
                "battery",
                "!current -180",
                "sleep 4s",
                "battery",
                "!current 20",
                "set battery.capacity 100000",
            ],
            check: answers => {
                // What is known of the pack stays; what flows from then on counts for more: 720 of 7200 A·s.
                expect(Math.abs(percent(answers[3]) - percent(answers[0]))).toBeLessThan(2)
                const counted = percent(answers[3]) - percent(answers[6])
                expect(counted).toBeGreaterThan(4)
                expect(counted).toBeLessThan(14)
            },
        },
        {
            keys: ["battery.chemistry"],
            lines: [
                "set battery.chemistry NMC",
                "!current 1",
                ...all(3.45),
                "sleep 80s",
                "battery",
                "set battery.chemistry LFP",
                "sleep 80s",
                "battery",
            ],
            check: answers => {
                expect(percent(answers.at(-4)!)).toBeLessThan(90)
                // 3.45 V with little current: a full LFP cell.
                expect(percent(answers.at(-1)!)).toBe(100)
            },
        },
        alarmRow(
            "battery.cell_overvoltage",
            ["set battery.cell_overvoltage 3400", ...look],
            ["CELL_OVERVOLTAGE"],
        ),
        alarmRow(
            "battery.cell_overvoltage_hysteresis",
            [
                "set battery.cell_overvoltage 3500",
                ...look,
                "set battery.cell_overvoltage_hysteresis 10",
                ...look,
            ],
            ["CELL_OVERVOLTAGE", "none"],
        ),
        alarmRow(
            "battery.cell_undervoltage",
            [
                "set battery.cell_overvoltage 4500",
                "set battery.cell_undervoltage_hysteresis 20",
                "set battery.cell_undervoltage 3460",
                ...look,
            ],
            ["CELL_UNDERVOLTAGE"],
        ),
        alarmRow(
            "battery.cell_undervoltage_hysteresis",
            [
                "set battery.cell_undervoltage 3440",
                ...look,
                "set battery.cell_undervoltage_hysteresis 0",
                ...look,
            ],
            ["CELL_UNDERVOLTAGE", "none"],
        ),
        alarmRow(
            "battery.overcurrent_charge",
            ["!current 50", "set battery.overcurrent_charge 40", ...look],
            ["OVERCURRENT_CHARGE"],
        ),
        alarmRow(
            "battery.overcurrent_hysteresis",
            ["!current 35", ...look, "set battery.overcurrent_hysteresis 1", ...look],
            ["OVERCURRENT_CHARGE", "none"],
        ),
        alarmRow(
            "battery.overcurrent_discharge",
            [
                "!current -50",
                "set battery.overcurrent_discharge 40",
                ...look,
                "!current 1",
                "sleep 9s",
            ],
            ["OVERCURRENT_DISCHARGE"],
        ),
        alarmRow(
            "battery.overtemperature",
            ["!temp 1 30", "!temp 2 30", "set battery.overtemperature 28", ...look],
            ["OVERTEMPERATURE"],
        ),
        alarmRow(
            "battery.temperature_hysteresis",
            [
                "set battery.overtemperature 33",
                ...look,
                "set battery.temperature_hysteresis 1",
                ...look,
            ],
            ["OVERTEMPERATURE", "none"],
        ),
        alarmRow(
            "battery.undertemperature",
            [
                "set battery.overtemperature 60",
                "set battery.undertemperature 35",
                ...look,
                "set battery.undertemperature 0",
                ...look,
            ],
            ["UNDERTEMPERATURE", "none"],
        ),
        alarmRow(
            "battery.imbalance",
            [
                "!cell 3 3.55",
                "set battery.imbalance_hysteresis 40",
                "set battery.imbalance 80",
                ...look,
            ],
            ["CELL_IMBALANCE"],
        ),
        alarmRow(
            "battery.imbalance_hysteresis",
            ["set battery.imbalance 130", ...look, "set battery.imbalance_hysteresis 10", ...look],
            ["CELL_IMBALANCE", "none"],
        ),
        alarmRow(
            "battery.delay",
            [
                "set battery.delay 40",
                "set battery.imbalance 80",
                "sleep 20s",
                "status",
                "set battery.delay 0",
                ...look,
            ],
            ["none", "CELL_IMBALANCE"],
        ),
    ]
}

function deliveryRows(ftpPort: number, httpPort: number): Row[] {
    return [
        {
            keys: ["ftp.enable"],
            lines: ["ftp", "set ftp.enable on", "sleep 10s", "ftp"],
            check: answers => {
                expect(answers[0]).toContain("state: off: set ftp.enable")
                expect(answers[3]).not.toContain("state: off")
            },
        },
        {
            keys: ["ftp.period"],
            lines: [
                "set ftp.period 604800",
                "ftp",
                "set ftp.period 50000",
                "ftp",
                "set ftp.enable off",
            ],
            check: answers => {
                expect(answers[1]).toMatch(/next try in 604\d\d\d s/)
                expect(answers[3]).toMatch(/next try in 49\d\d\d s/)
            },
        },
        {
            keys: ["ftp.cells"],
            lines: ["set ftp.cells on", "ftp send"],
            check: answers => expect(answers[1]).toContain("files confirmed since the start"),
        },
        {
            keys: ["ftp.host"],
            lines: ["set ftp.host nowhere.invalid", "-ftp test", "set ftp.host 127.0.0.1"],
            check: answers => expect(answers[1]).toContain("error: "),
        },
        {
            keys: ["ftp.port", "ftp.user", "ftp.password"],
            lines: [
                `set ftp.port ${ftpPort}`,
                "set ftp.user bob",
                "set ftp.password geheim-1",
                "ftp test",
            ],
            check: answers => expect(answers[3]).toContain("mode: direct"),
        },
        {
            keys: ["ftp.directory"],
            lines: ["set ftp.directory a/b", "ftp test", 'set ftp.directory ""'],
            check: answers => expect(answers[1]).toContain("mode: direct"),
        },
        {
            keys: ["ftp.gateway"],
            lines: [`set ftp.gateway 127.0.0.1:${httpPort}`, "-ftp test", 'set ftp.gateway ""'],
            check: answers => expect(answers[1]).toContain("logging in"),
        },
        {
            keys: ["time.server"],
            lines: ["-time sync", `set time.server 127.0.0.1:${httpPort}`, "sleep 5s", "time"],
            check: answers => {
                expect(answers[0]).toContain("error: time.server is empty")
                expect(answers[3]).toMatch(/2031-\d\d-\d\d .* from time server/)
            },
        },
        {
            keys: ["console.password"],
            lines: [
                "passwd geheim-2",
                "logout",
                "-status",
                "-login geheim-1",
                "login geheim-2",
                'passwd ""',
            ],
            check: answers => {
                expect(answers[2]).toBe("error: log in first: login <password>\n")
                expect(answers[3]).toBe("error: wrong password\n")
                expect(answers[4]).toBe("ok\n")
            },
        },
    ]
}

// The schedule of resets has its own tests.
const elsewhere = ["reset.enable", "reset.max", "reset.days", "reset.time"]

test("each setting works at once, without a reset", async () => {
    const commands: string[] = []
    const ftp = noteCommands(commands)
    const requests: string[] = []
    const http = createHttpServer((request, response) => {
        requests.push(`${request.method} ${request.url}`)
        response.setHeader("Date", "Tue, 04 Mar 2031 10:00:00 GMT")
        response.end()
    })
    const rows = [
        ...loggingRows(),
        ...batteryRows(),
        ...deliveryRows(await listen(ftp), await listen(http)),
    ]
    const lines = [
        "set ftp.enable off",
        "set ftp.cells off",
        ...rows.flatMap(row => row.lines),
        "export",
    ]
    const run = await bench().exec(lines)
    ftp.close()
    http.close()
    expect(run.exit, run.output.slice(-3000)).toBe(0)
    expect(run.summary.resets).toBe(0)

    const answers = answersOf(run, lines)
    let at = 2
    for (const row of rows) {
        row.check(answers.slice(at, at + row.lines.length))
        at += row.lines.length
    }
    expect(commands).toContain("USER bob")
    expect(commands).toContain("PASS geheim-1")
    expect(commands).toContain("CWD a/b")
    expect(requests[0]).toContain("ftp://")
    expect(
        readdirSync(join(bench().state, "ftp")).some(name => name.startsWith("LIVE-1-CELL-")),
    ).toBe(true)

    const exported = [...answers.at(-1)!.matchAll(/^(?:set|# set|#) (\S+\.\S+)/gm)].map(
        match => match[1],
    )
    const tested = [...rows.flatMap(row => row.keys), ...elsewhere]
    expect([...exported].sort()).toEqual([...tested].sort())
})

test("a block is applied whole or not at all, every wrong line is named, and it survives a power cut", async () => {
    const good = [
        "set sd.period 7",
        "set ftp.port 2121",
        "set user.address here",
        "set ftp.user bob",
    ]
    const long = `set user.address "${"x".repeat(250)}"`
    const lines = [
        "set ftp.enable off",
        "export",
        "import",
        ...good,
        "-set ftp.port 70000",
        "-set nonsense 1",
        "-" + long,
        '-set ftp.host "a\\r\\nDELE x"',
        "-end",
        "export",
        "import",
        "set battery.cell_undervoltage 3600",
        ...good,
        "-end",
        "export",
        "import",
        "set battery.cell_undervoltage 3600",
        ...good,
        "set battery.cell_overvoltage 4200",
        "end",
        "!power cut",
        "export",
        "-defaults all",
        "defaults battery yes",
        "show battery",
    ]
    const run = await bench().exec(lines)
    expect(run.exit, run.output.slice(-3000)).toBe(0)
    const answers = answersOf(run, lines)
    const answer = (line: string, nth = 0) => {
        const found = lines.flatMap((one, i) => (one === line ? [answers[i]] : []))
        return found[nth]
    }
    expect(answer("-set ftp.port 70000")).toBe("error: line 5: ftp.port: 70000 is not 1–65535\n")
    expect(answer("-set nonsense 1")).toMatch(/^error: line 6: unknown setting nonsense/)
    expect(answer("-" + long)).toBe("error: the line has 269 bytes; the board takes at most 231\n")
    expect(answer('-set ftp.host "a\\r\\nDELE x"')).toMatch(
        /^error: line 8: ftp.host: a\?\?DELE x is not/,
    )
    expect(answer("-end")).toBe("error: nothing was changed; wrong lines: 5 6 7 8\n")
    expect(answer("export", 1)).toBe(answer("export", 0))
    expect(answer("-end", 1)).toMatch(
        /^error: battery.cell_overvoltage 3650, .* battery.cell_undervoltage 3600, /,
    )
    expect(answer("export", 2)).toBe(answer("export", 0))
    expect(answer("end")).toMatch(/^ok, 6 settings; secrets not set: /)
    const after = answer("export", 3)
    for (const text of [
        'sd.period "7"',
        'ftp.port "2121"',
        'user.address "here"',
        'ftp.user "bob"',
        'battery.cell_undervoltage "3600"',
        'battery.cell_overvoltage "4200"',
    ])
        expect(after).toContain(`set ${text}\n`)
    expect(answer("-defaults all")).toMatch(
        /^error: this changes 12 settings, wifi\.password; repeat with: defaults all yes/,
    )
    expect(answer("show battery")).toMatch(/battery.cell_overvoltage +3650 mV/)
    expect(run.summary.journal.last).toBeLessThanOrEqual(2)
})

test("secrets are in no answer, no log line, no file of the card and not in the transcript", async () => {
    const secrets = ["Gehe1m-ftp", "Gehe1m-wifi", "Gehe1m-console"]
    const lines = [
        `set ftp.password ${secrets[0]}`,
        `!wifi password bms-simulator ${secrets[1]}`,
        `set wifi.password ${secrets[1]}`,
        `-set wifi.password ${secrets[1]}${"x".repeat(60)}`,
        `-set wifi.password "${secrets[1]}\\r\\n"`,
        `-set ftp.pasword ${secrets[0]}`,
        `-set ftp.password ${secrets[0]} ${secrets[0]}`,
        "import",
        `-set ftp.password "${secrets[0]}\\x00"`,
        `set ftp.password ${secrets[0]}`,
        "-end",
        `passwd ${secrets[2]}`,
        `-login ${secrets[0]}`,
        "show",
        "show ftp.password",
        "show wifi.password",
        "show console.password",
        "export",
        "describe",
        "status",
        "wifi",
        "ftp",
        "sleep 30s",
        "ftp test",
        "ftp send",
        "set ftp.enable off",
        "sleep 6m",
        "status",
        "sleep 6m",
        "card eject",
    ]
    const run = await bench().exec(lines)
    expect(run.exit, run.output.slice(-3000)).toBe(0)
    const transcript = readFileSync(join(bench().state, "console.log"), "utf8")
    // What an access point's password is from now on is no secret of the board.
    for (const text of [run.output, transcript]) {
        const said = text.split("\n").filter(line => !line.startsWith("> !wifi password"))
        for (const secret of ["Gehe1m", "gehe1m"]) expect(said.join("\n")).not.toContain(secret)
    }
    const answers = answersOf(run, lines)
    expect(answers[14]).toMatch(/ftp.password +set +Password/)
    expect(answers[17]).toContain("# wifi.password is set\n")
    if (!hasTool("mcopy")) return
    for (const name of ["BMSMINI.BAK", "LOGSENT.TXT"])
        expect(bench().cardFile(name).toString("latin1")).not.toContain("Gehe1m")
})
