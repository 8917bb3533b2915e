import { beforeEach, describe, expect, test } from "vitest"
import { Backup, type BackupFiles } from "../../../src/settings/backup"
import { renewStore } from "../../../src/settings/renewal"
import { DeviceBuffer } from "../../support/devicebuffer"
import { forgedCopy } from "../../support/forgedcopy"
import { MemoryFlash } from "../../support/memoryflash"
import { NodeHashing } from "../../support/nodehashing"

class Files implements BackupFiles {
    readonly content = new Map<string, DeviceBuffer>()
    /** The longest that was written or asked for in one piece. */
    pieceBytesMax = 0
    async read(name: string, offset: number, into: Buffer): Promise<number> {
        this.pieceBytesMax = Math.max(this.pieceBytesMax, into.length)
        const content = this.content.get(name)
        if (!content) return -1
        into.set(content.subarray(offset, offset + into.length))
        return content.length
    }
    async write(name: string, pieces: Buffer[]): Promise<void> {
        this.pieceBytesMax = Math.max(this.pieceBytesMax, ...pieces.map(piece => piece.length))
        this.content.set(name, DeviceBuffer.concat(...pieces))
    }
}

const keys = ["sa", "sb", "sk", "sn", "so", "j00", "j01"]
let flash: MemoryFlash
let files: Files

function board(shortId = "AB12"): Backup {
    return new Backup(flash, shortId, index => keys[index] ?? "", new NodeHashing())
}

/** What Settings knows after it was loaded. */
function lived(): boolean {
    return [...flash.values.keys()].some(key => /^s[a-z]$/.test(key))
}

beforeEach(async () => {
    flash = new MemoryFlash()
    files = new Files()
    flash.damage("sa", "1\n1B5")
    flash.damage("j00", "\0\x01\x02entry")
    flash.damage("sm", "secret")
})

/** The board starts. @returns true when it took its backup over */
async function boot(shortId = "AB12"): Promise<{ backup: Backup; restored: boolean }> {
    const backup = board(shortId)
    return { backup, restored: await backup.restore(files, lived()) }
}

async function save(): Promise<void> {
    const { backup } = await boot()
    await backup.save(files)
}

