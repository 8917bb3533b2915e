import { describe, expect, it } from "vitest"
import { CardConsole, cardWith } from "../../support/cardconsole"
import { DeviceBuffer } from "../../support/devicebuffer"
import { ForeignFiles } from "../../support/foreignfiles"
import { blankStore } from "../../support/memorycard"

const gone = "error: no SD card, or it does not answer: put one in"

/** `count` lines of `bytes` bytes, each beginning with its number. */
function numbered(count: number, bytes: number): string {
    const line = (i: number) => String(i).padEnd(bytes - 1, ".") + "\n"
    return Array.from({ length: count }, (_, i) => line(i)).join("")
}

describe("card", () => {
    it("shows its type and its health", async () => {
        const bench = new CardConsole(await cardWith({}))
        await bench.poll(1)
        expect(await bench.lines("card")).toEqual([
            "card        SDSC, 16 MiB",
            "volume      FAT16, clusters of 1024 bytes",
            expect.stringMatching(/^free {8}(being counted|16 MiB)$/),
            "health      20 MHz, 0 retries, 0 errors since mount 1",
        ])
        await bench.poll(20)
        expect((await bench.lines("card"))[2]).toBe("free        16 MiB")
    })

    it("counts retries, errors and mounts", async () => {
        const bench = new CardConsole(await cardWith({ A: "x\n" }))
        await bench.poll(1)
        bench.chip.faults.failReads = 2
        expect(await bench.run("card cat a")).toBe("x\n")
        expect((await bench.lines("card"))[3]).toBe(
            "health      5 MHz, 2 retries, 0 errors since mount 1",
        )
        bench.chip.pull()
        await bench.poll(2)
        expect(await bench.lines("card")).toEqual([gone])
        bench.chip.insert()
        await bench.poll(2)
        expect((await bench.lines("card"))[3]).toBe(
            "health      20 MHz, 0 retries, 0 errors since mount 2",
        )
    })

    it("says what is wrong with a read-only card", async () => {
        const bench = new CardConsole(await cardWith({ A: "x\n" }), { writeProtected: true })
        await bench.poll(1)
        const append = bench.card.use("test", async volume => await volume.openForAppend("B", "x"))
        await expect(append).rejects.toThrow("write-protected")
        const lines = await bench.lines("card")
        expect(lines).toHaveLength(5)
        expect(lines[4]).toMatch(/^trouble {5}the SD card is write-protected: unlock/)
        expect(await bench.run("card cat a")).toBe("x\n")
    })

    it("says why there is no card", async () => {
        const bench = new CardConsole(blankStore(16))
        for (const line of ["card", "card ls", "card cat a", "card tail a", "card eject"])
            expect(await bench.lines(line)).toEqual([
                "error: no FAT file system on the card: format as FAT32 (card format)",
            ])
    })
})

