import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Catalog, parseDescription } from "../../../console/catalog"
import { Completer } from "../../../console/completer"
import { History, historyPath } from "../../../console/history"
import { LogText, printable } from "../../../console/logtext"
import { Screen } from "../../../console/screen"
import { hidesSecret, quoteWord, secretQuestion, withoutSecret } from "../../../console/secrets"
import { Style } from "../../../console/style"
import { type Prompt, runTerminal, type TerminalOptions } from "../../../console/terminal"

const description = [
    { kind: "bms-mini", format: 1 },
    { kind: "setting", key: "sd.enable", type: "flag", unit: "" },
    { kind: "setting", key: "sd.period", type: "number", unit: "s" },
    { kind: "setting", key: "battery.chemistry", type: "enum", unit: "LFP,NMC" },
    { kind: "setting", key: "reset.days", type: "days", unit: "" },
    { kind: "setting", key: "reset.count", type: "count", unit: "" },
    { kind: "setting", key: "ftp.password", type: "secret", unit: "" },
    { kind: "setting", key: "console.password", type: "hash", unit: "" },
    { kind: "command", words: "help", arguments: "[command]" },
    { kind: "command", words: "status", arguments: "" },
    { kind: "command", words: "show", arguments: "[key|section]" },
    { kind: "command", words: "set", arguments: "<key> <value>" },
    { kind: "command", words: "defaults", arguments: "<key|section|all> [yes]" },
    { kind: "command", words: "card", arguments: "" },
    { kind: "command", words: "card ls", arguments: "[directory]" },
    { kind: "command", words: "card cat", arguments: "<file>" },
    { kind: "command", words: "login", arguments: "<password>" },
    { kind: "future", member: 1 },
    { kind: "alarm", name: "FTP", bit: 18, active: false },
    { kind: "state", name: "up", value: "0 d" },
]
    .map(one => JSON.stringify(one))
    .join("\n")
const help =
    "help [command]                    list the commands\nlogin <password>                  log in\n"

describe("the description of the board", () => {
    it("becomes one document, without what it does not know", () => {
        const { format, settings, commands, alarms, state } = parseDescription(description)
        expect([format, settings.length, commands.length]).toEqual([1, 7, 9])
        expect(alarms).toEqual([{ name: "FTP", bit: 18, active: false }])
        expect(state).toEqual([{ name: "up", value: "0 d" }])
    })

    it("is refused when its beginning is missing or a line is cut", () => {
        expect(() => parseDescription("")).toThrow(SyntaxError)
        expect(() => parseDescription(description.slice(5))).toThrow(SyntaxError)
        expect(() => parseDescription(description.slice(0, -5))).toThrow(SyntaxError)
    })
})

/** A board that answers from a table, after as long as it is told. */
class FakeBoard {
    readonly lines: string[] = []
    readonly answers: Record<string, string | undefined> = {
        describe: description,
        "card ls": "LOG                <DIR>\nLOGSENT.TXT          254\n",
        "card ls LOG": "20261122.CSV         217\n20261123.CSV          11\n",
        help,
    }
    delayMs = 0
    cancelled = 0

    async execute(line: string, onText: (text: string) => void): Promise<{ status: number }> {
        this.lines.push(line)
        const before = this.cancelled
        for (const endMs = Date.now() + this.delayMs; Date.now() < endMs; await sleep(5))
            if (this.cancelled > before) return { status: 1 }
        onText(this.answers[line] ?? "error: log in first: login <password>\n")
        return { status: this.answers[line] === undefined ? 1 : 0 }
    }

    async cancel(): Promise<void> {
        this.cancelled++
    }
}

