import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Catalog } from "../../../console/catalog"
import { History, historyPath } from "../../../console/history"
import { hidesSecret, quoteWord, secretQuestion, withoutSecret } from "../../../console/secrets"
import { description } from "../../support/describedboard"

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

    it("are prompted for if omitted, new ones twice", () => {
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

    it("reports once that it cannot be kept", () => {
        const troubles: string[] = []
        writeFileSync(join(folder, "file"), "")
        const history = new History(join(folder, "file", "history"), one => troubles.push(one))
        history.add("one")
        history.add("two")
        expect(troubles).toHaveLength(1)
        expect(troubles[0]).toContain("the history cannot be saved")
    })

    it("is in the user's usual folder for program state", () => {
        if (process.platform === "win32") return
        expect(historyPath({ XDG_STATE_HOME: "/x" })).toBe("/x/bms-mini/history")
        expect(historyPath({})).toMatch(/\.local\/state\/bms-mini\/history$/)
    })
})
