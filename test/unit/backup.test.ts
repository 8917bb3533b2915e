import { beforeEach, describe, expect, test } from "vitest"
import { Backup, type BackupFiles } from "../../src/settings/backup"
import { DeviceBuffer } from "../support/devicebuffer"
import { MemoryFlash } from "../support/memoryflash"

class Files implements BackupFiles {
    readonly content = new Map<string, DeviceBuffer>()
    async read(name: string): Promise<Buffer | undefined> {
        return this.content.get(name) as unknown as Buffer
    }
    async write(name: string, content: Buffer): Promise<void> {
        this.content.set(name, DeviceBuffer.from(content))
    }
}

const keys = ["sa", "sb", "j00", "j01"]
let flash: MemoryFlash
let files: Files

function board(shortId = "AB12"): Backup {
    return new Backup(flash, shortId, keys)
}

beforeEach(async () => {
    flash = new MemoryFlash()
    files = new Files()
    flash.damage("sa", "1\n1B5")
    flash.damage("j00", "\0\x01\x02entry")
    flash.damage("sm", "secret")
})

describe("the backup on the card", () => {
    test("brings back what was there, to an empty flash", async () => {
        await board().save(files)
        const before = flash.values
        flash = new MemoryFlash()
        expect(await board().missing()).toBe(true)
        expect(await board().restore(files)).toBe(2)
        for (const key of ["sa", "j00"])
            expect(flash.values.get(key)!.toString("hex")).toBe(before.get(key)!.toString("hex"))
        expect(await board().missing()).toBe(false)
    })

    test("holds no secret and fits the specification", async () => {
        await board().save(files)
        const content = files.content.get("BMSMINI.BAK")!
        expect(content.toString()).not.toContain("secret")
        expect(content.slice(0, 16).toString("hex")).toBe("424d5342414b310a4142313201000000")
        expect(content.length).toBe(16 + (2 + 2 + 5) + (2 + 3 + 8) + 2)
    })

    test("takes turns with two files, and the newer one counts", async () => {
        await board().save(files)
        flash.damage("sa", "1\n1V6")
        await board().save(files)
        expect([...files.content.keys()]).toEqual(["BMSMINI.BAK", "BMSMINI.BA2"])
        flash = new MemoryFlash()
        await board().restore(files)
        expect(flash.values.get("sa")!.toString()).toBe("1\n1V6")
        flash.damage("sa", "1\n1x7")
        await board().save(files)
        flash = new MemoryFlash()
        await board().restore(files)
        expect(flash.values.get("sa")!.toString()).toBe("1\n1x7")
    })

    test("a half-written file is passed over for the older one", async () => {
        await board().save(files)
        flash.damage("sa", "newer")
        await board().save(files)
        const newer = files.content.get("BMSMINI.BA2")!
        for (let length = 0; length < newer.length; ++length) {
            files.content.set("BMSMINI.BA2", newer.slice(0, length))
            flash = new MemoryFlash()
            expect(await board().restore(files)).toBe(2)
            expect(flash.values.get("sa")!.toString()).toBe("1\n1B5")
        }
    })

    test("no changed byte goes unnoticed", async () => {
        await board().save(files)
        const good = files.content.get("BMSMINI.BAK")!
        for (let i = 0; i < good.length; ++i) {
            const bad = DeviceBuffer.from(good)
            bad[i] ^= 0x10
            files.content.set("BMSMINI.BAK", bad)
            flash = new MemoryFlash()
            expect(await board().restore(files)).toBe(0)
            expect(flash.writes).toBe(0)
        }
    })

    test("another board's copy is refused, and no copy is no error", async () => {
        await board().save(files)
        flash = new MemoryFlash()
        expect(await board("XY99").restore(files)).toBe(0)
        expect(await board().restore(new Files())).toBe(0)
        expect(flash.writes).toBe(0)
    })
})
