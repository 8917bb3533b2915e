import { beforeEach, describe, expect, it } from "vitest"
import { carryOut } from "../../../console/assistance"
import { BoardPrompt } from "../../../console/boardprompt"
import { Catalog } from "../../../console/catalog"
import { Completer } from "../../../console/completer"
import { helpOn, ownCommands } from "../../../console/help"
import { flags, manual, ownLines } from "../../../console/manual"
import { changesBetween, suggestion } from "../../../console/suggestion"
import { alarmCount, alarmName } from "../../../src/core/alarm"
import { commandRow } from "../../../src/console/commandtable"
import { keyCount, Row } from "../../../src/settings/schema"
import { ConsoleBench } from "../../support/consoleparts"

let bench: ConsoleBench
let catalog: Catalog
beforeEach(async () => {
    bench = new ConsoleBench()
    catalog = Catalog.fromDescription(await bench.run("describe"))
})

describe("help", () => {
    it("knows every command, every setting, every section and every flag of the firmware", () => {
        for (let i = 0; commandRow(i) !== ""; ++i)
            expect(helpOn(commandRow(i).split(";")[0], catalog), commandRow(i)).toBeDefined()
        for (let key = 0; key < keyCount; ++key) {
            const { name } = new Row(key)
            const help = helpOn(name, catalog)!
            expect(help.line).toBe(`show ${name}`)
            expect(help.text).toMatch(/example: |is kept by the board/)
            expect(helpOn(name.split(".")[0], catalog)).toBeDefined()
        }
        const names = Array.from({ length: alarmCount }, (_, bit) => alarmName(bit))
        expect(Object.keys(flags)).toEqual(names.filter(name => name !== ""))
        for (const name of Object.keys(flags))
            expect(helpOn(name, catalog)!.text).toContain(flags[name])
    })

    it("gives examples that the board accepts", async () => {
        for (let key = 0; key < keyCount; ++key) {
            const { name } = new Row(key)
            const [, line] = /example: (set .*)$/m.exec(helpOn(name, catalog)!.text) ?? []
            // The terminal translates names of zones.
            if (!line || /which asks|Europe/.test(line)) continue
            await bench.run(line)
            expect(bench.refused, line).toBe(false)
        }
    })

    it("accepts flags and commands in any case, and knows FTP as both", () => {
        expect(helpOn("cell_imbalance", catalog)).toEqual(helpOn("CELL_IMBALANCE", catalog))
        expect(helpOn("FTP", catalog)!.text).toMatch(/^error flag FTP/)
        expect(helpOn("ftp", catalog)!.line).toBe("help ftp")
        expect(helpOn("Card LS", catalog)!.line).toBe("help card")
        expect(helpOn("nonsense", catalog)).toBeUndefined()
    })

    it("shows the requested command's notes and examples, without the page's directives", () => {
        const { text } = helpOn("card tail", catalog)!
        expect(text).toContain("card tail log/20261122.csv 2")
        expect(text).not.toContain("card cat")
        expect(helpOn("card eject", catalog)!.text).not.toMatch(/!out|\+5/)
    })

    it("lists the terminal's own lines, and the keys", () => {
        const { line, text } = helpOn("", catalog)!
        expect(line).toBe("help")
        for (const words of Object.keys(ownLines)) expect(text).toContain(`\n${words} `)
        expect(helpOn("keys", catalog)!.text).toContain("Tab")
        expect(helpOn("log", catalog)!.text).toContain("[off|errors|on]")
        expect(helpOn("wifi", catalog)!.text).toContain("wifi scan ")
    })
})

