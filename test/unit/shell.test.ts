import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { commandRow, findCommand, synopsis } from "../../src/console/commandtable"
import { firstWords, handlers } from "../../src/console/commands/handlers"
import { quote, splitWords } from "../../src/console/words"
import { ConsoleBench } from "../support/consoleparts"

function rows(): string[][] {
    const all: string[][] = []
    for (let i = 0; commandRow(i) !== ""; ++i) all.push(commandRow(i).split(";"))
    return all
}

describe("the command table", () => {
    it("has four parts in each line, and a help text", () => {
        for (const row of rows()) {
            expect(row, row[0]).toHaveLength(4)
            expect(row[3].length, row[0]).toBeGreaterThan(5)
        }
    })

    it("counts the arguments as they are written", () => {
        for (const [words, counts, takes] of rows()) {
            const least = takes.split("<").length - 1
            const most = least + takes.split("[").length - 1
            expect(counts, words).toBe(`${least}${most}`)
        }
    })

    it("has a handler for each first word, and no handler without a line", () => {
        const first = new Set(rows().map(([words]) => words.split(" ")[0]))
        expect(firstWords.split(",")).toEqual([...first])
        expect(handlers.length).toBe(first.size)
    })

    it("finds a command by all its words only", () => {
        expect(synopsis(findCommand("card tail"))).toBe("card tail <file> [lines]")
        expect(findCommand("card t")).toBe("")
        expect(findCommand("ard")).toBe("")
    })
})

describe("splitting a line into words", () => {
    const table = [
        { line: "", words: [] },
        { line: "   ", words: [] },
        { line: " a  bc ", words: ["a", "bc"] },
        { line: 'set x ""', words: ["set", "x", ""] },
        { line: 'set x "a b"', words: ["set", "x", "a b"] },
        { line: 'a" "b', words: ["a b"] },
        { line: String.raw`"\"\\\r\n\t\x41"`, words: ['"\\\r\n\tA'] },
        { line: String.raw`a\nb`, words: [String.raw`a\nb`] },
        { line: "Straße µΩ", words: ["Straße", "µΩ"] },
    ]
    for (const { line, words } of table)
        it(`takes ${JSON.stringify(line)}`, () => expect(splitWords(line)).toEqual(words))

    const wrong = [
        { line: '"abc', message: 'the closing " is missing' },
        { line: '"abc\\', message: "unknown escape" },
        { line: String.raw`"\q"`, message: "unknown escape" },
        { line: String.raw`"\x4"`, message: "unknown escape" },
        { line: String.raw`"\xzz"`, message: "unknown escape" },
        { line: "a\tb", message: "control characters" },
        { line: "a\u0000b", message: "control characters" },
        { line: "a\u007fb", message: "control characters" },
        { line: "a\ufffdb", message: "not UTF-8" },
    ]
    for (const { line, message } of wrong)
        it(`refuses ${JSON.stringify(line)}`, () => expect(() => splitWords(line)).toThrow(message))

    it("takes back what was quoted", () => {
        for (const text of ["", "a b", '"', "\\", '\\"x\\\\', "#", "Straße"]) {
            expect(splitWords(quote(text))).toEqual([text])
            expect(JSON.parse(quote(text))).toBe(text)
        }
    })
})

describe("the shell", () => {
    it("does nothing for an empty line and a comment", async () => {
        const bench = new ConsoleBench()
        for (const line of ["", "  ", "# set ftp.port 1"]) {
            expect(await bench.run(line)).toBe("")
            expect(bench.refused).toBe(false)
        }
    })

    const refused = [
        { line: "frobnicate", message: 'error: unknown command frobnicate; "help" lists them\n' },
        { line: "toString", message: 'error: unknown command toString; "help" lists them\n' },
        { line: "constructor", message: 'error: unknown command constructor; "help" lists them\n' },
        { line: "help;01;[command]", message: "error: unknown command help;01;[command];" },
        { line: "set", message: "error: an argument is missing; usage: set <key> <value>; see" },
        {
            line: "set ftp.port",
            message: "error: an argument is missing; usage: set <key> <value>; see",
        },
        {
            line: "set ftp.port 1 2",
            message: "error: unknown or surplus argument; usage: set <key>",
        },
        {
            line: "card foo",
            message: 'error: unknown or surplus argument; usage: card; see "help card"',
        },
        { line: "status now", message: "error: unknown or surplus argument; usage: status" },
        {
            line: "login a b",
            message: "error: unknown or surplus argument; usage: login <password>",
        },
        { line: '"a\\nb"', message: 'error: unknown command a?b; "help" lists them\n' },
    ]
    for (const { line, message } of refused)
        it(`refuses ${JSON.stringify(line)} in one line`, async () => {
            const bench = new ConsoleBench()
            const text = await bench.run(line)
            expect(text).toContain(message)
            expect(text.trimEnd()).not.toContain("\n")
            expect(bench.refused).toBe(true)
            expect(bench.flash.writes).toBe(0)
        })

    it("answers a line of 10 kB with one short line", async () => {
        const text = await new ConsoleBench().run("x".repeat(10_000))
        expect(text.length).toBeLessThan(120)
        expect(text.split("\n")).toHaveLength(2)
    })

    it("answers every byte value in one line", async () => {
        const bench = new ConsoleBench()
        for (let code = 0; code < 256; ++code) {
            const text = await bench.run(`set user.address ${String.fromCharCode(code)}`)
            expect(text.trimEnd(), `code ${code}`).not.toContain("\n")
        }
    })

    it("never repeats a password in an error", async () => {
        const bench = new ConsoleBench()
        for (const line of ["login geheim x", "passwd geheim x", "set ftp.password geheim x"])
            expect(await bench.run(line)).not.toContain("geheim")
        expect(await bench.run(`set wifi.password geheim`)).not.toContain("geheim")
    })
})