describe("the backup on the card", () => {
    test("brings back what was there, to an empty flash", async () => {
        await save()
        const before = flash.values
        flash = new MemoryFlash()
        const { backup, restored } = await boot()
        expect(restored).toBe(true)
        expect(backup.remark).toContain("restored from the card")
        for (const key of ["sa", "j00"])
            expect(flash.values.get(key)!.toString("hex")).toBe(before.get(key)!.toString("hex"))
        expect((await boot()).restored).toBe(false)
    })

    test("holds no secret and fits the specification", async () => {
        await save()
        const content = files.content.get("BMSMINI.BAK")!
        expect(content.toString()).not.toContain("secret")
        expect(content.slice(0, 16).toString("hex")).toBe("424d5342414b310a4142313201000000")
        expect(content.slice(16, 22).toString("hex")).toBe("04207365616c")
        // Keys without a value are in it too: without one they are to be after a restoration.
        const entries = 2 + 2 + 5 + 4 * (2 + 2) + (2 + 3 + 8) + (2 + 3)
        expect(content.length).toBe(16 + (2 + 4 + 32) + entries + 2)
    })

    test("is written and read in small pieces, the largest values and a full journal too", async () => {
        const all = Array.from({ length: 49 }, (_, i) => "k" + i)
        flash = new MemoryFlash()
        for (const [i, key] of all.entries())
            await flash.write(key, DeviceBuffer.alloc(i % 9 ? 16 : 200) as never)
        const make = () => new Backup(flash, "AB12", index => all[index] ?? "", new NodeHashing())
        const backup = make()
        await backup.restore(files, false)
        await backup.save(files)
        const before = new Map(flash.values)
        const bytes = files.content.get("BMSMINI.BAK")!.length
        expect(bytes).toBeGreaterThan(2000)
        flash = new MemoryFlash()
        expect(await make().restore(files, false)).toBe(true)
        for (const key of all)
            expect(flash.values.get(key)!.toString("hex")).toBe(before.get(key)!.toString("hex"))
        expect(files.pieceBytesMax).toBe(216)
    })

    test("takes turns with two files, and the newer one counts", async () => {
        await save()
        flash.damage("sa", "1\n1V6")
        await save()
        expect([...files.content.keys()]).toEqual(["BMSMINI.BAK", "BMSMINI.BA2"])
        flash = new MemoryFlash()
        await boot()
        expect(flash.values.get("sa")!.toString()).toBe("1\n1V6")
        flash.damage("sa", "1\n1x7")
        await save()
        flash = new MemoryFlash()
        await boot()
        expect(flash.values.get("sa")!.toString()).toBe("1\n1x7")
    })

    test("a half-written file is passed over for the older one", async () => {
        await save()
        flash.damage("sa", "newer")
        await save()
        const newer = files.content.get("BMSMINI.BA2")!
        for (let length = 0; length < newer.length; ++length) {
            files.content.set("BMSMINI.BA2", newer.slice(0, length))
            flash = new MemoryFlash()
            expect((await boot()).restored).toBe(true)
            expect(flash.values.get("sa")!.toString()).toBe("1\n1B5")
        }
    })

    test("no changed byte goes unnoticed, and it is said", async () => {
        await save()
        const good = files.content.get("BMSMINI.BAK")!
        for (let i = 0; i < good.length; ++i) {
            const bad = DeviceBuffer.from(good)
            bad[i] ^= 0x10
            files.content.set("BMSMINI.BAK", bad)
            flash = new MemoryFlash()
            const { backup, restored } = await boot()
            expect(restored).toBe(false)
            expect(backup.remark).toBe(
                "the flash was empty: BMSMINI.BAK is damaged or from another board",
            )
            expect(flash.writes).toBe(0)
        }
    })

    test("another board's copy is refused, and no copy is no error", async () => {
        await save()
        flash = new MemoryFlash()
        const foreign = await boot("XY99")
        expect(foreign.restored).toBe(false)
        expect(foreign.backup.remark).toContain("from another board")
        files = new Files()
        const none = await boot()
        expect(none.restored).toBe(false)
        expect(none.backup.remark).toBe("the flash was empty: no backup on the card")
        expect(flash.writes).toBe(0)
        await none.backup.save(files)
        expect(none.backup.remark).toBeUndefined()
    })

    test("what is wrong with a copy is said as long as it is on the card", async () => {
        await save()
        flash = new MemoryFlash()
        const { backup } = await boot("XY99")
        expect(backup.remark).toContain("from another board")
        await backup.save(files)
        await backup.save(files)
        // Both are this board's own now.
        await backup.save(files)
        expect(backup.remark).toBeUndefined()
        files.content.get("BMSMINI.BAK")![20] ^= 1
        await backup.save(files)
        expect(backup.remark).toBe("BMSMINI.BAK is damaged or from another board")
    })

    test("a card that cannot be read is named when the flash is empty", async () => {
        flash = new MemoryFlash()
        files.read = async () => {
            throw new Error("no SD card")
        }
        const { backup, restored } = await boot()
        expect(restored).toBe(false)
        expect(backup.remark).toContain("no SD card")
    })

    test("a flash that went back to an older state takes the newer copy, removed values included", async () => {
        await save()
        const old = new Map(flash.values)
        flash.damage("sb", "1\n1V6")
        flash.values.delete("j00")
        await save()
        await save()
        flash = new MemoryFlash()
        for (const [key, value] of old) flash.values.set(key, value)
        expect((await boot()).restored).toBe(true)
        expect(flash.values.get("sb")!.toString()).toBe("1\n1V6")
        expect(flash.values.has("j00")).toBe(false)
    })

    test("a copy that the power cut kept the flash from noting takes nothing back", async () => {
        await save()
        const { backup } = await boot()
        const real = flash.write.bind(flash)
        flash.write = async (key, value) => {
            if (key === "backup") throw new Error("power cut")
            await real(key, value)
        }
        for (let i = 0; i < 3; ++i) await backup.save(files).catch((): void => undefined)
        flash.write = real
        flash.damage("sa", "1\n1V6")
        expect((await boot()).restored).toBe(false)
        expect(flash.values.get("sa")!.toString()).toBe("1\n1V6")
    })

    test("a board that came up empty without its card writes nothing over the copy on it", async () => {
        await save()
        const copy = files.content.get("BMSMINI.BAK")!.toString("hex")
        flash = new MemoryFlash()
        const without = board()
        await without.restore(new Files(), false)
        await without.save(files)
        expect([...files.content.keys()]).toEqual(["BMSMINI.BAK"])
        expect(files.content.get("BMSMINI.BAK")!.toString("hex")).toBe(copy)
        expect((await boot()).restored).toBe(true)
    })
})

