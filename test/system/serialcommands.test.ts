import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { ConsoleRun, runConsole } from "../support/consolerun"
import { SerialSimulation } from "../support/serialsimulation"
import { hasTool } from "../support/tools"

/** Every command of the board at least once; a `-` is in front of those that are refused without a server. */
const everyCommand = [
    "help",
    "help card",
    "status",
    "card format yes",
    "show",
    "set user.serial ACME-7",
    "defaults sd.period yes",
    "export",
    "import",
    "set sd.period 2",
    "end",
    "battery",
    "battery limits",
    "cells",
    "journal",
    "tasks",
    "sleep 5s",
    "card",
    "card ls",
    "card ls LOG",
    "-card cat LOG/19990101.CSV",
    "-card tail LOG/19990101.CSV 3",
    "card eject",
    "ftp",
    "-ftp send",
    "-ftp test",
    "-ftp resend 2026-01-01",
    "time",
    "time set 2026-11-22 12:00:00",
    "time set now",
    "-time sync",
    "wifi",
    "reset",
    "reset clear",
    'passwd "s e c r e t"',
    "logout",
    "-status",
    "-login wrong",
    'login "s e c r e t"',
    'passwd ""',
    "describe",
    "reset now",
    "status",
]

describe.skipIf(!hasTool("socat"))("the simulated board on its serial port", () => {
    let board: SerialSimulation

    beforeAll(async () => {
        board = await SerialSimulation.start()
    })
    afterAll(async () => await board?.end())
    beforeEach(async () => await board.free())

    const panics = () => board.log.match(/PANIC/g) ?? []

    it("carries every command", async () => {
        const path = join(board.folder, "lines.txt")
        writeFileSync(path, everyCommand.join("\n"))
        const { status, output, errors } = await runConsole([board.port, "--exec", path])
        expect(status, output + errors).toBe(0)
        const listed = (await board.ask("help")).trim().split("\n")
        for (const row of listed) {
            const words = row
                .slice(0, 34)
                .split(/ [<[]|  /)[0]
                .trim()
            const used = everyCommand.some(line =>
                (line.replace(/^-/, "") + " ").startsWith(words + " "),
            )
            expect(used, words).toBe(true)
        }
        expect(output).toMatch(/^version /m)
        expect(output).toMatch(/^20\d{6}\.CSV +\d+$/m)
        expect(output).toContain("error: log in first: login <password>\n")
        expect(output).toContain("error: wrong password\n")
        expect(output).toMatch(/^last start +console$/m)
        expect(output).not.toContain("s e c r e t")
        expect(panics()).toEqual([])
    })

    it("describes itself in one JSON document", async () => {
        const { status, output } = await runConsole([board.port, "--json"])
        expect(status).toBe(0)
        const { format, settings, commands, alarms, state } = JSON.parse(output)
        expect(format).toBe(1)
        expect(settings.length).toBeGreaterThan(40)
        expect(commands.length).toBeGreaterThan(30)
        expect(alarms).toHaveLength(17)
        expect(state.find((one: { name: string }) => one.name === "serial").value).toBe("ACME-7")
    })

    it("says what became of a line when the board is reset in the middle of a long output", async () => {
        const console = new ConsoleRun([board.port])
        console.type("describe")
        await console.until(() => console.output.includes('"kind":"setting"'))
        board.simulation.powerCut()
        const { status, output, errors } = await console.ended
        expect(status).toBe(3)
        expect(output).not.toContain('"kind":"alarm"')
        expect(errors).toContain("the board was reset; the line before may not have been carried")
        await board.free()
        expect((await runConsole([board.port], "status\n")).output).toMatch(
            /^last start +power-on/m,
        )
    })
})