describe("completion", () => {
    let board: FakeBoard
    let completer: Completer
    beforeEach(() => {
        board = new FakeBoard()
        completer = new Completer(() => board)
    })

    it.each([
        ["sta", ["status"]],
        ["s", ["set", "show", "status"]],
        ["set sd.e", ["sd.enable "]],
        ["set reset.", ["reset.days "]],
        ["show reset.", ["reset.count", "reset.days"]],
        ["show bat", ["battery", "battery.chemistry"]],
        ["set sd.enable o", ["off", "on"]],
        ["set battery.chemistry n", ["NMC"]],
        ["set reset.days Mon,T", ["Mon,Thu", "Mon,Tue"]],
        ["set ftp.password ", []],
        ["card ", ["cat", "ls"]],
        ["card c", ["cat "]],
        ["card cat ", ["LOG/", "LOGSENT.TXT"]],
        ["card cat log/2026112", ["LOG/20261122.CSV", "LOG/20261123.CSV"]],
        ["card cat log/20261123", ["LOG/20261123.CSV"]],
        ["card ls l", ["LOG/"]],
        ["help car", ["card"]],
        ["defaults all", ["all "]],
        ["defaults all y", ["yes"]],
        ["nonsense x", []],
    ])("of %j offers %j", async (line, expected) => {
        expect((await completer.complete(line))[0]).toEqual(expected)
    })

    it("asks for a directory once, and again after a card command", async () => {
        await completer.complete("card cat ")
        await completer.complete("card cat L")
        expect(board.lines).toEqual(["describe", "card ls"])
        completer.ran("card format yes", { status: 0 })
        await completer.complete("card cat ")
        expect(board.lines).toEqual(["describe", "card ls", "card ls"])
    })

    it("knows the commands before the log-in, and the rest after it", async () => {
        board.answers.describe = undefined
        expect((await completer.complete("l"))[0]).toEqual(["login "])
        await completer.learn()
        expect(board.lines).toEqual(["describe", "help"])
        board.answers.describe = description
        completer.ran("login x", { status: 0 })
        expect((await completer.complete("set sd.p"))[0]).toEqual(["sd.period "])
    })

    it("asks nothing inside an import block", async () => {
        await completer.learn()
        completer.ran("import", { status: 0 })
        expect((await completer.complete("e"))[0]).toEqual(["end"])
        expect((await completer.complete("set sd.p"))[0]).toEqual(["sd.period "])
        completer.forget()
        completer.ran("import", { status: 0 })
        await completer.learn()
        expect(board.lines).toEqual(["describe"])
    })

    it("gives up after a while, and a person's line ends the question at once", async () => {
        board.delayMs = 60_000
        const startMs = Date.now()
        expect((await completer.complete("sta"))[0]).toEqual([])
        expect(Date.now() - startMs).toBeLessThan(10_000)
        await completer.stop()
        expect(board.cancelled).toBe(1)
        expect(board.lines).toEqual(["describe"])
    })
})

describe("secrets", () => {
    const catalog = Catalog.fromDescription(description)

    it.each([
        ["login hunter2", true],
        ["  passwd   hunter2", true],
        ["set ftp.password hunter2", true],
        ['set "ftp.password" hunter2', true],
        ["set wifi.password x", true],
        ["set ftp.password=hunter2", true],
        ["ftp.password hunter2", true],
        ["ftp.password=hunter2", true],
        ["pasword hunter2", true],
        ["logn hunter2", true],
        ["paswsd hunter2", true],
        ["logout now", false],
        ["log off", false],
        ["login", false],
        ["passwd", false],
        ["set ftp.password", false],
        ["set sd.period 5", false],
        ["show ftp.password", false],
    ])("%j has one: %s", (line, expected) => {
        expect(hidesSecret(line, catalog)).toBe(expected)
        expect(hidesSecret(line)).toBe(expected)
        expect(withoutSecret(line, catalog)).not.toContain("hunter2")
    })

    it("are asked for where they are left out, new ones twice", () => {
        expect(secretQuestion("login", catalog)?.prompts).toHaveLength(1)
        expect(secretQuestion("passwd", catalog)?.prompts).toHaveLength(2)
        const question = secretQuestion("set ftp.password", catalog)!
        expect(question.prompts).toHaveLength(2)
        expect(question.line('a "b" \\ c\x01')).toBe('set ftp.password "a \\"b\\" \\\\ c\\x01"')
        for (const line of ["login x", "set sd.period", "set", "status"])
            expect(secretQuestion(line, catalog)).toBeUndefined()
    })

    it("are quoted as the board reads them", () => {
        expect(quoteWord("Grüße 1")).toBe('"Grüße 1"')
    })
})

