import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Key } from "../../../src/settings/keys"
import { commandRow, findCommand, synopsis } from "../../../src/console/commandtable"
import { Call } from "../../../src/console/call"
import { runCommand } from "../../../src/console/commands/runcommand"
import { Session } from "../../../src/console/session"
import { quote, splitWords } from "../../../src/console/words"
import { ConsoleBench } from "../../support/consoleparts"

function rows(): string[][] {
    const all: string[][] = []
    for (let i = 0; commandRow(i) !== ""; ++i) all.push(commandRow(i).split(";"))
    return all
}

describe("the command table", () => {
    it("has three parts in each line, and a help text", () => {
        for (const row of rows()) {
            expect(row, row[0]).toHaveLength(3)
            expect(row[2].length, row[0]).toBeGreaterThan(5)
        }
    })

    it("has required arguments before optional ones", () => {
        for (const [words, takes] of rows())
            expect(takes, words).toMatch(/^(<[a-z|]+>( <[a-z|]+>)*)?( ?\[[a-z|]+\])*$/)
    })

    it("uses only argument names from the console's documentation", () => {
        const spec = readFileSync("docs/reference/console-service.md", "utf8")
        for (const [words, takes] of rows())
            for (const [name] of takes.matchAll(/[a-z]+/g))
                expect(spec, words).toContain(`| \`${name}\` |`)
    })

    it("has one function per line, and none without a line", () => {
        const source = readFileSync("src/console/commands/runcommand.ts", "utf8")
        const pairs = [...source.matchAll(/words === "(.+)"\) await (\w+)\(call\)$/gm)]
        const functions = pairs.map(([, , name]) => name)
        expect(pairs.map(([, words]) => words)).toEqual(rows().map(([words]) => words))
        expect(new Set(functions).size).toBe(rows().length)
        const commands = readdirSync("src/console/commands")
            .filter(file => file !== "runcommand.ts")
            .map(file => readFileSync(`src/console/commands/${file}`, "utf8"))
            .flatMap(text => [
                ...text.matchAll(/^export async function (\w+)\(call: Call\): Promise<void>/gm),
            ])
            .map(([, name]) => name)
        expect(commands.sort()).toEqual(functions.sort())
    })

    it("runs a function for each line, and none for other words", async () => {
        const used = new Proxy({} as Call, {
            get() {
                throw new Error("used")
            },
        })
        for (const [words] of rows())
            await expect(runCommand(words, used), words).rejects.toThrow("used")
        for (const words of ["", "card foo", "ls", "toString", "help;[command]"])
            await expect(runCommand(words, used), words).resolves.toBeUndefined()
    })

    it("finds a command only by all its words", () => {
        expect(synopsis(findCommand("card tail"))).toBe("card tail <file> [lines]")
        expect(findCommand("card t")).toBe("")
        expect(findCommand("ard")).toBe("")
        expect(findCommand("card ls;[directory]")).toBe("")
        expect(findCommand("card ls;[directory];list the card's files\ncard cat")).toBe("")
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
        it(`splits ${JSON.stringify(line)}`, () => expect(splitWords(line)).toEqual(words))

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

    it("restores quoted text", () => {
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

    const surplus = "error: unknown or surplus argument"
    const refused = [
        { line: "frobnicate", message: 'error: unknown command frobnicate; "help" lists them\n' },
        { line: "toString", message: 'error: unknown command toString; "help" lists them\n' },
        { line: "constructor", message: 'error: unknown command constructor; "help" lists them\n' },
        { line: "help;[command]", message: "error: unknown command help;[command];" },
        {
            line: "set",
            message: 'error: <key> is missing; usage: set <key> <value>; see "help set"\n',
        },
        {
            line: "set ftp.port",
            message: 'error: <value> is missing; usage: set <key> <value>; see "help set"\n',
        },
        {
            line: "card cat",
            message: "error: <file> is missing; usage: card cat <file> [offset]; see",
        },
        {
            line: "defaults",
            message: "error: <key|section|all> is missing; usage: defaults <key|section|all> [yes]",
        },
        { line: "set ftp.port 1 2", message: surplus + "; usage: set <key>" },
        { line: "card tail a 1 2", message: surplus + "; usage: card tail <file> [lines]" },
        { line: "card foo", message: surplus + ' foo; usage: card; see "help card"' },
        { line: 'card "ls;[directory]"', message: surplus + " ls;[directory]; usage: card; see" },
        { line: "status now", message: surplus + " now; usage: status" },
        { line: `status ${"y".repeat(90)}`, message: surplus + ` ${"y".repeat(40)}...; usage` },
        { line: "login a b", message: surplus + "; usage: login <password>" },
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

    it("guards everything except help and login", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        await bench.run("logout")
        for (const [words, takes] of rows()) {
            if (words === "help" || words === "login") continue
            const line = words + " x".repeat(takes.split("<").length - 1)
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
        const stored = bench.settings.text(Key.ConsolePassword)
        expect(stored).toMatch(/^0707070707070707[0-9a-f]{64}$/)
        expect(await bench.run("show console.password")).toContain(" set ")
    })

    it("locks every console for a minute after five wrong tries, and says how long", async () => {
        const bench = new ConsoleBench()
        const other = new Session()
        await bench.run("passwd geheim")
        await bench.run("logout")
        const locked = (seconds: number) =>
            `error: locked after five wrong tries; wait ${seconds} s\n`
        const wrongTry = async (session?: Session) =>
            expect(await bench.run("login x", session)).toBe("error: wrong password\n")
        for (let i = 0; i < 3; ++i) await wrongTry()
        for (let i = 0; i < 2; ++i) await wrongTry(other)
        for (const session of [bench.session, other, new Session()])
            expect(await bench.run("login geheim", session)).toBe(locked(60))
        bench.nowMs += 58_999
        expect(await bench.run("login geheim")).toBe(locked(2))
        bench.nowMs += 1
        expect(await bench.run("login geheim")).toBe(locked(1))
        bench.nowMs += 999
        // A try during the lock neither counts nor extends it.
        expect(await bench.run("login x")).toBe(locked(1))
        bench.nowMs += 1
        await wrongTry()
        expect(await bench.run("login geheim")).toBe("ok\n")
    })

    it("locks again after five more, and restarts the count after a log-in", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        const other = new Session()
        const tries = async (count: number) => {
            for (let i = 0; i < count; ++i)
                expect(await bench.run("login x", other)).toBe("error: wrong password\n")
        }
        await tries(4)
        expect(await bench.run("login geheim")).toBe("ok\n")
        await tries(5)
        expect(await bench.run("login x", other)).toContain("error: locked")
        bench.nowMs += 60_000
        await tries(5)
        expect(await bench.run("login x", other)).toContain("error: locked")
        // A logged-in console keeps working.
        expect(await bench.run("status")).toContain("version")
    })

    it("ends after ten idle minutes", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        bench.nowMs += 600_000
        expect(await bench.run("status")).toContain("version")
        bench.nowMs += 600_001
        expect(await bench.run("status")).toBe("error: log in first: login <password>\n")
    })

    it("has also ended when the first line after those minutes is help or a comment", async () => {
        for (const line of ["help", "# still there?", "nonsense", "", "login wrong"]) {
            const bench = new ConsoleBench()
            await bench.run("passwd geheim")
            bench.nowMs += 600_001
            await bench.run(line)
            expect(await bench.run("status"), line).toContain("log in first")
        }
    })

    it("counts the idle minutes from the end of a long output", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        await bench.run("set ftp.host example.org")
        const { sendOut } = bench.output
        bench.output.sendOut = async () => void (bench.nowMs += 3_600_000)
        expect(await bench.run("ftp test")).toContain("log-in accepted")
        bench.output.sendOut = sendOut
        bench.nowMs += 600_000
        expect(await bench.run("status")).toContain("version")
    })

    it("ends at logout, and needs the exact password", async () => {
        const bench = new ConsoleBench()
        const password = 'Ge "h\\eim" µ€ '
        await bench.run(`passwd ${quote(password)}`)
        expect(await bench.run("logout")).toBe("ok\n")
        for (const wrong of ["", password.trim(), password.toLowerCase(), password + "x"])
            expect(await bench.run(`login ${quote(wrong)}`)).toBe("error: wrong password\n")
        expect(await bench.run("status")).toContain("log in first")
        expect(await bench.run(`login ${quote(password)}`)).toBe("ok\n")
    })

    it("keeps the old password in force when the new one cannot be stored", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        bench.flash.refuseAfter = bench.flash.writes
        expect(await bench.run("passwd neu")).toBe("error: flash refused\n")
        expect(await bench.run("status")).toContain("version")
        await bench.run("logout")
        expect(await bench.run("login neu")).toBe("error: wrong password\n")
        expect(await bench.run("login geheim")).toBe("ok\n")
    })

    it("is also needed after a restart", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        const next = new ConsoleBench()
        for (const [key, value] of bench.flash.values) next.flash.values.set(key, value)
        await next.settings.load()
        expect(await next.run("status")).toContain("log in first")
        expect(await next.run("login geheim")).toBe("ok\n")
    })

    it("leaves no password anywhere: flash, session, output", async () => {
        const bench = new ConsoleBench()
        const secret = "Geheim4711"
        let shown = ""
        for (const line of [
            `passwd ${secret}`,
            "logout",
            `login ${secret}`,
            `login x ${secret}`,
            `passwd x ${secret}`,
            `set console.password ${secret}`,
            `set ftp.password ${secret} x`,
            `set ftp.password "${secret}\\n"`,
            `set wifi.password ${secret.repeat(7)}`,
            `set wifi.password "${secret}`,
            "import",
            `set wifi.password ${secret.repeat(7)}`,
            `set wifi.password ${secret} x`,
            `set console.password ${secret}`,
            "end",
            "show",
            "export",
            "describe",
        ])
            shown += await bench.run(line)
        expect(shown).not.toContain(secret)
        expect(shown).toContain("wifi.password: the value is not empty or 8\u201363 bytes")
        const stored = [...bench.flash.values.values()].map(value => value.toString("utf8"))
        expect(stored.join()).not.toContain(secret)
        expect(JSON.stringify(bench.session)).not.toContain(secret)
    })

    it("belongs to one console, and ends on all others when the password changes", async () => {
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

    it("drops an import block when it ends", async () => {
        const bench = new ConsoleBench()
        await bench.run("passwd geheim")
        await bench.run("import")
        bench.nowMs += 600_001
        expect(await bench.run("set ftp.port 22")).toContain("log in first")
        expect(await bench.run("end")).toContain("unknown command end")
        expect(await bench.run("login geheim")).toBe("ok\n")
        expect(bench.settings.number(Key.FtpPort)).toBe(21)
    })
})

it("the protocol in services/console.md matches the host's constants", async () => {
    const protocol = await import("../../../console/protocol")
    const spec = readFileSync("services/console.md", "utf8")
    expect(spec).toContain(`identifier: 0x${protocol.consoleServiceClass.toString(16)}`)
    for (const [name, value] of Object.entries({ ...protocol.ReportFlags, ...protocol.Mode }))
        if (typeof value === "number") expect(spec).toContain(`${name} = 0x${value.toString(16)}\n`)
    expect(spec).toContain(`command execute @ 0x${protocol.Command.Execute.toString(16)} {`)
    expect(spec).toContain(`command cancel @ 0x${protocol.Command.Cancel.toString(16)} {`)
})