describe("card ls", () => {
    it("lists the root or a directory, whatever the form of its path", async () => {
        const bench = new CardConsole(await cardWith({ "LOG/A.CSV": "12345", B: "1" }))
        const root = ["LOG                <DIR>", "B                      1"]
        for (const line of ["card ls", "card ls /"]) expect(await bench.lines(line)).toEqual(root)
        for (const path of ["log", "LOG/", "/log", "/Log/"])
            expect(await bench.lines("card ls " + path)).toEqual(["A.CSV                  5"])
    })

    it("reports an empty or missing directory, and a file in place of one", async () => {
        const bench = new CardConsole(await cardWith({}))
        expect(await bench.run("card ls")).toBe("empty\n")
        const other = new CardConsole(await cardWith({ "LOG/A": "1", B: "1" }))
        expect(await other.run("card ls nope")).toBe("error: there is no directory NOPE\n")
        expect(await other.run("card ls b")).toBe("error: there is no directory B\n")
        expect(await other.run('card ls "a b"')).toContain("is not a name like LOG/20261231.CSV")
    })

    it("shows the real size of open logs, not that of their directory entries", async () => {
        const bench = new CardConsole(await cardWith({}))
        await bench.card.use("logger", async volume => {
            const file = await volume.openForAppend("LOG/A.CSV", "time\r\n")
            for (let i = 0; i < 3; ++i) await file.append(DeviceBuffer.from("x\r\n") as never)
        })
        expect(await bench.lines("card ls log")).toEqual(["A.CSV                 15"])
    })

    it("lists 3,000 files with long names, and releases the card every 16", async () => {
        const store = await cardWith({}, 600)
        const files = new ForeignFiles(store, 100)
        const root = files.directory()
        const names: string[] = []
        for (let i = 0; i < 3000; ++i) {
            const number = String(i).padStart(4, "0")
            files.addFile(root, `PI${number}~1TXT`, "x", `picture ${number}.text`)
            names.push(`PI${number}~1.TXT           1`)
        }
        const bench = new CardConsole(store)
        await bench.poll(1)
        const before = { uses: bench.uses, reads: bench.chip.counters.sectorReads }
        expect(await bench.lines("card ls")).toEqual(names)
        expect(bench.uses - before.uses).toBe(188)
        // Each sector of the directory once, with three slots per file; and one more, already under
        // way from the card, per turn of others.
        expect(bench.chip.counters.sectorReads - before.reads).toBeLessThan(563 + 188)
        expect(bench.output.largestWrite).toBe(24)
    })

    it("does not continue with another card's files", async () => {
        const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`F${i}`, "x"]))
        const bench = new CardConsole(await cardWith(many))
        await bench.poll(1)
        const other = await cardWith({ OTHER: "x" })
        const first = bench.uses + 1
        bench.whenFree = async uses => {
            if (uses !== first) return
            bench.chip.exchange(other)
            await bench.poll(2)
        }
        const lines = await bench.lines("card ls")
        expect(lines).toHaveLength(17)
        expect(lines[16]).toBe("error: the SD card was changed")
        expect(await bench.lines("card ls")).toEqual(["OTHER                  1"])
    })

    it("reports a card pulled in the meantime", async () => {
        const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`F${i}`, "x"]))
        const bench = new CardConsole(await cardWith(many))
        await bench.poll(1)
        bench.whenFree = async () => bench.chip.pull()
        const lines = await bench.lines("card ls")
        expect(lines).toHaveLength(17)
        expect(lines[16]).toBe(gone)
        expect(bench.alarm()).toBe(true)
    })
})