function fileOf(generation: number): string {
    return generation & 1 ? "BMSMINI.BAK" : "BMSMINI.BA2"
}

function flashText(): string {
    return JSON.stringify([...flash.values].map(([key, value]) => [key, value.toString("hex")]))
}

describe("a copy that somebody else has written", () => {
    const loot = { sa: "1\n1V6", sk: "1\n0Mevil.example" }

    test.each([3, 11, 12, 1000, 0xffffffff])(
        "of generation %i is not taken by a flash that is well",
        async generation => {
            await save()
            const before = flashText()
            files.content.set(fileOf(generation), forgedCopy(generation, loot))
            const { backup, restored } = await boot()
            expect(restored).toBe(false)
            expect(backup.remark).toBe(
                fileOf(generation) + " was not made on this flash: left alone",
            )
            expect(flashText()).toBe(before)
        },
    )

    test("goes with the next two backups, whatever its generation says", async () => {
        await save()
        files.content.set("BMSMINI.BAK", forgedCopy(0xffffffff, loot))
        files.content.set("BMSMINI.BA2", forgedCopy(0xfffffffe, loot))
        for (let i = 0; i < 2; ++i) {
            await save()
            flash.damage("sa", "1\n1B" + i)
        }
        flash = new MemoryFlash()
        const { backup, restored } = await boot()
        expect(restored).toBe(true)
        expect(backup.remark).toContain("check ftp.host")
        expect(flash.values.get("sa")!.toString()).toBe("1\n1B0")
    })

    test.each([
        ["another generation's seal", (copy: DeviceBuffer) => copy.slice(16, 54)],
        ["the seal of an empty secret", () => seal(DeviceBuffer.alloc(0))],
        ["the seal of a secret of zeros", () => seal(DeviceBuffer.alloc(12))],
        ["no bytes for a seal", () => DeviceBuffer.from("\x04\0seal")],
    ])("is not taken with %s", async (_title, make) => {
        await save()
        const before = flashText()
        const copy = make(files.content.get("BMSMINI.BAK")!)
        const value = copy.slice(6)
        files.content.set("BMSMINI.BAK", forgedCopy(11, { seal: value, ...loot }))
        expect((await boot()).restored).toBe(false)
        expect(flashText()).toBe(before)
    })

    /** An entry with what that secret would make of generation 11. */
    function seal(secret: DeviceBuffer): DeviceBuffer {
        const head = forgedCopy(11, {}).slice(0, 16)
        const value = new NodeHashing().digest(secret, head)
        return DeviceBuffer.concat(DeviceBuffer.from("\x04 seal"), value as never)
    }

    test("is not taken by a flash that holds settings, though it has never made a backup", async () => {
        const before = flashText()
        files.content.set("BMSMINI.BAK", forgedCopy(11, loot))
        const { backup, restored } = await boot()
        expect(restored).toBe(false)
        expect(backup.remark).toContain("was not made on this flash")
        expect(flashText()).toBe(before)
        // What was set counts, and is copied.
        await save()
        await save()
        flash = new MemoryFlash()
        await boot()
        expect(flash.values.get("sa")!.toString()).toBe("1\n1B5")
    })

    test("is not taken by a flash that an earlier firmware has written", async () => {
        flash.damage("backup", "\x05\0\0\0")
        const before = flashText()
        files.content.set("BMSMINI.BAK", forgedCopy(5, { sa: "1\n1B5" }))
        files.content.set("BMSMINI.BA2", forgedCopy(12, loot))
        expect((await boot()).restored).toBe(false)
        expect(flashText()).toBe(before)
        // From the next backup on they are sealed.
        await save()
        flash.damage("sb", "1\n1V6")
        const old = new Map(flash.values)
        await save()
        await save()
        flash = new MemoryFlash()
        for (const [key, value] of old) flash.values.set(key, value)
        expect((await boot()).restored).toBe(true)
    })

    test("gives an empty flash nothing but what a backup may hold", async () => {
        flash = new MemoryFlash()
        const secrets = { sj: "1\n0?" + "a".repeat(40), sm: "1\n0?password", sp: "1\n0?wifi" }
        const others = { t: "3", ta: "1\n1V6", boot: "\0\0", fill: "\x01", "": "x", seal: "y" }
        files.content.set(
            "BMSMINI.BAK",
            forgedCopy(11, { ...others, ...secrets, j00: "entry", ...loot }),
        )
        expect((await boot()).restored).toBe(true)
        expect([...flash.values.keys()].sort()).toEqual(["backup", "j00", "sa", "sk"])
    })

    test("takes nothing away from it but that", async () => {
        flash = new MemoryFlash()
        flash.damage("boot", "\x01\x02")
        files.content.set("BMSMINI.BAK", forgedCopy(11, { boot: "", clock: "", sj: "", ...loot }))
        expect((await boot()).restored).toBe(true)
        expect(flash.values.get("boot")!.toString("hex")).toBe("0102")
    })
})