describe("the history", () => {
    let folder: string
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "history-"))))
    afterEach(() => rmSync(folder, { recursive: true, force: true }))

    it("is kept in a file that only the user can read, without repetitions", () => {
        const path = join(folder, "state", "bms-mini", "history")
        const troubles: string[] = []
        const history = new History(path, message => troubles.push(message))
        expect(history.load()).toEqual([])
        for (const line of ["status", "status", "show ftp"]) history.add(line)
        expect(readFileSync(path, "utf8")).toBe("status\nshow ftp\n")
        expect(statSync(path).mode & 0o777).toBe(0o600)
        expect(new History(path, message => troubles.push(message)).load()).toEqual([
            "status",
            "show ftp",
        ])
        expect(troubles).toEqual([])
    })

    it("does not grow without bound", () => {
        const path = join(folder, "history")
        const lines = Array.from({ length: 1500 }, (_, i) => `show ${i}`)
        writeFileSync(path, lines.join("\n") + "\n")
        expect(new History(path, () => {}).load()).toEqual(lines.slice(-500))
        expect(readFileSync(path, "utf8").split("\n")).toHaveLength(501)
    })

    it("says once that it cannot be kept", () => {
        const troubles: string[] = []
        writeFileSync(join(folder, "file"), "")
        const history = new History(join(folder, "file", "history"), one => troubles.push(one))
        history.add("one")
        history.add("two")
        expect(troubles).toHaveLength(1)
        expect(troubles[0]).toContain("the history is not kept")
    })

    it("lies where the user's programs keep such things", () => {
        if (process.platform === "win32") return
        expect(historyPath({ XDG_STATE_HOME: "/x" })).toBe("/x/bms-mini/history")
        expect(historyPath({})).toMatch(/\.local\/state\/bms-mini\/history$/)
    })
})

class FakeTty extends PassThrough {
    isTTY = true
    columns = 40
    shown = ""

    constructor() {
        super()
        this.on("data", text => (this.shown += text))
    }
}

describe("colours", () => {
    it("are for terminals only, and NO_COLOR turns them off", () => {
        expect(new Style({ isTTY: true }, {}).error("x")).toBe("\x1b[31mx\x1b[39m")
        expect(new Style({ isTTY: false }, {}).error("x")).toBe("x")
        expect(new Style({ isTTY: true }, { NO_COLOR: "1" }).error("x")).toBe("x")
        expect(new Style({ isTTY: true }, { TERM: "dumb" }).error("x")).toBe("x")
    })

    it("mark a refusal, also one that comes in pieces", () => {
        const output = new FakeTty()
        const screen = new Screen(output, output)
        screen.text("ok\nerror: no")
        screen.text(" such\nfine\n")
        const coloured = output.shown.replaceAll("\x1b[31m", "<").replaceAll("\x1b[39m", ">")
        expect(coloured).toMatch(/^ok\n<error: no>< such>\nfine\n$|^ok\nerror: no such\nfine\n$/)
    })

    it("and anything else that would move the cursor is taken out of the board's text", () => {
        expect(printable("a\x1b[2Jb\r\n\tc\x07")).toBe("a\ufffd[2Jb\n\tc\ufffd")
    })
})

it("log text that is none is noise, said once in a while", async () => {
    const lines: string[] = []
    const log = new LogText(line => lines.push(line))
    log.take(Buffer.from("\x1b[0;32mI (12) wifi: up\x1b[0m\r"))
    for (let i = 0; i < 100; i++) log.take(Uint8Array.of(0xff, 0x80, 1, 2))
    log.take(Uint8Array.of(7, 7))
    await sleep(1_200)
    expect(lines).toEqual(["I (12) wifi: up", "[noise on the line: 402 bytes]"])
})