describe("log-in", () => {
    it("is not needed while no password is set", async () => {
        const bench = new ConsoleBench()
        expect(await bench.run("status")).toContain("version")
    })

    it("guards everything but help and login", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        await bench.run("logout")
        for (const [words, counts] of rows()) {
            if (words === "help" || words === "login") continue
            const line = words + " x".repeat(Number(counts[0]))
            expect(await bench.run(line), line).toBe("error: log in first: login <password>\n")
        }
        expect(await bench.run("help")).toContain("login <password>")
        expect(await bench.run("login falsch")).toBe("error: wrong password\n")
        expect(await bench.run("login geheim")).toBe("ok\n")
        expect(await bench.run("status")).toContain("version")
    })

    it("keeps a salted hash, not the password", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        const stored = bench.settings.text(42)
        expect(stored).toMatch(/^0707070707070707[0-9a-f]{64}$/)
        expect(await bench.run("show console.password")).toContain(" set ")
    })

    it("locks for a minute after five wrong tries, for every console", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        await bench.run("logout")
        for (let i = 0; i < 5; ++i)
            expect(await bench.run("login x")).toBe("error: wrong password\n")
        expect(await bench.run("login geheim")).toContain("error: locked for a minute")
        bench.nowMs += 59_000
        expect(await bench.run("login geheim")).toContain("error: locked for a minute")
        bench.nowMs += 1_000
        expect(await bench.run("login geheim")).toBe("ok\n")
    })

    it("ends after ten idle minutes", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        bench.nowMs += 600_000
        expect(await bench.run("status")).toContain("version")
        bench.nowMs += 600_001
        expect(await bench.run("status")).toContain("log in first")
    })

    it("is one console's own, and ends everywhere else when the password changes", async () => {
        const bench = new ConsoleBench()
        const other = Object.assign(
            Object.create(Object.getPrototypeOf(bench.session)),
            bench.session,
        )
        await bench.run("passwd geheim")
        expect(await bench.run("status", other)).toContain("log in first")
        await bench.run("login geheim", other)
        expect(await bench.run("status", other)).toContain("version")
        await bench.run("passwd neu")
        expect(await bench.run("status", other)).toContain("log in first")
        expect(await bench.run("status")).toContain("version")
        await bench.run('passwd ""')
        other.proof = ""
        expect(await bench.run("status", other)).toContain("version")
    })

    it("drops an import block that was begun before the log-in ended", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        await bench.run("import")
        bench.nowMs += 600_001
        expect(await bench.run("set ftp.port 22")).toContain("log in first")
        expect(await bench.run("end")).toContain("unknown command end")
        expect(await bench.run("login geheim")).toBe("ok\n")
        expect(bench.settings.number(7)).toBe(21)
    })
})

it("keeps the protocol in services/console.md and in the host's constants the same", async () => {
    const protocol = await import("../../console/protocol")
    const spec = readFileSync("services/console.md", "utf8")
    expect(spec).toContain(`identifier: 0x${protocol.consoleServiceClass.toString(16)}`)
    for (const [name, value] of Object.entries({ ...protocol.ReportFlags, ...protocol.Mode }))
        if (typeof value === "number") expect(spec).toContain(`${name} = 0x${value.toString(16)}\n`)
    expect(spec).toContain(`command execute @ 0x${protocol.Command.Execute.toString(16)} {`)
    expect(spec).toContain(`command cancel @ 0x${protocol.Command.Cancel.toString(16)} {`)
})
