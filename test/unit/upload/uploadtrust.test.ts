import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Key } from "../../../src/settings/keys"
import { oldLine } from "../../support/historylines"
import { header, type UploadBoard } from "../../support/uploadboard"
import { uploadBenchOfEachTest } from "../../support/uploadbench"
import { ScriptedFtpServer } from "../../support/uploadserver"

// A card that was in other hands. Its history must not make the board touch foreign files, and a
// file is recognized by more than its name and its size.

const name = "20261122.CSV"
const today = "LOG/" + name
const remote = "BMS-1-LOG-20261122.CSV"
const second = "BMS-1-LOG-20261122-2.CSV"

const bench = uploadBenchOfEachTest()
let desk: UploadBoard

beforeEach(async () => {
    desk = await bench.boardWith({ restarts: true }, undefined, true)
})

/** The current contents of the server's earlier files, by name. */
function kept(before: Record<string, string>): Record<string, string> {
    const now = bench.files()
    return Object.fromEntries(Object.keys(before).map(key => [key, now[key]]))
}

describe("names in the history", () => {
    const foreign = {
        "../other/KEEP.TXT": "keep",
        "/other/GROW.TXT": "g",
        "INDEX.HTM": "<html>",
        "BMS-9-LOG-20261122.CSV": "another board's",
        "BMS-1-LOG-20261121.CSV": "another day's",
        "BMS-1-LOG-20261122-old.CSV": "a person's",
        "BMS-1-LOG-20261122.CSV.bak": "a person's copy",
    }

    for (const theirs of Object.keys(foreign))
        it.each([
            ["nothing sent", () => oldLine(name, 0, theirs)],
            ["a beginning sent", () => oldLine(name, 1, theirs)],
            ["all sent", (bytes: number) => oldLine(name, bytes, theirs)],
            ["more sent than exists", (bytes: number) => oldLine(name, bytes + 9, theirs)],
            [
                "a request to resend",
                (bytes: number) => oldLine(name, bytes, theirs) + oldLine(name, 0, theirs),
            ],
        ])(`such as ${theirs} are not ours, with %s`, async (_title, lines) => {
            for (const [file, content] of Object.entries(foreign))
                bench.server.files.set(file, Buffer.from(content))
            const content = await desk.log(today, 30)
            await desk.pc(editor => editor.write("LOGSENT.TXT", lines(content.length)))
            const more = await desk.log(today, 5)
            await desk.session()
            expect(kept(foreign)).toEqual(foreign)
            expect(bench.files()[remote]).toBe(more)
            const asked = bench.server.commands.filter(line => line.includes(theirs))
            expect(asked).toEqual([])
        })

    it("of another board stay valid until there is something to send", async () => {
        await desk.log(today, 30)
        await desk.session()
        await desk.set(Key.UserSerial, "NEW-1")
        const before = bench.files()
        await desk.session()
        expect(bench.files()).toEqual(before)
        expect(await desk.fullySent(today)).toBe(true)
        const more = await desk.log(today, 5)
        await desk.session()
        expect(bench.files()).toEqual({ ...before, "NEW-1-LOG-20261122.CSV": more })
    })
})

