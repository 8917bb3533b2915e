import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it, test } from "vitest"
import { firmware, projectFolder, readManifest } from "../../tools/firmware"
import { Connection } from "../../console/connection"
import { openLine } from "../../console/ports"
import { type Ended, runConsole, runDeploy } from "../support/consolerun"
import { fakeBoardBus, SerialBoard } from "../support/serialboard"
import { SerialSimulation } from "../support/serialsimulation"
import { hasTool } from "../support/tools"

const guidePath = join(projectFolder, "docs", "guide", "flashing.md")

let folder: string
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "deploy-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The error is one line that says what to do. */
function expectRefusal({ status, output, errors }: Ended, words: RegExp): void {
    expect(errors).toMatch(words)
    expect(errors.trimEnd().split("\n")).toHaveLength(1)
    expect(output).toBe("")
    expect(status).toBe(1)
}

describe("npm run deploy without a board", () => {
    it("says which ports there are and how to name one", async () => {
        const { status, errors } = await runDeploy([])
        expect(status).toBe(2)
        expect(errors).toMatch(/which port\?|no serial port was found/)
    })

    it("says that the port is missing", async () => {
        const ended = await runDeploy([join(folder, "nothing")])
        expectRefusal(ended, /^deploy: there is no port .*nothing: is the cable plugged in/)
    })

    it("refuses a file that is no program before it looks for the board", async () => {
        const text = join(folder, "text.devs")
        writeFileSync(text, "text")
        expectRefusal(
            await runDeploy([join(folder, "port"), text]),
            /text.devs is not a program: "npm run build"/,
        )
        const missing = await runDeploy([join(folder, "port"), join(folder, "none.devs")])
        expectRefusal(missing, /none.devs cannot be read: "npm run build" makes built\/main.devs/)
        const { imagePath } = await firmware(readManifest().entries.simulator)
        const half = join(folder, "half.devs")
        writeFileSync(half, readFileSync(imagePath).subarray(0, 50_001))
        expectRefusal(await runDeploy([join(folder, "port"), half]), /half.devs is not complete/)
    })
})

describe.skipIf(!hasTool("socat"))("npm run deploy without a DeviceScript runtime", () => {
    it("says when a device answers without the runtime, and when no board answers", async () => {
        const bus = fakeBoardBus(() => ({ text: "" }))
        const board = await SerialBoard.plug(join(folder, "port"), bus)
        try {
            expectRefusal(
                await runDeploy([board.path]),
                /no DeviceScript runtime answers: flash it first/,
            )
        } finally {
            await board.unplug()
            await bus.stop()
        }
        const silent = await SerialBoard.plug(join(folder, "silent"), bus)
        silent.powered = false
        try {
            expectRefusal(await runDeploy([silent.path]), /no board answers on .*: is it powered/)
        } finally {
            await silent.unplug()
        }
    })
})

test.skipIf(!hasTool("socat"))(
    "a board on a serial port: busy, deployed, unplugged, another program",
    { timeout: 180_000 },
    async () => {
        const board = await SerialSimulation.start()
        try {
            await board.ask("set user.serial KEPT-8")
            const other = await Connection.open(await openLine(board.port), () => undefined)
            expectRefusal(await runDeploy([board.port]), /busy|ended: the cable was unplugged/)
            await other.close()
            await board.free()

            const again = await runDeploy([board.port])
            expect(again.errors).toBe("")
            expect(again.output).toMatch(
                /^built\/mainsim.devs -> .*port: it already runs that program/,
            )
            await board.free()

            const { imagePath } = await firmware("bench/device/ballast.ts")
            const next = await runDeploy([board.port, imagePath])
            expect(next.errors).toBe("")
            expect(next.output).toMatch(
                /ballast.devs -> .*: [\d,]+ bytes in [\d.]+ s, BMS Mini v\S+, start: deployed, KEPT-8\n$/,
            )
            expect(next.status).toBe(0)
            await board.free()

            const pulled = runDeploy([board.port])
            await until(() => /\* stop program[^*]*$/.test(board.log))
            await board.unplug()
            expectRefusal(
                await pulled,
                /^deploy: at \d+ %, the connection over .* has ended: .*; run the same command again$/m,
            )
            await board.plug()
            const none = await runConsole([board.port], "status\n")
            expect(none.errors).toContain(
                'the board has no console: "npm run deploy -- PORT" installs the firmware',
            )
            await board.free()
            const mended = await runDeploy([board.port])
            expect(mended.output).toMatch(/start: deployed, KEPT-8\n$/)
        } finally {
            await board.end()
        }
    },
)

async function until(condition: () => boolean): Promise<void> {
    for (const endMs = Date.now() + 60_000; !condition(); await sleep(10))
        if (Date.now() > endMs) throw new Error("it did not come")
}

/** A transcript without versions, times and sizes, which differ between runs. */
function comparable(transcript: string): string {
    return transcript.replace(/v0\.1\.\d+\S*(?<!,)/g, "v0.1.0").replace(/\d[\d,.:-]*/g, "0")
}

/** The transcript in the guide: two commands, and the status of the board afterwards. */
async function transcript(): Promise<string> {
    const port = join(folder, "bms")
    const simulator: ChildProcess = spawn(
        process.execPath,
        ["--import", "tsx", "sim/cli.ts", "--serial", port, "--state", join(folder, "state")],
        { cwd: projectFolder, stdio: ["pipe", "pipe", "inherit"] },
    )
    let said = ""
    simulator.stdout!.on("data", text => (said += text))
    try {
        // The board may log something before it answers.
        await until(() => /^> set ftp\.enable on\n(\[.*\n)*ok$/m.test(said))
        const deployed = await runDeploy([port, "--again"])
        await sleep(1000)
        const status = await runConsole([port], "status\n")
        const first = said.split("\n").find(line => line.startsWith("serial port of"))
        const lines = [
            "$ npm start -- --serial /tmp/bms",
            first,
            "$ npm run deploy -- /tmp/bms --again          # in another terminal",
            (deployed.output + deployed.errors).trimEnd(),
            "$ npm run console -- /tmp/bms <<< status",
            ...status.output
                .split("\n")
                .filter(line => /^(version|serial|card|alarms) /.test(line)),
        ]
        return lines.join("\n").replaceAll(port, "/tmp/bms")
    } finally {
        simulator.kill()
        await once(simulator, "exit")
    }
}

test.skipIf(!hasTool("socat"))(
    "docs/guide/flashing.md shows what two commands print (BMS_WRITE_DOCS=1 writes it)",
    { timeout: 240_000 },
    async () => {
        const seen = await transcript()
        const guide = readFileSync(guidePath, "utf8")
        const block = /(<!-- transcript -->\n+```\n)([^]*?)(\n```)/
        if (process.env.BMS_WRITE_DOCS === "1")
            writeFileSync(
                guidePath,
                guide.replace(block, (_, head, _text, tail) => head + seen + tail),
            )
        const shown = block.exec(readFileSync(guidePath, "utf8"))![2]
        expect(comparable(shown)).toBe(comparable(seen))
    },
)
