import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { parseCsv } from "../../../console/csv"
import { provision } from "../../../console/provision"
import { Key } from "../../../src/settings/keys"
import { ConsoleBench } from "../../support/consoleparts"
import { ConsoleRun, type Ended } from "../../support/consolerun"

const head = "serial,wifi.password,ftp.password,console.password\n"
const template = "import\nset sd.period 5\n# wifi.password is set\nset user.serial OLD\nend\n"

describe("a table", () => {
    it.each([
        [
            "a,b\n1,2\n",
            [
                ["a", "b"],
                ["1", "2"],
            ],
        ],
        [
            "\ufeffa;b\r\n1;2,5\r\n",
            [
                ["a", "b"],
                ["1", "2,5"],
            ],
        ],
        [
            "a\tb\n1\t2",
            [
                ["a", "b"],
                ["1", "2"],
            ],
        ],
        [
            'a,b\n"1,5","say ""no"""\n',
            [
                ["a", "b"],
                ["1,5", 'say "no"'],
            ],
        ],
        [
            "a,b\n\n,\n1,\n",
            [
                ["a", "b"],
                ["1", ""],
            ],
        ],
        ["", []],
    ])("%j", (text, fields) => {
        expect(parseCsv(text).map(row => row.fields)).toEqual(fields)
    })

    it("knows the first line of each row, and the line of an open quote", () => {
        const rows = parseCsv('a,b\n"1\n2",3\n\n4,5\n')
        expect(rows.map(row => row.line)).toEqual([1, 2, 5])
        expect(() => parseCsv('a,b\n1,2\n3,"4\n5,6\n')).toThrow('line 3: the closing " is missing')
    })
})

describe("set-up files", () => {
    it("set up boards, each with its own serial number and passwords", async () => {
        const model = new ConsoleBench()
        for (const line of [
            "set user.serial MODEL",
            "set wifi.ssid depot",
            "set wifi.password of-the-model",
            "set sd.period 5",
        ])
            await model.run(line)
        const rows = Array.from(
            { length: 50 },
            (_, i) => `ACME-${i},geheim-${i},"a ""b"" \\ ${i}",tief-${i}`,
        )
        const { files, problems } = provision(await model.run("export"), head + rows.join("\n"))
        expect(problems).toEqual([])
        expect(files).toHaveLength(50)
        for (const [i, { name, text }] of files.entries()) {
            expect(name).toBe(`ACME-${i}.txt`)
            const board = new ConsoleBench()
            for (const line of text.trimEnd().split("\n")) {
                await board.run(line)
                expect(board.refused, `${name}: ${line}`).toBe(false)
            }
            expect(board.settings.text(Key.UserSerial)).toBe(`ACME-${i}`)
            expect(board.settings.text(Key.WifiSsid)).toBe("depot")
            expect(board.settings.number(Key.SdPeriod)).toBe(5)
            expect(board.settings.text(Key.WifiPassword)).toBe(`geheim-${i}`)
            expect(board.settings.text(Key.FtpPassword)).toBe(`a "b" \\ ${i}`)
            await board.run("logout")
            expect(await board.run("status")).toContain("log in first")
            expect(await board.run(`login tief-${i}`)).toBe("ok\n")
        }
    })

    it("replace the template's values with the row's, except for empty fields", () => {
        const { files } = provision(template, "serial,sd.period,wifi.password\nA,9,\nB,,geheim-1\n")
        expect(files.map(one => one.text)).toEqual([
            '# A\nimport\nset user.serial "A"\nset sd.period "9"\n# wifi.password is set\nend\n',
            '# B\nimport\nset user.serial "B"\nset wifi.password "geheim-1"\nset sd.period 5\nend\n',
        ])
    })

    it("from a template without a block start with one", () => {
        const { files } = provision("set sd.period 5\nftp test\n", "user.serial\nA\n")
        expect(files[0].text).toBe(
            '# A\nimport\nset user.serial "A"\nend\nset sd.period 5\nftp test\n',
        )
    })

    const wrong: [string, string, string][] = [
        [
            "serial\nA B\n",
            template,
            'line 2: the serial number "A B" is not 1–16 of A-Z a-z 0-9 _ -',
        ],
        ["serial\nA\nB\na\n", template, "line 4: the serial number a is also in line 2"],
        [head + "A,short,x,y\n", template, "line 2: wifi.password has 5 bytes, at least 8"],
        [
            head + `A,,${"x".repeat(64)},y\n`,
            template,
            "line 2: ftp.password has 64 bytes, at most 63",
        ],
        [
            head + 'A,,"x\ny",z\nB,1\n',
            template,
            "line 2: ftp.password contains a control character or a line end",
        ],
        [head + "A,geheim-1\n", template, "line 2: 2 fields, the heading has 4"],
        [
            "serial,wifi.pasword\nA,geheim-1\n",
            template,
            'line 1: "wifi.pasword" is not a setting in the template',
        ],
        ["wifi.password\ngeheim-1\n", template, "line 1: there is no column user.serial"],
        ["serial,user.serial\nA,B\n", template, "line 1: the column user.serial appears twice"],
        ["serial\n", template, "the table has no rows below its heading"],
        ["", template, "the table is empty"],
        [
            "serial\nA\n",
            "import\nset sd.period 5\n",
            "the template must have one block from import to end, or none",
        ],
    ]
    it.each(wrong)("are not made from %j", (csv, lines, problem) => {
        const { files, problems } = provision(lines, csv)
        expect(files).toEqual([])
        expect(problems).toContain(problem)
        expect(problems.join()).not.toContain("geheim")
    })

    it("are refused with every bad row", () => {
        const { problems } = provision(template, "serial\nok-1\nA B\n\nok-2\nOK-1\n")
        expect(problems.map(one => one.slice(0, 7))).toEqual(["line 3:", "line 6:"])
    })
})

