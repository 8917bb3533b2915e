import { once } from "node:events"
import { readdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { FTP_HOST } from "../../sim/simulation"
import { ConsoleRun, runConsole } from "../support/consolerun"
import { SerialSimulation } from "../support/serialsimulation"
import { hasTool } from "../support/tools"

/** A line and what its answer must match. A leading `-` marks refused lines. */
type Row = [line: string, answer: RegExp]

const timeServerDate = "Wed, 03 Feb 2027 04:05:06 GMT"

const recordOf = (serial: string) =>
    `\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\+00:00,${serial},\\d.*\r\n`
const record = recordOf("ACME-7")
/** With a period of a minute, one may be due between the format and the new serial number. */
const earlierRecord = recordOf("BMS-[0-9A-Z]{4}")

/** The first part of the board's commands, until the card has records. */
const firstCommands: Row[] = [
    ["help", /^status +the board at a glance$/m],
    ["help card", /^card ls \[directory\] /m],
    ["status", /^version +v/m],
    ["card format yes", /^formatting, 100 %\nok$/m],
    ["show", /^ {2}user\.serial /m],
    ["set user.serial ACME-7", /^ok$/m],
    ["defaults sd.period yes", /^ok$/m],
    ["export", /^import\n# set user\.serial "ACME-7"\n(.+\n)+end$/m],
    ["import", /^ok, .*user\.serial$/m],
    ["set sd.period 2", /^/],
    ["set wifi.ssid bms-simulator", /^/],
    ["set wifi.password simulator", /^/],
    [`set ftp.host ${FTP_HOST}`, /^/],
    ["end", /^ok, 4 settings; secrets not set: ftp\.password, console\.password$/m],
    ["battery", /^battery +\d+\.\d{3} V/m],
    ["battery limits", /^COV +\d/m],
    ["cells", /^cell 16 +3\.\d{3} V$/m],
    ["journal", /^Record 32 +empty$/m],
    ["tasks", /^clock +\d+ runs, 0 failures/m],
    ["sleep 20s", /^/],
    ["card", /^volume +FAT32/m],
    ["card ls", /^LOG +<DIR>$/m],
    ["card ls LOG", /^20\d{6}\.CSV +\d+$/m],
]

/**
 * All other commands.
 * @param dayFile the name that `card ls LOG` printed
 * @param timeServer address of an HTTP server that answers with `timeServerDate`
 */
const otherCommands = (dayFile: string, timeServer: string): Row[] => [
    [
        `card cat LOG/${dayFile}`,
        new RegExp(`^time,utc_offset,serial,.*\r\n(${earlierRecord})?(${record}){2,}`, "m"),
    ],
    ["ftp", /^state: off: set ftp\.enable\n(.+\n)+log-ins: 0, .*$/m],
    // Exactly one line.
    [`card tail LOG/${dayFile} 1`, new RegExp(`^${record}(?=Wi-Fi\n)`)],
    ["wifi", /^state +connected, \d+\.\d+\.\d+\.\d+$/m],
    ["ftp test", /^logging in\nmode: direct\nanswer: 230 /m],
    // The log, and the events if SD_CARD was up before the format.
    ["ftp send", /^sending\nfiles confirmed since the start: [12]$/m],
    ["ftp resend 2026-01-01", /^[12] files will be sent again$/m],
    // The board may have started this on its own before the line came.
    ["ftp send", /^sending\nfiles confirmed since the start: [2-6]$/m],
    ["card eject", /^ok, the card can be pulled/m],
    ["time", /^time +20\d\d-.* from RTC chip$/m],
    [`set time.server ${timeServer}`, /^ok$/m],
    ["time sync", /^asking time\.server\ntime +2027-02-03 04:05:\d\d \+00:00 from time server$/m],
    ["time set 2026-11-22 12:00:00", /^ok$/m],
    ["time set now", /^ok$/m],
    ["reset", /^ {2}reset\.count +0 /m],
    ["reset clear", /^ok$/m],
    ['passwd "s e c r e t"', /^ok$/m],
    ["logout", /^ok$/m],
    ["-status", /^error: log in first: login <password>$/m],
    ["-login wrong", /^error: wrong password$/m],
    ['login "s e c r e t"', /^ok$/m],
    ['passwd ""', /^ok$/m],
    ["values", /^\{"kind":"values","time":\d+,.*\}\n\{"kind":"battery","mv":\d+,.*\}$/m],
    ["describe", /^\{"kind":"state".*\}$/m],
    ["reset now", /^ok$/m],
    ["status", /^last start +console$/m],
]

/** The answers must come in this order. */
function expectAnswers(rows: readonly Row[], output: string): void {
    let rest = output
    for (const [line, answer] of rows) {
        const found = answer.exec(rest)
        if (!found) throw new Error(`${line} has no such answer:\n${rest.slice(0, 500)}`)
        rest = rest.slice(found.index + found[0].length).replace(/^\n/, "")
    }
}

describe.skipIf(!hasTool("socat"))("the simulated board on its serial port", () => {
    let board: SerialSimulation
    const timeServer = createServer((_, answer) => answer.setHeader("Date", timeServerDate).end())
    let timeServerPort: number

    beforeAll(async () => {
        await once(timeServer.listen(0, "127.0.0.1"), "listening")
        timeServerPort = (timeServer.address() as AddressInfo).port
        board = await SerialSimulation.start()
    })
    afterAll(async () => {
        timeServer.close()
        await board?.end()
    })
    beforeEach(async () => await board.free())

    const panics = () => board.log.match(/PANIC/g) ?? []

    /** Runs the lines and checks their answers. @returns what was printed */
    async function answersOf(rows: readonly Row[]): Promise<string> {
        const path = join(board.folder, "lines.txt")
        writeFileSync(path, rows.map(([line]) => line).join("\n"))
        const { status, output, errors } = await runConsole([board.port, "--exec", path])
        expect(status, output + errors).toBe(0)
        expectAnswers(rows, output)
        return output
    }

    it("runs every command", async () => {
        const firstOutput = await answersOf(firstCommands)
        const dayFile = /^20\d{6}\.CSV/m.exec(firstOutput)![0]
        await board.free()
        // A join may need several tries.
        for (let tries = 0; !/connected, \d/.test(await board.ask("wifi")); ++tries) {
            expect(tries).toBeLessThan(60)
            await board.simulation.clock.sleep(1000)
        }
        await board.free()
        const others = otherCommands(dayFile, `127.0.0.1:${timeServerPort}`)
        const output = firstOutput + (await answersOf(others))
        expect(output).not.toContain("s e c r e t")
        const logs = readdirSync(board.ftpPath).filter(name => !name.includes("-EVT-"))
        expect(logs).toEqual([`ACME-7-LOG-${dayFile}`])
        const everyLine = [...firstCommands, ...others].map(([line]) => line.replace(/^-/, ""))
        const listed = (await board.ask("help")).trim().split("\n")
        for (const row of listed) {
            const words = row
                .slice(0, 34)
                .split(/ [<[]|  /)[0]
                .trim()
            const used = everyLine.some(line => (line + " ").startsWith(words + " "))
            expect(used, words).toBe(true)
        }
        expect(panics()).toEqual([])
    })

    it("describes itself in one JSON document", async () => {
        await board.ask("set user.serial ACME-7")
        const { status, output } = await runConsole([board.port, "--json"])
        expect(status).toBe(0)
        const { format, settings, commands, alarms, state } = JSON.parse(output)
        expect(format).toBe(1)
        expect(settings.length).toBeGreaterThan(40)
        expect(commands.length).toBeGreaterThan(30)
        expect(alarms).toHaveLength(18)
        expect(state.find((one: { name: string }) => one.name === "serial").value).toBe("ACME-7")
    })

    it("reports a line's fate when the board is reset in the middle of a long output", async () => {
        const console = new ConsoleRun([board.port])
        console.type("describe")
        await console.until(() => console.output.includes('"kind":"setting"'))
        board.simulation.powerCut()
        const { status, output, errors } = await console.ended
        expect(status).toBe(3)
        expect(output).not.toContain('"kind":"alarm"')
        expect(errors).toContain(
            "the board was reset; the previous line may not have been executed",
        )
        await board.free()
        expect((await runConsole([board.port], "status\n")).output).toMatch(
            /^last start +power-on/m,
        )
    })
})
