import { setTimeout as sleep } from "node:timers/promises"
import { beforeEach, describe, expect, it } from "vitest"
import { parseDescription } from "../../../console/catalog"
import { Completer } from "../../../console/completer"
import { description, help } from "../../support/describedboard"

describe("the description of the board", () => {
    it("becomes one document, without unknown kinds", () => {
        const { format, settings, commands, alarms, state } = parseDescription(description)
        expect([format, settings.length, commands.length]).toEqual([1, 7, 9])
        expect(alarms).toEqual([{ name: "FTP", bit: 18, active: false }])
        expect(state).toEqual([{ name: "up", value: "0 d" }])
    })

    it("is refused if its beginning is missing or a line is cut", () => {
        expect(() => parseDescription("")).toThrow(SyntaxError)
        expect(() => parseDescription(description.slice(5))).toThrow(SyntaxError)
        expect(() => parseDescription(description.slice(0, -5))).toThrow(SyntaxError)
    })
})

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

    it("lists a directory once, and again after a card command", async () => {
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

    it("sends nothing inside an import block", async () => {
        await completer.learn()
        completer.ran("import", { status: 0 })
        expect((await completer.complete("e"))[0]).toEqual(["end"])
        expect((await completer.complete("set sd.p"))[0]).toEqual(["sd.period "])
        completer.forget()
        completer.ran("import", { status: 0 })
        await completer.learn()
        expect(board.lines).toEqual(["describe"])
    })

    it("gives up after a while, and a person's line cancels its request at once", async () => {
        board.delayMs = 60_000
        const startMs = Date.now()
        expect((await completer.complete("sta"))[0]).toEqual([])
        expect(Date.now() - startMs).toBeLessThan(10_000)
        await completer.stop()
        expect(board.cancelled).toBe(1)
        expect(board.lines).toEqual(["describe"])
    })
})