describe("npm run provision", () => {
    let folder: string
    let to: string
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "provision-"))
        to = join(folder, "boards")
        writeFileSync(join(folder, "template.txt"), template)
        writeFileSync(join(folder, "boards.csv"), head + "A,geheim-1,,tief\nB,geheim-2,,tief\n")
    })
    afterEach(() => rmSync(folder, { recursive: true }))

    const run = (...more: string[]): Promise<Ended> => {
        const args = [join(folder, "template.txt"), join(folder, "boards.csv"), to, ...more]
        return new ConsoleRun(args, "", {}, "console/provisioncli.ts").ended
    }

    it("writes one file per board, readable only by its owner, and overwrites none", async () => {
        const { status, output } = await run()
        expect(status).toBe(0)
        expect(output).toContain(`2 set-up files are in ${to}`)
        expect(readdirSync(to).sort()).toEqual(["A.txt", "B.txt"])
        if (process.platform !== "win32")
            expect(statSync(join(to, "A.txt")).mode & 0o777).toBe(0o600)
        rmSync(join(to, "B.txt"))
        writeFileSync(join(to, "A.txt"), "mine")
        const again = await run()
        expect(again.status).toBe(1)
        expect(again.errors).toMatch(/A\.txt\nalready there: nothing was written; --force/)
        expect(readdirSync(to)).toEqual(["A.txt"])
        expect(readFileSync(join(to, "A.txt"), "utf8")).toBe("mine")
        expect((await run("--force")).status).toBe(0)
        if (process.platform !== "win32")
            expect(statSync(join(to, "A.txt")).mode & 0o777).toBe(0o600)
        expect(readFileSync(join(to, "A.txt"), "utf8")).toContain('passwd "tief"')
        expect(readdirSync(to).sort()).toEqual(["A.txt", "B.txt"])
    })

    it("reports the faults of a row, without its passwords, and writes nothing", async () => {
        writeFileSync(join(folder, "boards.csv"), head + "A,geheim-1,,tief\nA B,geheim,,tief\n")
        const { status, errors } = await run()
        expect(status).toBe(1)
        expect(errors).toMatch(/^provision: line 3: the serial number "A B" is not/)
        expect(errors).toContain("line 3: wifi.password has 6 bytes, at least 8")
        expect(errors).not.toMatch(/geheim|tief/)
        expect(readdirSync(folder)).not.toContain("boards")
    })

    it("reports a missing argument", async () => {
        const ended = await new ConsoleRun([], "", {}, "console/provisioncli.ts").ended
        expect(ended.status).toBe(2)
        expect(ended.errors).toContain("missing required argument 'template'")
    })
})