describe("did you mean", () => {
    it.each([
        ["HELP", 'did you mean "help"?'],
        ["ls", 'did you mean "card ls"?'],
        ["statsu", 'did you mean "status"?'],
        ["jornal", 'did you mean "journal"?'],
        ["reboot", 'did you mean "reset now"?'],
        ["set sd.perod 5", 'did you mean "set sd.period"?'],
        ["set ssid shed", 'did you mean "set wifi.ssid"?'],
        ["show period", 'did you mean "show sd.period" or "ftp.period"?'],
        ["set time.zone Europe/Berln", 'did you mean "set time.zone Europe/Berlin"?'],
        ["help sd.perod", 'did you mean "help sd.period"?'],
        ["help CEL_IMBALANCE", 'did you mean "help CELL_IMBALANCE"?'],
        ["sd.period", 'did you mean "show sd.period"?'],
        ["sd.period=5", 'did you mean "set sd.period"?'],
        ["ftp.password geheim", 'did you mean "set ftp.password"?'],
        ["sd", 'did you mean "show sd"?'],
        ["CELL_IMBALANCE", 'did you mean "help CELL_IMBALANCE"?'],
        ["show clock", 'did you mean "help CLOCK"?'],
        ["card lst", 'did you mean "card ls"?'],
        ["wifi sacn", 'did you mean "wifi scan"?'],
        ["ftp resand 2026-11-22", 'did you mean "ftp resend"?'],
    ])("of %j: %s", (line, expected) => {
        expect(suggestion(line, catalog)).toBe(expected)
    })

    it("lists the choices if nothing is similar, and says that the console deletes nothing", () => {
        expect(suggestion("time zone", catalog)).toBe("commands: time, time set, time sync")
        for (const line of ["card rm x", "rm x", "del LOG"])
            expect(suggestion(line, catalog)).toMatch(
                /^the console cannot change files on the card/,
            )
    })

    it("is silent about other refusals, and repeats no passwords", () => {
        for (const line of [
            "set sd.period 0",
            "card cat nothing",
            "xyzzy",
            "login wrong",
            "ftp test",
        ])
            expect(suggestion(line, catalog), line).toBeUndefined()
        for (const line of ["set ftp.pasword geheim", "pasword geheim", "logn geheim"])
            expect(suggestion(line, catalog), line).not.toContain("geheim")
    })

    it("counts swapped letters as one change", () => {
        expect(changesBetween("status", "statsu")).toBe(1)
        expect(changesBetween("", "abc")).toBe(3)
        expect(changesBetween("kitten", "sitting")).toBe(3)
    })
})

describe("a line at the prompt", () => {
    let completer: Completer
    let printed: string[]
    const at = async (line: string) =>
        await carryOut(line, {
            completer,
            run: async each => {
                printed.push(await bench.run(each))
                const status = bench.refused ? 1 : 0
                completer.ran(each, { status })
                return { status }
            },
            print: text => void printed.push(text),
        })
    beforeEach(() => {
        printed = []
        completer = new Completer(
            () => ({
                execute: async (line, onText) => {
                    onText(await bench.run(line))
                    return { status: bench.refused ? 1 : 0 }
                },
                cancel: async () => undefined,
            }),
            ownCommands,
        )
    })

    it("shows the board's help, then the manual", async () => {
        expect(await at("help sd.period")).toEqual({ status: 0 })
        expect(printed[0]).toContain("1–86400 s")
        expect(printed[1]).toBe("  default: 60 s\n  example: set sd.period 60\n")
        expect(await at("help CLOCK")).toEqual({ status: 0 })
        expect(printed[2]).toContain("error flag CLOCK")
    })

    it("does not wait for the board's description if the manual is enough", async () => {
        completer.known = () => Promise.reject(new Error("asked"))
        expect(await at("help")).toEqual({ status: 0 })
        expect(await at("help card tail")).toEqual({ status: 0 })
        await expect(at("help sd.period")).rejects.toThrow("asked")
    })

    it("is refused as before, with a suggestion", async () => {
        expect(await at("HELP")).toEqual({ status: 1 })
        expect(printed).toEqual([
            'error: unknown command HELP; "help" lists them\n',
            'did you mean "help"?\n',
        ])
    })

    it("on a locked board gets help on commands", async () => {
        await bench.run("passwd tief")
        await bench.run("logout")
        expect(await at("help card")).toEqual({ status: 0 })
        expect(await at("help sd.period")).toEqual({ status: 1 })
    })

    it("belongs to an open block", async () => {
        await at("import")
        await at("help")
        expect(printed.at(-1)).toMatch(/^error: line 1: a block has lines/)
        await at("abort")
        await at("help")
        expect(printed.at(-1)).toContain("log [off|errors|on]")
    })
})

describe("the prompt", () => {
    const prompt = () =>
        new BoardPrompt(async (line, onText) => {
            onText(await bench.run(line))
            return { status: bench.refused ? 1 : 0 }
        })

    it("is the serial number, after one line with the board and its state", async () => {
        const one = prompt()
        expect(one.text()).toBe("bms>")
        expect(await one.greet()).toBe("BMS-AB12, version 0.1.0, alarms: none")
        expect(one.text()).toBe("BMS-AB12>")
        await bench.run("set user.serial ACME-7")
        await one.ran("set sd.period 5")
        expect(one.text()).toBe("BMS-AB12>")
        await one.ran("set user.serial ACME-7")
        expect(one.text()).toBe("ACME-7>")
    })

    it("shows a locked board", async () => {
        await bench.run("passwd tief")
        await bench.run("logout")
        const one = prompt()
        expect(await one.greet()).toBe("log in first: login <password>")
        expect(one.text()).toBe("bms>")
        await bench.run("login tief")
        await one.ran("login tief")
        expect(one.text()).toBe("BMS-AB12>")
    })
})

it("the manual has no command twice", () => {
    const words = manual.flatMap(([, entries]) => entries.map(one => one.words))
    expect(new Set(words).size).toBe(words.length)
})
