import { readFileSync, readdirSync } from "node:fs"
import { createServer as createHttpServer, type Server as HttpServer } from "node:http"
import { createServer, type AddressInfo, type Server } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import { benchOfEachTest } from "../support/eachbench"
import type { SimulatorRun } from "../support/simulator"
import { batteryRows } from "../support/settingrows/battery"
import { accessRows, serverRows, sessionRows } from "../support/settingrows/delivery"
import { loggingRows } from "../support/settingrows/logging"
import { hasTool } from "../support/tools"

const bench = benchOfEachTest()

/** The answer to each of the run's own lines, without the board's log lines. */
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

/** An FTP server that accepts every log-in and notes the commands. */
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

// Scheduled resets have their own tests.
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
    const [ftpPort, httpPort] = [await listen(ftp), await listen(http)]
    const rows = [
        ...loggingRows,
        ...batteryRows,
        ...sessionRows,
        ...serverRows(ftpPort, httpPort),
        ...accessRows(httpPort),
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

/** Valid lines of a block. */
const good = ["set sd.period 7", "set ftp.port 2121", "set user.address here", "set ftp.user bob"]
/** A line longer than the board accepts. */
const long = `set user.address "${"x".repeat(250)}"`
/** A block with wrong lines, one with contradictory limits, and a valid one. */
const blocks = [
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

test("a block applies whole or not at all, names all wrong lines and survives a power cut", async () => {
    const run = await bench().exec(blocks)
    expect(run.exit, run.output.slice(-3000)).toBe(0)
    const answers = answersOf(run, blocks)
    const answer = (line: string, nth = 0) => {
        const found = blocks.flatMap((one, i) => (one === line ? [answers[i]] : []))
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

test("secrets are in no answer, no log line, no transcript and no file on the card", async () => {
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
    // The line that sets the access point's password is not the board's secret.
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
