import { describe, expect, it } from "vitest"
import { formatUpload } from "../../../src/console/commands/system"
import type { Volume } from "../../../src/fat/volume"
import { Key } from "../../../src/settings/keys"
import { pattern } from "../../support/uploadcard"
import { uploadBenchOfEachTest } from "../../support/uploadbench"

const day = "LOG/20261122.CSV"
const remote = "BMS-1-LOG-20261122.CSV"

const bench = uploadBenchOfEachTest()

describe("faults", () => {
    it.each([1, 511, 512, 20_000, 99_999])(
        "resumes after a cut of the data connection at %i bytes",
        async at => {
            const board = await bench.boardWith({ restarts: true })
            await board.put(day, pattern(100_000))
            bench.server.cutAfterBytes = at
            await board.session()
            expect(bench.server.files.get(remote)!.equals(pattern(100_000))).toBe(true)
            expect(bench.server.commands.filter(line => line.startsWith("REST"))).toEqual([
                `REST ${at}`,
            ])
            expect(bench.server.count("STOR")).toBe(2)
            expect(bench.server.count("APPE") + bench.server.count("DELE")).toBe(0)
            expect(await board.text("LOGSENT.TXT")).toContain(`20261122.CSV,${at},`)
        },
    )

    it.each([1, 511, 512, 20_000, 99_999])(
        "sends it whole again after %i bytes if the server has no restarts",
        async at => {
            const board = await bench.boardWith()
            await board.put(day, pattern(100_000))
            bench.server.cutAfterBytes = at
            await board.session()
            expect(bench.server.files.get(remote)!.equals(pattern(100_000))).toBe(true)
            expect([
                bench.server.count("DELE"),
                bench.server.count("STOR"),
                bench.server.count("APPE"),
            ]).toEqual([1, 2, 0])
            expect(await board.text("LOGSENT.TXT")).not.toContain(`20261122.CSV,${at},`)
        },
    )

    it("sends it whole again if the server announces restarts and refuses them", async () => {
        const board = await bench.boardWith({
            restarts: true,
            answer: verb => (verb === "REST" ? "502 not today" : undefined),
        })
        await board.put(day, pattern(3000))
        bench.server.cutAfterBytes = 700
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(3000)))
        expect([
            bench.server.count("REST"),
            bench.server.count("DELE"),
            bench.server.count("STOR"),
        ]).toEqual([1, 1, 2])
    })

    it.each([
        [true, 0, 2],
        [false, 1, 1],
    ])("appends to a grown file (restarts: %s)", async (restarts, appends, stores) => {
        const board = await bench.boardWith({ restarts })
        await board.put(day, pattern(300))
        await board.session()
        await board.put(day, pattern(4500))
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(4500)))
        expect([bench.server.count("APPE"), bench.server.count("STOR")]).toEqual([appends, stores])
        expect(bench.server.count("DELE")).toBe(0)
    })

    it("leaves a name alone that is reserved for another card's unsent file", async () => {
        let up = false
        const board = await bench.boardWith({
            answer: verb => (verb === "STOR" && !up ? "(hang up)" : undefined),
        })
        const first = board.store
        await board.put(day, pattern(300))
        await board.session().catch(() => {})
        await board.swap()
        await board.put(day, pattern(400, 7))
        up = true
        await board.session()
        await board.swap(first)
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(300)))
        expect(bench.server.files.get("BMS-1-LOG-20261122-2.CSV")).toEqual(
            Buffer.from(pattern(400, 7)),
        )
    })

    const steps = ["USER", "PASS", "TYPE", "SIZE", "EPSV", "STOR", "DELE"]
    for (const answer of ["(hang up)", "421 going down", "garbage", "x".repeat(4000)])
        it.each(steps)(`delivers after one ${answer.slice(0, 12)} in answer to %s`, async step => {
            let left = 1
            const board = await bench.boardWith({
                answer: verb => (verb === step && left-- > 0 ? answer : undefined),
            })
            await board.put(day, pattern(3000))
            await board.put("LOGSENT.TXT", `20261122.CSV,9,2026-11-22 13:00:01,${remote}\r\n`)
            bench.server.files.set(remote, Buffer.alloc(5))
            for (let tries = 0; tries < 3; ++tries) await board.session().catch(() => {})
            expect(board.uploader.lastError).toBe("")
            const name =
                bench.server.files.get(remote)?.length === 3000
                    ? remote
                    : "BMS-1-LOG-20261122-2.CSV"
            expect(bench.server.files.get(name)).toEqual(Buffer.from(pattern(3000)))
        })

    it("suggests a remedy if the server stops transfers, and counts nothing as sent", async () => {
        const board = await bench.boardWith({ abortsTransfers: true })
        await board.put(day, pattern(50_000))
        await expect(board.session()).rejects.toThrow(
            "server stops the transfer when the control connection closes: set ftp.gateway",
        )
        expect(await board.text("LOGSENT.TXT")).toMatch(/^20261122.CSV,0,[^\n]*\n$/)
        expect(board.uploader.sender.bytesConfirmed).toBe(0)
    })

    it("passes on the server's reason for refusing a file", async () => {
        const board = await bench.boardWith({
            answer: verb => (verb === "STOR" ? "552 disk full" : undefined),
        })
        await board.put(day, pattern(10))
        await expect(board.session()).rejects.toThrow("refuses STOR " + remote + ": 552 disk full")
    })

    it("never writes a control character into a command", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(10))
        await board.set(Key.FtpUser, "me\r\nDELE x")
        await expect(board.session()).rejects.toThrow("control character")
        expect(bench.server.commands).toEqual([])
    })

    it("never shows the password", async () => {
        const board = await bench.boardWith({
            answer: verb => (verb === "PASS" ? "530 no" : undefined),
        })
        await board.set(Key.FtpPassword, "sesame")
        await board.put(day, pattern(10))
        await expect(board.session()).rejects.toThrow("log-in refused")
        expect([...board.lines, ...formatUpload(board.uploader)].join("\n")).not.toContain("sesame")
    })

    it("does not count a file as sent if its history line cannot be written", async () => {
        const board = await bench.boardWith()
        await board.put(day, pattern(100))
        const { storage } = board.board.parts
        const use = storage.use.bind(storage)
        let faults = 1
        storage.use = async (owner, work) =>
            await use(owner, async volume => {
                const openForAppend = async (...args: Parameters<Volume["openForAppend"]>) => {
                    const file = await volume.openForAppend(...args)
                    if (owner === "history" && faults-- > 0)
                        file.append = () => Promise.reject(new Error("card is gone"))
                    return file
                }
                const wrapped = { openForAppend: { value: openForAppend } }
                return await work(Object.create(volume, wrapped) as Volume)
            })
        await expect(board.session()).rejects.toThrow("card is gone")
        await board.session()
        expect(bench.server.files.get(remote)).toEqual(Buffer.from(pattern(100)))
        expect(bench.server.files.size).toBe(1)
    })

    it("tolerates a server that hangs up on QUIT", async () => {
        const board = await bench.boardWith({
            answer: verb => (verb === "QUIT" ? "(hang up)" : undefined),
        })
        await board.put(day, pattern(100))
        await board.session()
        expect(board.uploader.pacing.failures).toBe(0)
    })
})
