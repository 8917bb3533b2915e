import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { SerialSimulation } from "../support/serialsimulation"
import { Tmux } from "../support/tmux"
import { hasTool } from "../support/tools"

describe.skipIf(!hasTool("socat") || !hasTool("tmux"))("the console at a terminal", () => {
    let board: SerialSimulation
    let tmux: Tmux
    let state: string

    async function openConsole(): Promise<void> {
        await board.free()
        tmux = new Tmux()
        const command = `${process.execPath} --import tsx console/cli.ts ${board.port}`
        tmux.open(`env XDG_STATE_HOME=${state} TERM=screen ${command}`)
        await tmux.shows(/^ACME-7> *$/m)
    }

    async function leaveConsole(): Promise<void> {
        tmux.type("exit")
        tmux.keys("Enter")
        await tmux.ends()
        tmux.close()
    }

    beforeAll(async () => {
        board = await SerialSimulation.start()
        state = join(board.folder, "home")
        for (const line of ["set user.serial ACME-7", "card format yes", "set sd.period 5"])
            await board.ask(line)
        await openConsole()
    })
    // Each test begins at an empty line of an empty screen, whatever the last one left.
    beforeEach(async () => {
        tmux.keys("C-c")
        await tmux.shows(/ACME-7> *$/)
        tmux.clear()
        await tmux.shows(/^ACME-7> *$/)
    })
    afterAll(async () => {
        tmux?.close()
        await board?.end()
    })

    it("completes commands, keys and values with Tab, as the board describes them", async () => {
        // The board is still being asked: Tab waits for the answer, and several Tabs count as one.
        tmux.type("stat")
        await tmux.completes(/^ACME-7> status$/m)
        tmux.keys("Enter")
        await tmux.shows(/^version +v?/m)
        // The line came first, so the interrupted question is asked again.
        tmux.type("set sd.en")
        await tmux.completes(/^ACME-7> set sd\.enable *$/m)
        tmux.type("of")
        await tmux.completes(/^ACME-7> set sd\.enable off$/m)
        tmux.keys("C-c")
        await tmux.shows(/off\^C/)
    })

    it("names the board", async () => {
        await leaveConsole()
        await openConsole()
        expect(tmux.screen()).toMatch(/^\[ACME-7, version v?\S+, alarms: .*\]$/m)
    })

    it("explains, and suggests corrections", async () => {
        tmux.type("help sd.period")
        tmux.keys("Enter")
        await tmux.shows(/1–86400 s\n(.*\n)*.*60 s\n +example: set sd\.period 60$/m)
        tmux.type("HELP")
        tmux.keys("Enter")
        await tmux.shows(/^error: unknown command HELP.*\n(.*\n)*did you mean "help"\?$/m)
        tmux.type("log er")
        await tmux.completes(/^ACME-7> log errors$/m)
        tmux.keys("Enter")
        await tmux.shows(/^log errors$/m)
        tmux.type("log on")
        tmux.keys("Enter")
        await tmux.shows(/^log on$/m)
    })

    it("completes the card's paths", async () => {
        for (const endMs = Date.now() + 15_000; !board.log.includes("records: 1"); await sleep(100))
            if (Date.now() > endMs) throw new Error("no record was made")
        tmux.type("card tail l")
        tmux.keys("Tab")
        await tmux.shows(/^ACME-7> card tail LOG\/$/m)
        tmux.keys("Tab")
        await tmux.shows(/^ACME-7> card tail LOG\/\d{8}\.CSV/m)
        tmux.type("1")
        tmux.keys("Enter")
        await tmux.shows(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\+00:00,ACME-7,/m)
    })

    it("shows pasted lines one after another", async () => {
        tmux.paste('show user.serial\nset user.address "here and there"\nshow user.address\n')
        const screen = await tmux.shows(/^ +user\.address +here and there/m)
        const rows = screen.split("\n").filter(row => /^ACME-7> \w|^ok| user\./.test(row))
        expect(rows.map(row => row.slice(0, 24).trimEnd())).toEqual([
            "ACME-7> show user.serial",
            "  user.serial",
            "ACME-7> set user.address",
            "ok",
            "ACME-7> show user.addres",
            "  user.address",
        ])
    })

    it("does not tear the line being typed when the board logs something", async () => {
        tmux.type("show user.ser")
        await tmux.shows(/> records: 1 main.*\nACME-7> show user\.ser$/)
        const screen = tmux.screen()
        tmux.keys("C-c")
        const rows = screen.split("\n").filter(row => row.includes("show user.ser"))
        expect(rows, screen).toEqual(["ACME-7> show user.ser"])
    })

    it("ends a long output at Ctrl-C", async () => {
        tmux.type("describe")
        tmux.keys("Enter")
        await tmux.shows(/"kind":"setting"/)
        tmux.keys("C-c")
        await tmux.shows(/error: cancelled\n(.*\n)*ACME-7> *$/)
        expect(tmux.screen()).not.toContain('"kind":"alarm"')
    })

    it("asks for a password without showing it", async () => {
        tmux.type("show user.serial")
        tmux.keys("Enter")
        await tmux.shows(/^ +user\.serial +ACME-7/m)
        tmux.type("set ftp.password")
        tmux.keys("Enter")
        await tmux.shows(/^ftp\.password: *$/m)
        tmux.type("hunter22")
        // Log lines appear above the question.
        await tmux.shows(/ftp\.password\n(.*\n)*.*> records: 1 main.*\nftp\.password: *$/)
        tmux.keys("Enter")
        await tmux.shows(/^repeat it: *$/m)
        tmux.type("hunter22")
        tmux.keys("Enter")
        await tmux.shows(/^ok\n(.*\n)*ACME-7> *$/m)
        expect(tmux.screen()).not.toContain("hunter22")
        tmux.type("set wifi.password hunter22")
        tmux.keys("Enter")
        await tmux.shows(/wifi\.password hunter22\nok/)
        tmux.clear()
        expect(await board.ask("show ftp.password")).toMatch(/ftp\.password +set /)
        // The password is neither recalled nor in the file.
        tmux.keys("Up")
        await sleep(300)
        tmux.keys("Up")
        await sleep(300)
        expect(tmux.screen()).not.toContain("hunter22")
        tmux.keys("C-c")
        const kept = readFileSync(join(state, "bms-mini", "history"), "utf8")
        expect(kept).not.toContain("hunter22")
        expect(kept).toContain("show user.serial\n")
    })

    it("continues after a reset of the board", async () => {
        tmux.type("reset now")
        tmux.keys("Enter")
        await tmux.shows(/the board was reset/)
        tmux.type("status")
        tmux.keys("Enter")
        await tmux.shows(/^last start +console/m)
    })

    it("continues when the cable was unplugged and is back", async () => {
        await board.ask('set user.address "over the bridge"')
        await board.unplug()
        await tmux.shows(/the cable was unplugged; waiting for it to come back/)
        tmux.type("status")
        tmux.keys("Enter")
        await tmux.shows(/is not there yet: plug it in/)
        await board.plug()
        await tmux.shows(/\[connected again\]/)
        tmux.type("show user.address")
        tmux.keys("Enter")
        await tmux.shows(/over the bridge/)
    })

    it("recalls the lines of the previous run", async () => {
        tmux.type("show user.address")
        tmux.keys("Enter")
        await tmux.shows(/^ +user\.address /m)
        await leaveConsole()
        await openConsole()
        tmux.keys("Up")
        await tmux.shows(/^ACME-7> show user\.address$/m)
    })
})