describe("another server", () => {
    let other: ScriptedFtpServer
    const theirs = { [remote]: "x".repeat(700), "BMS-1-LOG-20261121.CSV": "y" }

    beforeEach(async () => {
        other = new ScriptedFtpServer({ restarts: true })
        for (const [file, content] of Object.entries(theirs))
            other.files.set(file, Buffer.from(content))
        await desk.log("LOG/20261121.CSV", 30)
        await desk.log(today, 30)
        await desk.session()
    })

    afterEach(async () => {
        await other.stop()
    })

    function onOther(): Record<string, string> {
        return Object.fromEntries([...other.files].map(([key, value]) => [key, value.toString()]))
    }

    it.each([false, true])("keeps its files with our names (power cut: %s)", async powerCut => {
        await desk.set(Key.FtpPort, await other.start())
        await desk.pc(() => {}, powerCut)
        const more = await desk.log(today, 30)
        await desk.session()
        expect(onOther()).toEqual({ ...theirs, [second]: more })
        // From then on the name there is ours.
        const yetMore = await desk.log(today, 30)
        await desk.session()
        expect(onOther()).toEqual({ ...theirs, [second]: yetMore })
        expect(other.count("DELE")).toBe(0)
        expect(other.commands).toContain(`REST ${more.length}`)
    })

    it("keeps them when everything is resent", async () => {
        await desk.set(Key.FtpPort, await other.start())
        expect(await desk.resend("2026-11-21")).toBe(2)
        await desk.session()
        expect(Object.keys(onOther()).sort()).toEqual(
            [...Object.keys(theirs), second, "BMS-1-LOG-20261121-2.CSV"].sort(),
        )
        expect(onOther()).toMatchObject(theirs)
    })

    it("gets no file that the previous one has confirmed", async () => {
        await desk.set(Key.FtpPort, await other.start())
        await desk.session()
        expect(other.commands).toEqual([])
        expect(await desk.fullySent(today)).toBe(true)
    })

    it("includes another user, who may have another folder", async () => {
        const before = bench.files()
        await desk.set(Key.FtpUser, "somebody")
        const more = await desk.log(today, 3)
        await desk.session()
        expect(bench.files()).toEqual({ ...before, [second]: more })
    })

    it("includes the previous one after a switch back", async () => {
        const before = bench.files()
        const port = desk.number(Key.FtpPort)
        await desk.set(Key.FtpPort, await other.start())
        await desk.log(today, 3)
        await desk.session()
        await desk.set(Key.FtpPort, port)
        const more = await desk.log(today, 3)
        await desk.session()
        expect(bench.files()).toEqual({ ...before, [second]: more })
    })
})

describe("a sent file", () => {
    /** Today's log, completely sent. */
    async function sent(records = 100): Promise<string> {
        const content = await desk.log(today, records)
        await desk.session()
        expect(bench.files()).toEqual({ [remote]: content })
        return content
    }

    it.each([10, 100, 150])(
        "moved away on the PC stays on the server; a new one of %i records goes whole",
        async records => {
            const before = await sent()
            await desk.pc(editor => editor.move(today, "LOG/OLD.CSV"))
            const after = await desk.log(today, records)
            expect(await desk.fullySent(today)).toBe(false)
            await desk.session()
            expect(bench.files()).toEqual({ [remote]: before, [second]: after })
            expect(await desk.fullySent(today)).toBe(true)
            const more = await desk.log(today, 60)
            await desk.session()
            expect(bench.files()).toEqual({ [remote]: before, [second]: more })
        },
    )

    it("moved away and back is another one, sent whole", async () => {
        const before = await sent()
        await desk.pc(editor => editor.move(today, "OLD.CSV"))
        const between = await desk.log(today, 150)
        await desk.session()
        await desk.pc(editor => editor.move("OLD.CSV", today))
        const after = await desk.log(today, 70)
        await desk.session()
        expect(bench.files()).toEqual({
            [remote]: before,
            [second]: between,
            "BMS-1-LOG-20261122-3.CSV": after,
        })
        expect(after.startsWith(before)).toBe(true)
    })

    it("deleted from a full card does not allow deleting the next one of that day", async () => {
        const before = await sent()
        // Retention's deletion; then the clock goes back to that day, and the power fails.
        await desk.pc(editor => editor.remove(today))
        const after = await desk.log(today, 100, "49.999")
        expect(after.length).toBe(before.length)
        await desk.pc(() => {}, true)
        expect(await desk.fullySent(today)).toBe(false)
        await desk.session()
        expect(bench.files()).toEqual({ [remote]: before, [second]: after })
        expect(await desk.fullySent(today)).toBe(true)
    })

    it.each([1, 300, 512, 2000])(
        "that lost its last %i bytes and grew again is sent whole under the next name",
        async lost => {
            const before = await sent()
            await desk.pc(editor =>
                editor.edit(today, text => {
                    const cut = text.slice(0, text.length - lost)
                    return cut.slice(0, cut.lastIndexOf("\n") + 1)
                }),
            )
            expect(await desk.fullySent(today)).toBe(false)
            const after = await desk.log(today, 120)
            expect(after.length).toBeGreaterThan(before.length)
            await desk.session()
            expect(bench.files()).toEqual({ [remote]: before, [second]: after })
        },
    )

    it("of which a part arrived is not continued with the next file of that day", async () => {
        const first = await desk.log(today, 100)
        bench.server.cutAfterBytes = 2000
        const { answer } = bench.server.options
        // The power goes in the middle of the transfer.
        bench.server.options.answer = verb => (verb === "USER" ? "421 away" : undefined)
        await desk.session().catch(() => {})
        bench.server.options.answer = verb =>
            verb === "USER" && bench.server.files.size > 0 ? "421 away" : undefined
        await desk.session().catch(() => {})
        bench.server.options.answer = answer
        const arrived = bench.files()[remote]
        expect(first.startsWith(arrived)).toBe(true)
        expect(arrived.length).toBe(2000)
        await desk.pc(editor => editor.remove(today), true)
        const after = await desk.log(today, 100, "1.0")
        await desk.session()
        expect(bench.files()).toEqual({ [remote]: arrived, [second]: after })
    })

    it("replaced by another day's renamed log stays on the server", async () => {
        const old = await desk.log("LOG/20261121.CSV", 200)
        const before = await sentBoth()
        await desk.pc(editor => {
            editor.remove(today)
            editor.move("LOG/20261121.CSV", today)
        })
        await desk.session()
        expect(bench.files()).toEqual({ ...before, [second]: old })
    })

    it("requested again is not deleted for its successor", async () => {
        const before = await sent()
        expect(await desk.resend("2026-11-22")).toBe(1)
        await desk.pc(editor => editor.remove(today))
        const after = await desk.log(today, 40)
        await desk.session()
        expect(bench.files()).toEqual({ [remote]: before, [second]: after })
        expect(bench.server.count("DELE")).toBe(0)
    })

    it("in an earlier firmware's history is trusted, continued, and then marked", async () => {
        const before = await sent()
        await desk.pc(editor =>
            editor.edit("LOGSENT.TXT", text => text.replaceAll(/(,BMS[^,]*).*\r/g, "$1\r")),
        )
        expect(desk.editor().read("LOGSENT.TXT").toString()).toMatch(/,BMS-1-LOG-20261122.CSV\r\n$/)
        const more = await desk.log(today, 20)
        await desk.session()
        expect(bench.files()).toEqual({ [remote]: more })
        expect(bench.server.commands).toContain(`REST ${before.length}`)
        await desk.pc(editor => editor.remove(today))
        const after = await desk.log(today, 300)
        await desk.session()
        expect(bench.files()).toEqual({ [remote]: more, [second]: after })
    })

    async function sentBoth(): Promise<Record<string, string>> {
        await desk.log(today, 100)
        await desk.session()
        return bench.files()
    }
})

