import { PassThrough } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it, vi } from "vitest"
import { LogText, printable } from "../../../console/logtext"
import { Screen } from "../../../console/screen"
import { hidesSecret, secretQuestion } from "../../../console/secrets"
import { Style } from "../../../console/style"
import { type Prompt, runTerminal, type TerminalOptions } from "../../../console/terminal"
import { FakeTty } from "../../support/faketty"

describe("colours", () => {
    it("are only for terminals, and NO_COLOR turns them off", () => {
        expect(new Style({ isTTY: true }, {}).error("x")).toBe("\x1b[31mx\x1b[39m")
        expect(new Style({ isTTY: false }, {}).error("x")).toBe("x")
        expect(new Style({ isTTY: true }, { NO_COLOR: "1" }).error("x")).toBe("x")
        expect(new Style({ isTTY: true }, { TERM: "dumb" }).error("x")).toBe("x")
    })

    it("mark a refusal, even in pieces", () => {
        vi.stubEnv("TERM", "xterm")
        vi.stubEnv("NO_COLOR", "")
        const output = new FakeTty()
        const screen = new Screen(output, output)
        vi.unstubAllEnvs()
        screen.text("ok\nerror: no")
        screen.text(" such\nfine\n")
        const coloured = output.shown.replaceAll("\x1b[31m", "<").replaceAll("\x1b[39m", ">")
        expect(coloured).toBe("ok\n<error: no>< such>\nfine\n")
    })

    it("and other cursor controls are removed from the board's text", () => {
        expect(printable("a\x1b[2Jb\r\n\tc\x07")).toBe("a\ufffd[2Jb\n\tc\ufffd")
    })
})

it("binary data in the log are reported as noise now and then", async () => {
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
    /** The screen's text without escape sequences. */
    const plain = () => output.shown.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "").replaceAll("\r", "")

    /**
     * Starts it with "status" as the only completion.
     * @returns functions that send the requested answers
     */
    function startCompleting(): { ended: Promise<void>; answers: (() => void)[] } {
        const answers: (() => void)[] = []
        const ended = start({
            complete: line =>
                new Promise(resolve => answers.push(() => resolve([["status"], line]))),
        })
        return { ended, answers }
    }

    it("completes only once for any number of Tabs before the answer", async () => {
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

    it("does not complete a line that changed before the answer", async () => {
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

    it("shows pasted lines in turn, each before its output", async () => {
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
        expect(plain()).toContain("new password: \nrepeat it: \n")
        // The arrow key recalled the command, not the password.
        expect(plain().split("new password: ")).toHaveLength(3)
        expect(plain()).toContain("nothing was changed")
    })

    it("puts a log line above a password prompt, and never shows the password", async () => {
        const prompts: Prompt[] = []
        const ended = start({ onPrompt: one => void prompts.push(one) })
        const screen = new Screen(output, output)
        screen.usePrompt(prompts[0])
        await sleep(20)
        input.write("set ftp.password\r")
        await sleep(20)
        for (const question of ["ftp.password: ", "repeat it: "]) {
            input.write("hunt")
            await sleep(20)
            expect(plain().endsWith(`\n${question}`)).toBe(true)
            output.shown = ""
            screen.log("a log line")
            // The question is cleared first, and reappears below.
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
        expect(plain()).toContain("the two differ")
    })

    it("drops typed text on Ctrl-C, and lines that wait for a running one", async () => {
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

    it("puts a log line above the typed text, even if that is longer than a row", async () => {
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
        // The cursor does not move up into the log line.
        expect(output.shown).not.toMatch(/\x1b\[\d*A/)
        input.write("\rexit\r")
        await ended
        expect(ran).toEqual([typed])
    })
})
