import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { drive, idle, Pack, solar } from "../../../sim/pack"
import { packOptions, parseCondition, parseProfile } from "../../../sim/profile"
import { StateFolder } from "../../../sim/state"
import { batteryBench } from "../../support/batterybench"
import { DeviceBuffer } from "../../support/devicebuffer"

const currents = (text: string, seconds: number[]) =>
    seconds.map(second => parseProfile(text)(second, 100))

function file(text: string): string {
    const folder = mkdtempSync(join(tmpdir(), "bms-profile-"))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, "profile.csv")
    writeFileSync(path, text)
    return path
}

describe("a profile", () => {
    it("holds each line until the next and repeats from the time of the last line", () => {
        const text = "seconds,amperes\n0,10\n60,-5\r\n\n# end\n100,0\n"
        expect(currents(text, [0, 59.9, 60, 99.9, 100, 159.9, 160])).toEqual([
            10, 10, -5, -5, 10, 10, -5,
        ])
    })

    it("of one line at 0 is a constant", () => {
        expect(currents("0,-7.5", [0, 1, 1e6])).toEqual([-7.5, -7.5, -7.5])
    })

    it("holds its first line from the beginning, even if that is not at 0", () => {
        expect(currents("10,3\n20,4\n30,0", [0, 9, 10, 25, 30])).toEqual([3, 3, 3, 4, 3])
    })

    it("accepts the output of spreadsheets: a BOM, blanks, signs, exponents", () => {
        expect(currents("\uFEFFTime,Current\r\n0 , +1.5e1\r\n.5,-.5\r\n 10,0", [0, 0.5])).toEqual([
            15, -0.5,
        ])
    })

    it("of many lines gives the current of each of them", () => {
        const rows = Array.from({ length: 1001 }, (_, i) => `${i * 2},${i}`)
        const profile = parseProfile(rows.join("\n"))
        for (let i = 0; i < 1000; ++i) {
            expect(profile(i * 2, 100)).toBe(i)
            expect(profile(i * 2 + 1.99, 100)).toBe(i)
        }
    })

    const bad: [string, string, string][] = [
        ["an empty file", "", "there is no line of seconds,amperes"],
        ["only a heading", "seconds,amperes\n# nothing\n", "there is no line of seconds,amperes"],
        ["equal times", "0,1\n0,2", 'line 2: seconds must rise, the previous line has 0: "0,2"'],
        ["falling times", "0,1\n9,1\n8,2", "line 3: seconds must rise, the previous line has 9"],
        ["a second heading", "a,b\nc,d\n0,1", 'line 2: "c" is not a decimal number: "c,d"'],
        ["a late heading", "0,1\nseconds,amperes", 'line 2: "seconds" is not a decimal number'],
        ["three fields", "0,1,2", "line 1: there must be two fields, seconds,amperes"],
        ["one field", "# x\n5", 'line 2: there must be two fields, seconds,amperes: "5"'],
        ["semicolons", "0;1", "line 1: there must be two fields, seconds,amperes"],
        ["an empty current", "0,1\n5,", 'line 2: "" is not a decimal number'],
        ["a decimal comma", "0,1\n5,1,5", "line 2: there must be two fields"],
        ["a negative time", "-1,1", "line 1: seconds start at 0"],
        ["hexadecimal", "0x10,1", 'line 1: "0x10" is not a decimal number'],
        ["infinity", "0,Infinity", 'line 1: "Infinity" is not a decimal number'],
        ["a number too large", "0,1e999", 'line 1: "1e999" is too large'],
        ["binary data", "\0\x01\x02", "line 1: there must be two fields"],
    ]
    for (const [title, text, message] of bad)
        it(`with ${title} is refused`, () => {
            expect(() => parseProfile(text)).toThrow(message)
        })

    it("reports its bad lines, at most five, and their number", () => {
        const text = "s,a\n0,1\nx,2\n3,y\n4,4\n"
        expect(() => parseProfile(text)).toThrow(/^line 3: .*\nline 4: .*$/)
        const many = Array.from({ length: 8 }, (_, i) => `${i},x`).join("\n")
        expect(() => parseProfile(many)).toThrow(/line 5: .*\n8 bad lines in all$/)
    })
})