describe("data on the server beyond the last line", () => {
    async function breakOff(afterBytes: number): Promise<void> {
        const { options } = bench.server
        bench.server.cutAfterBytes = afterBytes
        options.answer = verb =>
            verb === "USER" && bench.server.cutAfterBytes === undefined ? "421 away" : undefined
        await expect(desk.session()).rejects.toThrow("421 away")
        options.answer = undefined
    }

    it.each([true, false])(
        "are not overwritten after a card is reset to an older copy (restarts: %s)",
        async restarts => {
            bench.server.options.restarts = restarts
            const old = await desk.log(today, 100)
            await desk.session()
            const history = desk.editor().read("LOGSENT.TXT")
            const before = await desk.log(today, 20)
            await desk.session()
            await desk.pc(editor => {
                editor.write(today, Buffer.from(old))
                editor.write("LOGSENT.TXT", history)
            })
            const after = await desk.log(today, 40)
            await desk.session()
            expect(bench.files()).toEqual({ [remote]: before, [second]: after })
            // Even if that must be resent.
            await desk.pc(editor => editor.write("LOGSENT.TXT", history))
            expect(await desk.resend("2026-11-22")).toBe(1)
            await desk.session()
            const third = "BMS-1-LOG-20261122-3.CSV"
            expect(bench.files()).toEqual({ [remote]: before, [second]: after, [third]: after })
        },
    )

    it.each([true, false])(
        "are ours if the board itself saw the connection break (restarts: %s)",
        async restarts => {
            bench.server.options.restarts = restarts
            await desk.log(today, 100)
            await desk.session()
            for (const powerCut of [false, true]) {
                await desk.log(today, 20)
                await breakOff(300)
                // At most one line per session notes it, however many failures.
                const lines = desk.editor().read("LOGSENT.TXT").length
                await breakOff(100)
                expect(desk.editor().read("LOGSENT.TXT").length).toBe(lines)
                await desk.pc(() => {}, powerCut)
                const more = await desk.log(today, 5)
                await desk.session()
                expect(bench.files()).toEqual({ [remote]: more })
                expect(await desk.fullySent(today)).toBe(true)
            }
        },
    )

    it("are kept after a power cut, and the file continues under the next name", async () => {
        await desk.log(today, 100)
        await desk.session()
        const history = desk.editor().read("LOGSENT.TXT")
        await desk.log(today, 20)
        await breakOff(300)
        // As after a power cut: nothing more was written.
        await desk.pc(editor => editor.write("LOGSENT.TXT", history), true)
        const arrived = bench.files()[remote]
        const more = await desk.log(today, 5)
        await desk.session()
        expect(bench.files()).toEqual({ [remote]: arrived, [second]: more })
    })
})

