import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { shortDeviceId } from "../../src/board/identity"
import { readHalves, wholeImage } from "../../campaigns/flashcut/store"
import { benchOfEachTest } from "../support/eachbench"
import { defaultLine, type Sample, settingSamples, shownLine } from "../support/settingsamples"
import type { SimulatorRun } from "../support/simulator"

// Changes every setting in every possible way, at the console of the simulated board. Its chip
// aborts at an empty flash write, as the ESP32 does.
// test/unit/settings/settingstorture.test.ts has the same without a VM.

/** The simulated board's short id, which ends its default serial number. */
const shortId = shortDeviceId("12abdd2289421234")
const samples = settingSamples()

const bench = benchOfEachTest()

function flashPath(): string {
    return join(bench().state, "flash.bin")
}

/** A run that must neither stop the board nor leave an empty entry in its flash. */
async function exec(lines: string[]): Promise<SimulatorRun> {
    const run = await bench().exec(lines)
    expect(run.exit, run.output).toBe(0)
    expect(run.summary.resets).toBe(0)
    expect(run.output).not.toMatch(/abort\(|PANIC|write of no bytes/)
    const halves = readHalves(wholeImage(readFileSync(flashPath())))
    const empty = halves.flatMap(half => half.entries).filter(entry => entry.bytes === 0)
    expect(empty).toEqual([])
    return run
}

/** The output of each `show` in turn, without line ends: a log line may split another line. */
function shows(run: SimulatorRun): string[] {
    return run.output
        .split("\n> show\n")
        .slice(1)
        .map(part => part.split("\n> ")[0])
        .map(part => part.replace(/\[ *\d+\.\d{3}\] .*/g, "").replaceAll("\n", ""))
}

type Values = Map<string, string>

/** The value of each setting as it is typed. "" for a secret that is not set. */
function valuesAt(which: 0 | 1 | "default"): Values {
    return new Map(
        samples.map(sample => {
            const { name, values } = sample
            const [, text] = /"(.*)"$/.exec(defaultLine(sample, shortId))!
            return [name, which === "default" ? text : values[which]]
        }),
    )
}

function expectShown(shown: string, values: Values, when: string): void {
    for (const sample of samples)
        expect(shown, when).toContain(shownLine(sample, values.get(sample.name)!))
}

function set({ name, values }: Sample, which: 0 | 1): string {
    return `set ${name} "${values[which]}"`
}

function importAll(which: 0 | 1): string[] {
    return ["import", ...samples.map(sample => set(sample, which)), "end", "show"]
}

/** Long enough for the card to get its backup of the flash. */
const backedUp = "sleep 25s"

/** Each way of changing settings, with a `show` after it. */
function allWays(): string[] {
    return [
        "defaults all yes",
        ...samples.flatMap(sample => [
            set(sample, 0),
            set(sample, 1),
            defaultLine(sample, shortId),
        ]),
        "show",
        ...importAll(0),
        ...importAll(1),
        "defaults all yes",
        "show",
        "passwd first-password",
        "passwd second-password",
        'passwd ""',
        ...importAll(0),
        // Nothing must be sent at the end of the run.
        "set ftp.enable off",
        backedUp,
    ]
}

test("no way of changing a setting writes an empty value, and each leaves the right values", async () => {
    const flash = flashPath()
    const old = join(bench().folder, "flash-of-before.bin")

    let run = await exec(allWays())
    let shown = shows(run)
    expect(shown).toHaveLength(5)
    expectShown(shown[0], valuesAt("default"), "set one by one")
    expectShown(shown[1], valuesAt(0), "imported")
    expectShown(shown[2], valuesAt(1), "imported once more")
    expectShown(shown[3], valuesAt("default"), "all at their defaults")
    expectShown(shown[4], valuesAt(0), "imported over removed values")
    copyFileSync(flash, old)

    // A start on the stored values, then backups with empty values.
    run = await exec([
        "show",
        "defaults all yes",
        "set sd.period 7",
        backedUp,
        "set sd.period 8",
        backedUp,
        "set sd.period 9",
        backedUp,
        "show",
    ])
    shown = shows(run)
    expectShown(shown[0], new Map([...valuesAt(0), ["ftp.enable", "off"]]), "after a start")
    const last = new Map([...valuesAt("default"), ["sd.period", "9"]])
    expectShown(shown[1], last, "all at their defaults but one")

    // A flash reset to an older state takes the card's copy, in which most values are empty.
    copyFileSync(old, flash)
    run = await exec(["show"])
    expect(run.output).toContain("restored from the card")
    const secrets = samples.filter(({ isSecret }) => isSecret)
    expect(secrets).toHaveLength(2)
    // The copy has no passwords, and an address from the card never replaces a stored one.
    const addresses = ["ftp.host", "ftp.gateway", "wifi.ssid"]
    const kept = samples
        .filter(({ isSecret, name }) => isSecret || addresses.includes(name))
        .map(({ name, values }) => [name, values[0]] as const)
    expectShown(shows(run)[0], new Map([...last, ...kept]), "restored over an older state")

    // An empty flash takes it too.
    writeFileSync(flash, new Uint8Array(readFileSync(flash).length).fill(0xff))
    run = await exec(["show"])
    expect(run.output).toContain("restored from the card")
    expectShown(shows(run)[0], last, "restored to an empty flash")

    run = await exec(["show"])
    expectShown(shows(run)[0], last, "after another start")
})