describe("the simulator's choice", () => {
    it("is the solar day unless another is named", () => {
        expect(packOptions({}).scenario).toBe(solar)
        expect(packOptions({ scenario: "drive" }).scenario).toBe(drive)
        expect(packOptions({ scenario: "idle" }).scenario).toBe(idle)
    })

    it("of a profile begins at the board's power-on", () => {
        const path = file("0,10\n60,-20\n120,0\n")
        const pack = new Pack(packOptions({ profile: path }))
        expect(pack.currentAmps()).toBe(10)
        pack.advanceTo(60_000)
        expect(pack.currentAmps()).toBe(-20)
        pack.advanceTo(120_000)
        expect(pack.currentAmps()).toBe(10)
        // 20 minutes in all, alternating between 10 A and -20 A.
        pack.advanceTo(1_200_000)
        expect(pack.passedCoulombs()).toBeCloseTo(10 * (600 - 1200), 6)
    })

    it("reports the file and the bad line", () => {
        const path = file("0,10\nsixty,-20\n")
        expect(() => packOptions({ profile: path })).toThrow(`--profile ${path}: line 2: "sixty"`)
        expect(() => packOptions({ profile: path + ".no" })).toThrow(/--profile .*\.no: ENOENT/)
    })

    it("is a scenario or a profile, not both", () => {
        expect(() => packOptions({ scenario: "idle", profile: "x" })).toThrow("cannot be combined")
    })
})

describe("battery and monitor between two runs", () => {
    const charge = { charge: 0.8, temperatureC: 31 }

    it("keep charge, temperature, configuration and counter", async () => {
        const first = batteryBench({ pack: { scenario: () => 20 } })
        const atStart = (await first.monitor.sample()).socPermille!
        for (let minute = 0; minute < 40; ++minute) {
            await first.ticks.sleep(60_000)
            await first.monitor.sample()
        }
        const soc = first.monitor.last!.socPermille!
        const condition = { pack: first.pack.condition(), monitor: first.chip.condition() }
        const { pack, monitor } = parseCondition(JSON.stringify(condition))!
        expect({ pack, monitor }).toEqual(condition)
        const next = batteryBench({ pack: { condition: pack }, chip: { condition: monitor } })
        expect(next.pack.condition()).toEqual(pack)
        // The board stored its charge 40 minutes ago: the chip's counter supplies the rest.
        next.monitor.restore(DeviceBuffer.from(first.kept[0], "hex") as never)
        expect(first.kept.length).toBe(1)
        const state = await next.monitor.sample()
        expect(Math.abs(state.socPermille! - soc)).toBeLessThanOrEqual(2)
        // 20 A for 40 minutes are 13.3 Ah of 100.
        expect(soc - atStart).toBeGreaterThan(130)
    })

    it("keep nothing of an unconfigured chip", () => {
        const { chip } = batteryBench()
        expect(chip.condition()).toBeUndefined()
    })

    const bad = [
        "",
        "{",
        "null",
        "{}",
        '{"pack":{"charge":"x"}}',
        '{"pack":{"charge":7,"temperatureC":20}}',
        '{"pack":{"charge":0.5,"temperatureC":20},"monitor":{}}',
        '{"pack":{"charge":0.5,"temperatureC":20},"monitor":{"memory":"zz","coulombs":1,"seconds":1}}',
    ]
    for (const text of bad)
        it(`are not read from ${JSON.stringify(text)}`, () => {
            expect(parseCondition(text)).toBeUndefined()
        })

    it("are kept in the state folder, with a remark on a damaged file", () => {
        const path = mkdtempSync(join(tmpdir(), "bms-pack-"))
        onTestFinished(() => rmSync(path, { recursive: true }))
        const folder = new StateFolder(path)
        onTestFinished(() => folder.release())
        expect(folder.loadBattery()).toEqual({})
        folder.saveBattery({ pack: charge })
        expect(folder.loadBattery()).toEqual({ pack: charge })
        expect(folder.remarks).toEqual([])
        writeFileSync(join(path, "battery.json"), "{")
        expect(folder.loadBattery()).toEqual({})
        expect(folder.remarks).toEqual([
            `${join(path, "battery.json")} cannot be read: the battery is new`,
        ])
    })
})