describe("a history saved on a PC", () => {
    it.each([
        ["with only line feeds", (text: string) => text.replaceAll("\r", "")],
        ["with a byte order mark", (text: string) => "\xef\xbb\xbf" + text],
        ["without its last line end", (text: string) => text.slice(0, -2)],
        ["with remarks and blank lines", (text: string) => `my notes\r\n\r\n${text}\r\n\n`],
    ])("%s keeps its names, and today's file continues", async (_title, edit) => {
        await desk.log("LOG/20261121.CSV", 30)
        const before = await desk.log(today, 30)
        await desk.session()
        await desk.pc(editor => editor.edit("LOGSENT.TXT", edit))
        const connections = bench.server.connections
        if (!_title.includes("without")) {
            await desk.session()
            expect(bench.server.connections).toBe(connections)
        }
        const more = await desk.log(today, 5)
        await desk.session()
        await desk.session()
        expect(Object.keys(bench.files()).sort()).toEqual(["BMS-1-LOG-20261121.CSV", remote])
        expect(bench.files()[remote]).toBe(more)
        expect(bench.server.commands.at(-1)).toBe("QUIT")
        expect(before.length).toBeLessThan(more.length)
    })

    it.each([
        ["in lower case", (text: string) => text.toLowerCase()],
        ["as UTF-16", (text: string) => Buffer.from("\ufeff" + text, "utf16le").toString("latin1")],
    ])(
        "%s is ignored, and each file is sent once more, under its next name",
        async (_title, edit) => {
            const before = await desk.log(today, 30)
            await desk.session()
            await desk.pc(editor => editor.edit("LOGSENT.TXT", edit))
            for (let i = 0; i < 3; ++i) await desk.session()
            expect(bench.files()).toEqual({ [remote]: before, [second]: before })
        },
    )
})

it("foreign entries among the logs delay nothing, even a directory with a log's name", async () => {
    await desk.log("LOG/20261120.CSV", 3)
    await desk.pc(editor => {
        editor.litter()
        editor.makeDirectory("LOG/20261119.CSV")
        editor.makeDirectory("LOG/20261121.CSV")
    })
    for (let i = 0; i < 3; ++i) {
        const content = await desk.log(today, 10)
        await desk.session()
        expect(bench.files()[remote]).toBe(content)
        expect(Object.keys(bench.files()).sort()).toEqual(["BMS-1-LOG-20261120.CSV", remote])
    }
    const connections = bench.server.connections
    await desk.session()
    expect(bench.server.connections).toBe(connections)
})

it("a file dated in the future is sent once, and today's file still grows", async () => {
    const stray = await desk.log("LOG/20530101.CSV", 3)
    const old = await desk.log("LOG/20261121.CSV", 3)
    for (let i = 0; i < 3; ++i) {
        const content = await desk.log(today, 10)
        await desk.session()
        expect(bench.files()).toEqual({
            "BMS-1-LOG-20530101.CSV": stray,
            "BMS-1-LOG-20261121.CSV": old,
            [remote]: content,
        })
    }
    expect(bench.server.commands.filter(line => line.startsWith("STOR")).length).toBe(5)
    expect(header.length).toBeGreaterThan(0)
})