describe("a copy made on this flash", () => {
    /** The flash goes back to what it was before the last two backups. */
    async function goBack(change: () => void): Promise<void> {
        await save()
        const old = new Map(flash.values)
        change()
        await save()
        await save()
        flash = new MemoryFlash()
        for (const [key, value] of old) flash.values.set(key, value)
        expect((await boot()).restored).toBe(true)
    }

    test("brings an older state no server, gateway or network: their passwords are still stored", async () => {
        flash.damage("sk", "host before")
        flash.damage("so", "network before")
        flash.damage("sp", "password")
        await goBack(() => {
            flash.damage("sk", "host behind")
            flash.damage("sn", "gateway behind")
            flash.values.delete("so")
            flash.damage("sb", "period behind")
        })
        const text = (key: string) => flash.values.get(key)?.toString()
        expect(["sk", "sn", "so", "sm", "sp"].map(text)).toEqual([
            "host before",
            undefined,
            "network before",
            "secret",
            "password",
        ])
        expect(text("sb")).toBe("period behind")
    })

    test("brings an empty one all of them: nothing is stored that could meet them", async () => {
        for (const key of ["sk", "sn", "so"]) flash.damage(key, "mine " + key)
        await save()
        flash = new MemoryFlash()
        expect((await boot()).restored).toBe(true)
        for (const key of ["sk", "sn", "so"])
            expect(flash.values.get(key)!.toString()).toBe("mine " + key)
        expect(flash.values.has("sm")).toBe(false)
    })

    test("brings none to one that got a password between two parts of it", async () => {
        flash.damage("sk", "host")
        await save()
        for (const secret of ["sm", "sp"]) {
            flash = new MemoryFlash()
            flash.cutPowerAt({ write: 2, stored: true })
            await boot().catch((): void => undefined)
            flash.powerUp()
            expect(flash.values.has("sa")).toBe(true)
            flash.damage(secret, "password")
            expect((await boot()).restored).toBe(true)
            expect(flash.values.has("sk")).toBe(false)
            expect(flash.values.has("j00")).toBe(true)
        }
    })

    test("is put back to its end by the next start when the power went in between", async () => {
        flash.damage("sk", "host")
        await save()
        for (let writes = 1; ; ++writes) {
            flash = new MemoryFlash()
            flash.cutPowerAt({ write: writes, stored: true })
            const cut = await boot().then(
                () => false,
                () => true,
            )
            flash.powerUp()
            if (!cut) break
            const { restored } = await boot()
            // The last write is the note that all of it is there.
            expect(restored, `after ${writes} writes`).toBe(writes < 5)
            for (const key of ["sa", "sk", "j00"]) expect(flash.values.has(key)).toBe(true)
        }
        expect(flash.values.get("sk")!.toString()).toBe("host")
    })
})

describe("the renewal of a new store", () => {
    test("writes more than one half of the ESP32's store, once", async () => {
        flash = new MemoryFlash()
        await renewStore(flash)
        expect(flash.bytesWritten).toBeGreaterThan(4 * 4096)
        const { writes } = flash
        await renewStore(flash)
        expect(flash.writes).toBe(writes)
    })

    test("begins anew when the power went before its end", async () => {
        flash = new MemoryFlash()
        flash.cutPowerAt({ write: 40, stored: true })
        await renewStore(flash).catch((): void => undefined)
        flash.powerUp()
        await renewStore(flash)
        expect(flash.bytesWritten).toBeGreaterThan(4 * 4096 + 39 * 224)
    })
})