describe("the terminal", () => {
    let input: PassThrough
    let output: FakeTty
    const ran: string[] = []

    function start(options: Partial<TerminalOptions> = {}): Promise<void> {
        ran.length = 0
        input = new PassThrough()
        output = new FakeTty()
        return runTerminal(input, output, {
            execute: async line => {
                ran.push(line)
                await sleep(5)
                output.write(`did ${line.split(" ")[0]}\n`)
            },
            cancel: async () => {},
            question: line => secretQuestion(line),
            hides: line => hidesSecret(line),
            ...options,
        })
    }
    /** What the screen shows when the escape sequences are left out. */
    const plain = () => output.shown.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "").replaceAll("\r", "")

    /** Starts it with "status" as what everything completes to; @returns calls that give the answers asked for */
    function startCompleting(): { ended: Promise<void>; answers: (() => void)[] } {
        const answers: (() => void)[] = []
        const ended = start({
            complete: line =>
                new Promise(resolve => answers.push(() => resolve([["status"], line]))),
        })
        return { ended, answers }
    }

    it("completes once, however often Tab is pressed before the answer", async () => {
        const { ended, answers } = startCompleting()
        await sleep(20)
        input.write("stat")
        for (const tab of "\t\t\t") {
            input.write(tab)
            await sleep(20)
        }
        for (const answer of answers) answer()
        await sleep(20)
        input.write("\rexit\r")
        await ended
        expect(ran).toEqual(["status"])
    })

    it("does not complete what has become something else before the answer", async () => {
        const { ended, answers } = startCompleting()
        await sleep(20)
        for (const part of ["stat", "\t", "us 2"]) {
            input.write(part)
            await sleep(20)
        }
        answers[0]()
        await sleep(20)
        input.write("\rexit\r")
        await ended
        expect(ran).toEqual(["status 2"])
    })

    it("shows pasted lines in their turn, each before what it prints", async () => {
        const ended = start()
        await sleep(20)
        input.write("one\rtwo\rthree\rexit\r")
        await ended
        expect(ran).toEqual(["one", "two", "three"])
        expect(plain()).toContain(
            "one\ndid one\nbms> two\ndid two\nbms> three\ndid three\nbms> exit\n",
        )
    })

    it("asks for a password without showing it, and forgets it", async () => {
        const ended = start()
        await sleep(20)
        input.write("passwd\r")
        await sleep(20)
        input.write("hunter2\r")
        await sleep(20)
        input.write("hunter2\r")
        await sleep(30)
        input.write("\x1b[A")
        await sleep(20)
        input.write("\r")
        await sleep(20)
        input.write("\x03")
        await sleep(20)
        input.write("exit\r")
        await ended
        expect(ran).toEqual(['passwd "hunter2"'])
        expect(output.shown).not.toContain("hunter2")
        expect(plain()).toContain("new password: \nonce more: \n")
        // The arrow recalled the command, not the password.
        expect(plain().split("new password: ")).toHaveLength(3)
        expect(plain()).toContain("nothing was changed")
    })

    it("puts a log line above the question for a password, and never shows the answer", async () => {
        const prompts: Prompt[] = []
        const ended = start({ onPrompt: one => void prompts.push(one) })
        const screen = new Screen(output, output)
        screen.usePrompt(prompts[0])
        await sleep(20)
        input.write("set ftp.password\r")
        await sleep(20)
        for (const question of ["ftp.password: ", "once more: "]) {
            input.write("hunt")
            await sleep(20)
            expect(plain().endsWith(`\n${question}`)).toBe(true)
            output.shown = ""
            screen.log("a log line")
            // The question is wiped first, and comes again below.
            expect(output.shown).toMatch(/^\x1b\[1G\x1b\[0J/)
            expect(plain()).toBe(`a log line\n${question}`)
            input.write("er2\r")
            await sleep(20)
        }
        input.write("passwd\r")
        await sleep(20)
        input.write("\x03")
        await sleep(20)
        screen.log("another")
        expect(plain()).toContain("new password: ^C\nnothing was changed\n")
        expect(plain().endsWith("another\nbms> ")).toBe(true)
        input.write("exit\r")
        await ended
        expect(ran).toEqual(['set ftp.password "hunter2"'])
        expect(plain()).not.toContain("hunt")
    })

    it("changes nothing when the two passwords differ", async () => {
        const ended = start()
        await sleep(20)
        input.write("set ftp.password\r")
        await sleep(20)
        input.write("hunter2\rhunter3\r")
        await sleep(20)
        input.write("exit\r")
        await ended
        expect(ran).toEqual([])
        expect(plain()).toContain("the two are not the same")
    })

    it("throws away what was typed at Ctrl-C, and what waits behind a running line", async () => {
        let cancels = 0
        const ended = start({
            execute: async line => {
                ran.push(line)
                await sleep(60)
            },
            cancel: async again => {
                cancels += again ? 100 : 1
            },
        })
        await sleep(20)
        input.write("half a li\x03")
        await sleep(20)
        input.write("one\rtwo\r")
        await sleep(20)
        input.write("\x03\x03")
        await sleep(80)
        input.write("three\r")
        await sleep(80)
        input.write("exit\r")
        await ended
        expect(ran).toEqual(["one", "three"])
        expect(cancels).toBe(101)
    })

    it("puts a log line above what is being typed, also when that is longer than a row", async () => {
        const prompts: Prompt[] = []
        const ended = start({ onPrompt: one => void prompts.push(one) })
        await sleep(20)
        const typed = "set user.address 1234567890123456789012345678901234567890"
        for (const letter of typed) input.write(letter)
        await sleep(20)
        prompts[0].clear()
        output.write("a log line\n")
        output.shown = ""
        prompts[0].restore()
        expect(plain()).toBe(`bms> ${typed}`)
        // Nothing moves up into the log line.
        expect(output.shown).not.toMatch(/\x1b\[\d*A/)
        input.write("\rexit\r")
        await ended
        expect(ran).toEqual([typed])
    })
})
