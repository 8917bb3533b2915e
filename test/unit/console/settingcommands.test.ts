import { describe, expect, it } from "vitest"
import { Key } from "../../../src/settings/keys"
import { keyCount, Row } from "../../../src/settings/schema"
import { ConsoleBench } from "../../support/consoleparts"

const rows = Array.from({ length: keyCount }, (_, key) => new Row(key))
const sections = new Set(rows.map(row => row.section))

/** The lines of an output. */
function lines(text: string): string[] {
    return text.split("\n").slice(0, -1)
}

describe("settings", () => {
    it("are shown with the manual's names: all, by section and one by one", async () => {
        const bench = new ConsoleBench()
        const all = await bench.run("show")
        for (const name of ["Battery serial number", "Logging period", "Maximum number of resets"])
            expect(all).toContain(name)
        expect(lines(all)).toHaveLength(keyCount + sections.size)
        const ftp = rows.filter(row => row.section === "FTP")
        expect(lines(await bench.run("show ftp"))).toHaveLength(1 + ftp.length)
        expect(await bench.run("show ftp.port")).toMatch(/ftp.port +21 +Port\n.*1–65535\n/)
        expect(await bench.run("show nonsense")).toContain("unknown setting nonsense")
        expect(bench.refused).toBe(true)
    })

    it("are in force and in flash when ok is printed", async () => {
        const bench = new ConsoleBench()
        expect(await bench.run("set ftp.port 2121")).toBe("ok\n")
        expect(bench.settings.number(Key.FtpPort)).toBe(2121)
        expect(bench.flash.writes).toBe(1)
        expect(await bench.run('set user.address "Dachboden, Süd"')).toBe("ok\n")
        expect(await bench.run("show user.address")).toContain("Dachboden, Süd")
    })

    const wrong = [
        { line: "set ftp.port 0", says: "ftp.port: 0 is not 1–65535" },
        { line: "set ftp.port 70000", says: "ftp.port: 70000 is not" },
        { line: "set ftp.port x", says: "ftp.port: x is not" },
        { line: "set ftp.port 1.5", says: "ftp.port: 1.5 is not" },
        { line: 'set ftp.port ""', says: 'ftp.port: "" is not' },
        { line: 'set ftp.host "a\\r\\nDELE x"', says: "ftp.host: a??DELE x is not" },
        { line: 'set user.address "\\x00"', says: "user.address: ? is not" },
        { line: "set sd.enable maybe", says: "sd.enable: maybe is not on or off" },
        { line: "set reset.count 1", says: "reset.count is kept by the board itself" },
        { line: "set nope 1", says: "unknown setting nope" },
        { line: "set console.password x", says: 'console.password is set with "passwd"' },
        { line: "defaults nope", says: "unknown setting nope" },
        { line: "defaults reset.count", says: "reset.count is kept by the board itself" },
        {
            line: "defaults ftp.port",
            says: "this changes 1 settings; repeat with: defaults ftp.port yes",
        },
        {
            line: "defaults ftp no",
            says: "this changes 1 settings; repeat with: defaults ftp yes",
        },
        {
            line: "defaults all",
            says: "this changes 1 settings; repeat with: defaults all yes",
        },
        {
            line: "defaults sd",
            says: "this changes 0 settings; repeat with: defaults sd yes",
        },
    ]
    for (const { line, says } of wrong)
        it(`stay unchanged after ${line}`, async () => {
            const bench = new ConsoleBench()
            await bench.run("set ftp.port 2121")
            const text = await bench.run(line)
            expect(text).toContain("error: " + says)
            expect(lines(text)).toHaveLength(1)
            expect(bench.refused).toBe(true)
            expect(bench.flash.writes).toBe(1)
        })

    it("go back to their defaults: one, a section, all", async () => {
        const bench = new ConsoleBench()
        const change = async () => {
            for (const line of ["set ftp.port 2121", "set ftp.user bob", "set sd.period 5"])
                await bench.run(line)
        }
        await change()
        expect(await bench.run("defaults ftp.port yes")).toBe("ok\n")
        expect([bench.settings.number(Key.FtpPort), bench.settings.text(Key.FtpUser)]).toEqual([
            21,
            "bob",
        ])
        await change()
        expect(await bench.run("defaults ftp yes")).toBe("ok\n")
        expect([bench.settings.number(Key.FtpPort), bench.settings.text(Key.FtpUser)]).toEqual([
            21,
            "anonymous",
        ])
        expect(bench.settings.number(Key.SdPeriod)).toBe(5)
        await change()
        expect(await bench.run("defaults all yes")).toBe("ok\n")
        expect(bench.settings.number(Key.SdPeriod)).toBe(60)
    })

    it("name the secrets that defaults would clear, and need no log-in after that", async () => {
        const bench = new ConsoleBench()
        for (const line of ["set ftp.port 2121", "set ftp.password geheim", "passwd tief"])
            await bench.run(line)
        expect(await bench.run("defaults all")).toBe(
            "error: this changes 3 settings, ftp.password, console.password; " +
                "repeat with: defaults all yes\n",
        )
        expect(await bench.run("defaults console yes")).toBe("ok\n")
        expect(await bench.run("show ftp.port")).toContain("2121")
        expect(await bench.run("login tief")).toBe("ok, no password is set\n")
    })

    it("confirm the value with its unit where people think in another unit", async () => {
        const bench = new ConsoleBench()
        expect(await bench.run("set battery.capacity 280")).toBe("ok, 280 mAh\n")
        expect(await bench.run("set battery.shunt 100")).toBe("ok, 100 \u00b5\u03a9\n")
        expect(await bench.run("set battery.cells 8")).toBe("ok\n")
    })

    it("keep their state values when all go back to the defaults", async () => {
        const bench = new ConsoleBench()
        await bench.settings.apply([Key.ResetCount], [17])
        await bench.run("defaults all yes")
        expect(bench.settings.number(Key.ResetCount)).toBe(17)
    })
})