describe("card cat", () => {
    for (const size of [0, 1, 511, 512, 513, 1024, 10_000])
        it(`prints a file of ${size} bytes in pieces, whatever its line ends`, async () => {
            for (const lineEnd of ["\n", "\r\n", ""]) {
                const line = "x".repeat(40 - lineEnd.length) + lineEnd
                const content = line.repeat(300).slice(0, size)
                const bench = new CardConsole(await cardWith({ "LOG/A.CSV": content }))
                for (const path of ["log/a.csv", "/LOG/A.CSV"])
                    expect(await bench.run("card cat " + path)).toBe(content)
                expect(bench.output.largestWrite).toBeLessThanOrEqual(128)
            }
        })

    it("reports its progress at a line end every 64 KiB of a long file", async () => {
        const content = numbered(2000, 99)
        const bench = new CardConsole(await cardWith({ A: content }))
        const lines = await bench.lines("card cat a")
        const progress = lines.filter(line => line.startsWith("#"))
        expect(progress).toHaveLength(3)
        expect(progress[0]).toMatch(/^# 65\d\d\d of 198000 bytes$/)
        const at = lines.indexOf(progress[0])
        expect(lines.slice(0, at).join("\n").length + 1).toBe(Number(progress[0].split(" ")[1]))
        expect(lines.filter(line => !line.startsWith("#")).join("\n") + "\n").toBe(content)
    })

    it("begins at an offset, and still counts from the beginning of the file", async () => {
        const content = numbered(2000, 99)
        const bench = new CardConsole(await cardWith({ A: content }))
        for (const offset of [0, 1, 98, 99, 512, 131_072, 197_999, 198_000]) {
            const lines = (await bench.run(`card cat a ${offset}`)).split("\n")
            const progress = lines.filter(line => line.startsWith("#"))
            expect(lines.filter(line => !progress.includes(line)).join("\n")).toBe(
                content.slice(offset),
            )
            if (offset < 100_000) {
                const [, at] = progress[0].split(" ").map(Number)
                expect(at - offset).toBeGreaterThanOrEqual(65_536)
                expect(at % 99).toBe(0)
            }
        }
        const refusal = `error: offset: 0 to ${content.length}\n`
        for (const offset of ["-1", "x", "1.5", content.length + 1, 300_000])
            expect(await bench.run(`card cat a ${offset}`)).toBe(refusal)
    })

    it("releases the card after each piece", async () => {
        const bench = new CardConsole(await cardWith({ A: numbered(100, 100) }))
        await bench.run("card cat a")
        expect(bench.uses).toBeGreaterThanOrEqual(20)
    })

    it("refuses binary data before they reach the terminal", async () => {
        const image = new Uint8Array(2000).fill(0x1b)
        image[900] = 0
        const bench = new CardConsole(await cardWith({ "A.JPG": image, "B.JPG": image.fill(0) }))
        const text = await bench.run("card cat a.jpg")
        expect(text.endsWith("error: A.JPG is not text\n")).toBe(true)
        expect(await bench.run("card cat b.jpg")).toBe("error: B.JPG is not text\n")
        expect(await bench.run("card tail b.jpg")).toBe("error: B.JPG is not text\n")
    })

    it("reports a missing file, a directory, and an invalid path", async () => {
        const bench = new CardConsole(await cardWith({ "LOG/A": "x" }))
        expect(await bench.run("card cat x.y")).toBe(
            'error: there is no X.Y on the card; see "card ls"\n',
        )
        expect(await bench.run("card cat nope/x.y")).toContain("there is no NOPE/X.Y")
        expect(await bench.run("card cat log")).toBe("error: LOG is a directory\n")
        expect(await bench.run("card cat longfilename.csv")).toContain("is not a name like")
    })

    it("does not continue with a file of another card, or of the same card put back", async () => {
        const content = numbered(100, 100)
        for (const same of [true, false]) {
            const store = await cardWith({ A: content })
            const other = await cardWith({ A: content.replaceAll(".", "!") })
            const bench = new CardConsole(store)
            await bench.poll(1)
            let left = 8
            bench.whenFree = async () => {
                if (--left !== 0) return
                bench.chip.exchange(same ? store : other)
                await bench.poll(2)
            }
            const lines = await bench.lines("card cat a")
            expect(lines.at(-1)).toBe("error: the SD card was changed: open the file again")
            expect(lines.length).toBeGreaterThan(5)
            expect(lines.join("\n")).not.toContain("!")
            expect(bench.refused).toBe(true)
        }
    })

    it("reports a pulled card on a separate line", async () => {
        const bench = new CardConsole(await cardWith({ A: numbered(100, 99) }))
        await bench.poll(1)
        let left = 4
        bench.whenFree = async () => {
            if (--left === 0) bench.chip.pull()
        }
        const lines = await bench.lines("card cat a")
        expect(lines.at(-1)).toBe(gone)
        expect(lines.at(-2)).toHaveLength(98)
    })
})

it("shows an invalid path without control characters, and cuts a long one", async () => {
    const bench = new CardConsole(await cardWith({}))
    for (const command of ["cat", "tail", "ls"]) {
        const text = await bench.run(`card ${command} "a\\r\\n\\x1b[2Jb"`)
        expect(text).toMatch(/^error: .*A\?\?\?\[2JB.*\n$/)
        const long = await bench.run(`card ${command} ${"x".repeat(200)}`)
        expect(long).toMatch(/^error: .*X{40}\.\.\..*\n$/)
        expect(long.length).toBeLessThan(120)
    }
})

describe("card tail", () => {
    const tails = [
        { title: "an empty file", lengths: [], count: 3 },
        { title: "one line", lengths: [10], count: 3 },
        { title: "fewer lines than requested", lengths: [10, 20], count: 3 },
        { title: "the last of many", lengths: Array(200).fill(30), count: 3 },
        { title: "lines that end at a block's end", lengths: Array(32).fill(128), count: 4 },
        { title: "lines longer than a block", lengths: [700, 700, 700], count: 2 },
        { title: "more than a block of lines", lengths: Array(100).fill(99), count: 50 },
        { title: "empty lines", lengths: Array(20).fill(1), count: 7 },
    ]
    for (const { title, lengths, count } of tails)
        for (const ended of [true, false])
            it(`prints ${title}${ended ? "" : ", the last line unfinished"}`, async () => {
                const all = lengths.map((length, i) => String(i % 10).repeat(length - 1) + "\n")
                if (!ended && all.length > 0) all.push("torn")
                const bench = new CardConsole(await cardWith({ A: all.join("") }))
                const text = await bench.run(`card tail a ${count}`)
                expect(text).toBe(all.slice(-count).join(""))
            })

    it("prints ten lines by default", async () => {
        const content = numbered(50, 60)
        const bench = new CardConsole(await cardWith({ A: content }))
        expect(await bench.run("card tail a")).toBe(content.slice(-600))
    })

    it("looks back 1 KiB per line and no further, in a file without lines", async () => {
        const content = "y".repeat(200_000)
        const bench = new CardConsole(await cardWith({ A: content }))
        await bench.poll(1)
        const { sectorReads } = bench.chip.counters
        expect(await bench.run("card tail a 4")).toBe("y".repeat(4 * 1024 + 1))
        expect(bench.chip.counters.sectorReads - sectorReads).toBeLessThan(40)
    })

    it("refuses an invalid count", async () => {
        const bench = new CardConsole(await cardWith({ A: "x\n" }))
        for (const count of ["0", "-1", "x", '""'])
            expect(await bench.run(`card tail a ${count}`)).toBe("error: lines: 1 or more\n")
    })
})

describe("card format", () => {
    it("asks for confirmation, reports its progress, and mounts the new volume", async () => {
        const bench = new CardConsole(await cardWith({ A: "x\n" }))
        await bench.poll(1)
        const writes = bench.chip.counters.sectorWrites
        const question = "error: this erases everything on the card; repeat with: card format yes\n"
        for (const line of ["card format", "card format no"])
            expect(await bench.run(line)).toBe(question)
        expect(bench.chip.counters.sectorWrites).toBe(writes)
        const lines = await bench.lines("card format yes")
        expect(lines[0]).toBe("formatting, 0 %")
        expect(lines.slice(-2)).toEqual(["formatting, 100 %", "ok"])
        expect(bench.output.flushes).toBe(lines.length - 1)
        expect(await bench.run("card ls")).toBe("empty\n")
        await bench.poll(1)
        expect(bench.alarm()).toBe(false)
    })

    it("formats a card that was never formatted, and an ejected one", async () => {
        const bench = new CardConsole(blankStore(16))
        await bench.poll(1)
        expect(bench.alarm()).toBe(true)
        expect((await bench.lines("card format yes")).at(-1)).toBe("ok")
        await bench.run("card eject")
        expect((await bench.lines("card format yes")).at(-1)).toBe("ok")
        expect((await bench.lines("card"))[1]).toBe("volume      FAT16, clusters of 1024 bytes")
    })

    it("reports a pulled card, and leaves no half-made file system", async () => {
        const bench = new CardConsole(await cardWith({ A: "x\n" }, 600))
        await bench.poll(1)
        let left = 100
        bench.chip.onWrite = () => {
            if (--left === 0) bench.chip.pull()
        }
        expect((await bench.lines("card format yes")).at(-1)).toBe(gone)
        expect(bench.refused).toBe(true)
        bench.chip.insert()
        await bench.poll(2)
        expect(await bench.run("card")).toContain("error: no FAT file system on the card: format")
        expect((await bench.lines("card format yes")).at(-1)).toBe("ok")
    })
})

describe("card eject", () => {
    it("makes the card safe to pull and leaves it alone until it has been out", async () => {
        const bench = new CardConsole(await cardWith({ A: "x\n" }))
        await bench.poll(1)
        expect(await bench.run("card eject")).toBe(
            "ok, the card can be pulled: the status light stays on\n",
        )
        expect(bench.card.ejected).toBeDefined()
        const { sectorReads, sectorWrites } = bench.chip.counters
        const ejected = "error: ejected: pull the card and put it back\n"
        for (const line of ["card", "card ls", "card cat a", "card eject"])
            expect(await bench.run(line)).toBe(ejected)
        await bench.poll(5)
        expect(bench.chip.counters).toMatchObject({ sectorReads, sectorWrites })
        bench.chip.pull()
        await bench.poll(1)
        expect(bench.card.ejected).toBeUndefined()
        bench.chip.insert()
        await bench.poll(2)
        expect(await bench.run("card cat a")).toBe("x\n")
    })
})
