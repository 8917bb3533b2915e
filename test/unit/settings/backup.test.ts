import { beforeEach, describe, expect, test } from "vitest"
import { Backup, type BackupFiles } from "../../../src/settings/backup"
import { renewStore } from "../../../src/settings/renewal"
import { DeviceBuffer } from "../../support/devicebuffer"
import { forgedCopy } from "../../support/forgedcopy"
import { MemoryFlash } from "../../support/memoryflash"
import { NodeHashing } from "../../support/nodehashing"

class Files implements BackupFiles {
    readonly content = new Map<string, DeviceBuffer>()
    /** The longest piece written or requested. */
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

/** Settings.stored after loading. */
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

/** Starts the board. `restored` is true when it took its backup. */
async function boot(shortId = "AB12"): Promise<{ backup: Backup; restored: boolean }> {
    const backup = board(shortId)
    return { backup, restored: await backup.restore(files, lived()) }
}

async function save(): Promise<void> {
    const { backup } = await boot()
    await backup.save(files)
}

describe("the backup on the card", () => {
    test("restores everything to an empty flash", async () => {
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

    test("holds no secret and matches the specification", async () => {
        await save()
        const content = files.content.get("BMSMINI.BAK")!
        expect(content.toString()).not.toContain("secret")
        expect(content.slice(0, 16).toString("hex")).toBe("424d5342414b310a4142313201000000")
        expect(content.slice(16, 22).toString("hex")).toBe("04207365616c")
        // It also has keys without a value: a restoration must leave them without one.
        const entries = 2 + 2 + 5 + 4 * (2 + 2) + (2 + 3 + 8) + (2 + 3)
        expect(content.length).toBe(16 + (2 + 4 + 32) + entries + 2)
    })

    test("is written and read in small pieces, even with the largest values", async () => {
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

    test("alternates between two files, and the newer one counts", async () => {
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

    test("skips a half-written file for the older one", async () => {
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

    test("detects every changed byte and reports it", async () => {
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

    test("refuses another board's copy, and accepts a missing one", async () => {
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

    test("reports a bad copy as long as it is on the card", async () => {
        await save()
        flash = new MemoryFlash()
        const { backup } = await boot("XY99")
        expect(backup.remark).toContain("from another board")
        await backup.save(files)
        await backup.save(files)
        // Both files are now this board's own.
        await backup.save(files)
        expect(backup.remark).toBeUndefined()
        files.content.get("BMSMINI.BAK")![20] ^= 1
        await backup.save(files)
        expect(backup.remark).toBe("BMSMINI.BAK is damaged or from another board")
    })

    test("reports an unreadable card when the flash is empty", async () => {
        flash = new MemoryFlash()
        files.read = async () => {
            throw new Error("no SD card")
        }
        const { backup, restored } = await boot()
        expect(restored).toBe(false)
        expect(backup.remark).toContain("no SD card")
    })

    test("brings a flash in an older state up to date, removals included", async () => {
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

    test("undoes nothing when a power cut kept the flash from noting a copy", async () => {
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

    test("is not overwritten by a board that started empty without its card", async () => {
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

describe("a foreign copy", () => {
    const loot = { sa: "1\n1V6", sk: "1\n0Mevil.example" }

    test.each([3, 11, 12, 1000, 0xffffffff])(
        "of generation %i is not taken by an intact flash",
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

    test("is replaced by the next two backups, whatever its generation", async () => {
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

    /** An entry with the seal of generation 11 that this secret gives. */
    function seal(secret: DeviceBuffer): DeviceBuffer {
        const head = forgedCopy(11, {}).slice(0, 16)
        const value = new NodeHashing().digest(secret, head)
        return DeviceBuffer.concat(DeviceBuffer.from("\x04 seal"), value as never)
    }

    test("is not taken by a flash with settings, even if it has never made a backup", async () => {
        const before = flashText()
        files.content.set("BMSMINI.BAK", forgedCopy(11, loot))
        const { backup, restored } = await boot()
        expect(restored).toBe(false)
        expect(backup.remark).toContain("was not made on this flash")
        expect(flashText()).toBe(before)
        // The settings count, and are copied.
        await save()
        await save()
        flash = new MemoryFlash()
        await boot()
        expect(flash.values.get("sa")!.toString()).toBe("1\n1B5")
    })

    test("is not taken by a flash written by an earlier firmware", async () => {
        flash.damage("backup", "\x05\0\0\0")
        const before = flashText()
        files.content.set("BMSMINI.BAK", forgedCopy(5, { sa: "1\n1B5" }))
        files.content.set("BMSMINI.BA2", forgedCopy(12, loot))
        expect((await boot()).restored).toBe(false)
        expect(flashText()).toBe(before)
        // From the next backup on, copies are sealed.
        await save()
        flash.damage("sb", "1\n1V6")
        const old = new Map(flash.values)
        await save()
        await save()
        flash = new MemoryFlash()
        for (const [key, value] of old) flash.values.set(key, value)
        expect((await boot()).restored).toBe(true)
    })

    test("gives an empty flash only what a backup may hold", async () => {
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

    test("removes no other values from an empty flash", async () => {
        flash = new MemoryFlash()
        flash.damage("boot", "\x01\x02")
        files.content.set("BMSMINI.BAK", forgedCopy(11, { boot: "", clock: "", sj: "", ...loot }))
        expect((await boot()).restored).toBe(true)
        expect(flash.values.get("boot")!.toString("hex")).toBe("0102")
    })
})

describe("a copy made on this flash", () => {
    /** Puts the flash back to its state before the last two backups. */
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

    test("gives an older state with passwords no server, gateway or network", async () => {
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

    test("gives all of them to an empty one, which has no passwords", async () => {
        for (const key of ["sk", "sn", "so"]) flash.damage(key, "mine " + key)
        await save()
        flash = new MemoryFlash()
        expect((await boot()).restored).toBe(true)
        for (const key of ["sk", "sn", "so"])
            expect(flash.values.get(key)!.toString()).toBe("mine " + key)
        expect(flash.values.has("sm")).toBe(false)
    })

    test("gives none to one that got a password between two parts of the restoration", async () => {
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

    test("is restored to the end by the next start after a power cut", async () => {
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
            // The last write notes that the restoration is complete.
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

    test("starts again after a power cut before its end", async () => {
        flash = new MemoryFlash()
        flash.cutPowerAt({ write: 40, stored: true })
        await renewStore(flash).catch((): void => undefined)
        flash.powerUp()
        await renewStore(flash)
        expect(flash.bytesWritten).toBeGreaterThan(4 * 4096 + 39 * 224)
    })
})