describe("export and import", () => {
    it("carry every setting but the secrets to another board", async () => {
        const from = new ConsoleBench()
        for (const line of [
            "set user.serial ACME-7",
            "set ftp.host example.org",
            'set user.address "a \\"b\\" \\\\ c # d"',
            "set ftp.password geheim",
            "set reset.days Mon,Thu",
            "set reset.time 03:30",
            "set time.zone CET-1CEST,M3.5.0,M10.5.0/3",
            "set battery.undertemperature -15",
        ])
            expect(await from.run(line), line).toBe("ok\n")
        const block = await from.run("export")
        expect(block).not.toContain("geheim")
        expect(block).toContain("# ftp.password is set\n")
        expect(block).toContain('# set user.serial "ACME-7"\n')
        const to = new ConsoleBench()
        for (const line of lines(block)) {
            await to.run(line)
            expect(to.refused, line).toBe(false)
        }
        expect(to.settings.text(Key.FtpPassword)).toBe("")
        expect(to.settings.text(Key.UserSerial)).toBe("BMS-AB12")
        await to.run("set user.serial ACME-7")
        await from.run('set ftp.password ""')
        expect(await to.run("export")).toBe(await from.run("export"))
    })

    it("apply nothing when a line is wrong, and name every wrong line", async () => {
        const bench = new ConsoleBench()
        expect(await bench.run("import")).toBe(
            'ok, up to "end"; the serial number stays unless the block sets user.serial\n',
        )
        await bench.run("set ftp.port 2121")
        expect(await bench.run("set ftp.port 70000")).toContain("error: line 2: ftp.port: 70000")
        await bench.run("# a comment")
        expect(await bench.run("set nope 1")).toContain("error: line 4: unknown setting nope")
        expect(await bench.run('set ftp.host "x')).toContain("error: line 5: the closing")
        expect(await bench.run("status")).toContain('error: line 6: a block has lines "set')
        expect(await bench.run("end")).toBe("error: nothing was changed; wrong lines: 2 4 5 6\n")
        expect(bench.settings.number(Key.FtpPort)).toBe(21)
        expect(bench.flash.writes).toBe(0)
        expect(await bench.run("status")).toContain("version")
    })

    it("apply nothing when the flash refuses a write in the middle", async () => {
        const bench = new ConsoleBench()
        bench.flash.refuseAfter = 1
        for (const line of ["import", "set ftp.port 2121", "set sd.period 5", "set ftp.user bob"])
            await bench.run(line)
        expect(await bench.run("end")).toContain("flash refused")
        expect([bench.settings.number(Key.FtpPort), bench.settings.number(Key.SdPeriod)]).toEqual([
            21, 60,
        ])
    })

    it("use the last line for a key, and drop the block on abort", async () => {
        const bench = new ConsoleBench()
        for (const line of ["import", "set ftp.port 1", "set ftp.port 2"]) await bench.run(line)
        expect(await bench.run("end")).toBe(
            "ok, 1 settings; secrets not set: ftp.password, wifi.password, console.password\n",
        )
        expect(bench.settings.number(Key.FtpPort)).toBe(2)
        for (const line of ["import", "set ftp.port 3", " abort "]) await bench.run(line)
        expect(bench.settings.number(Key.FtpPort)).toBe(2)
        expect(await bench.run("status")).toContain("version")
    })

    it("say which secrets are still missing", async () => {
        const bench = new ConsoleBench()
        for (const line of [
            "set wifi.password geheim-1",
            "passwd tief",
            "import",
            "set sd.period 9",
        ])
            await bench.run(line)
        expect(await bench.run("end")).toBe("ok, 1 settings; secrets not set: ftp.password\n")
        for (const line of ["set ftp.password geheim", "import"]) await bench.run(line)
        expect(await bench.run("end")).toBe("ok, 0 settings\n")
    })

    it("keep the blocks of two consoles separate", async () => {
        const bench = new ConsoleBench()
        const other = Object.assign(
            Object.create(Object.getPrototypeOf(bench.session)),
            bench.session,
        )
        await bench.run("import")
        expect(await bench.run("status", other)).toContain("version")
        await bench.run("abort")
    })
})
