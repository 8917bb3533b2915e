import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"
import { Tmux } from "../support/tmux"
import { hasTool } from "../support/tools"

describe.skipIf(!hasTool("tmux"))("the simulator's prompt", () => {
    let tmux: Tmux
    let folder: string
    // A new board for each test.
    beforeEach(async () => {
        await firmware(readManifest().entries.simulator)
        folder = mkdtempSync(join(tmpdir(), "prompt-"))
        tmux = new Tmux()
        const command = `${process.execPath} --import tsx sim/cli.ts --no-demo --state ${folder}/state`
        tmux.open(`env XDG_STATE_HOME=${folder} TERM=screen ${command}`)
        await tmux.shows(/^BMS-SA11> *$/m)
    })
    afterEach(() => {
        tmux?.close()
        rmSync(folder, { recursive: true, force: true })
    })

    const type = (line: string) => {
        tmux.type(line)
        tmux.keys("Enter")
    }

    it("names the board and explains as the terminal does", async () => {
        expect(tmux.screen()).toMatch(/^\[BMS-SA11, version v?\S+, alarms: .*\]$/m)
        type("help sd.period")
        // A line of the log may come between the board's answer and the terminal's.
        await tmux.shows(/1–86400 s\n(.*\n)* +default: 60 s\n +example: set sd\.period 60$/m)
        type("ls")
        await tmux.shows(/^did you mean "card ls"\?$/m)
        tmux.type("log er")
        await tmux.completes(/^BMS-SA11> log errors$/m)
        tmux.keys("Enter")
        await tmux.shows(/^log errors$/m)
    })

    it("shows the board's new name at once, and its networks", async () => {
        type("set user.serial ACME-7")
        await tmux.shows(/^ACME-7> *$/m)
        type("wifi scan")
        await tmux.shows(/^bms-simulator +-58 dBm .*password$/m)
        type("set time.zone Europe/Berlin")
        await tmux.shows(/^Europe\/Berlin is <\+01>.*\n(.*\n)*ok$/m)
    })

    it("takes events and keeps everything in the transcript", async () => {
        type("ls")
        await tmux.shows(/^did you mean "card ls"\?$/m)
        type("!temp 1 75")
        type("!light")
        await tmux.shows(/^light: /m)
        type("exit")
        await tmux.ends()
        const transcript = readFileSync(join(folder, "state", "console.log"), "utf8")
        for (const line of ["> ls", 'did you mean "card ls"?', "> !temp 1 75"])
            expect(transcript).toContain(`\n${line}\n`)
    })
})
