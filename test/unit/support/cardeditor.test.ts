import { describe, expect, it } from "vitest"
import { CardEditor } from "../../support/cardeditor"
import { formattedStore, mountStore, textOn } from "../../support/cardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { checkVolume } from "../../support/fatimage"
import { hasTool } from "../../support/tools"
import { pattern } from "../../support/uploadcard"

// The tests' own card editor, compared with the firmware's volume and fsck.fat.

describe.each([
    ["FAT16", 16],
    ["FAT32", 600],
])("the card editor on %s", (_kind, mebibytes) => {
    async function card() {
        const store = await formattedStore(mebibytes)
        const volume = await mountStore(store)
        for (const path of ["LOG/20261121.CSV", "LOG/20261122.CSV", "LOGSENT.TXT"]) {
            const file = await volume.openForAppend(path, "first line\r\n")
            await file.append(DeviceBuffer.from(`${path}\r\n`.repeat(900)) as never)
            await file.syncEntry()
            await file.close()
        }
        return { store, editor: new CardEditor(store) }
    }

    it("reads files written by the firmware, and writes files that it can read", async () => {
        const { store, editor } = await card()
        expect(editor.paths()).toEqual(["LOGSENT.TXT", "LOG/20261121.CSV", "LOG/20261122.CSV"])
        expect(editor.read("LOG/20261121.CSV").toString()).toBe(
            await textOn(store, "LOG/20261121.CSV"),
        )
        for (const bytes of [0, 1, 512, 40_000]) {
            editor.write("LOG/20261123.CSV", pattern(bytes))
            expect(editor.read("LOG/20261123.CSV").equals(pattern(bytes))).toBe(true)
        }
        editor.edit("LOGSENT.TXT", text => text.replaceAll("\r", ""))
        expect(await textOn(store, "LOGSENT.TXT")).toMatch(/^first line\nLOGSENT.TXT\n/)
    })

    it("moves, renames, copies, deletes and litters, and leaves a sound volume", async () => {
        const { store, editor } = await card()
        const first = await textOn(store, "LOG/20261121.CSV")
        editor.makeDirectory("OLD")
        editor.copy("LOG/20261121.CSV", "OLD/SAVED.CSV")
        editor.move("LOG/20261121.CSV", "OLD/MOVED.CSV")
        editor.move("LOG/20261122.CSV", "LOG/20261121.CSV")
        editor.litter()
        editor.litter()
        expect(editor.exists("LOG/20261122.CSV")).toBe(false)
        for (const name of ["SAVED", "MOVED"])
            expect(await textOn(store, `OLD/${name}.CSV`)).toBe(first)
        editor.remove("OLD/MOVED.CSV")
        for (let i = 10; i < 99; ++i) editor.write(`OLD/${i}.TXT`, "x".repeat(i))
        expect(await textOn(store, "OLD/98.TXT")).toBe("x".repeat(98))
        expect(await textOn(store, "LOG/20261121.CSV")).toContain("LOG/20261122.CSV\r\n")
        if (!hasTool("fsck.fat")) return
        const check = checkVolume(store)
        expect(check.clean, check.text).toBe(true)
    })

    it("reports missing files, and a full root directory", async () => {
        const { editor } = await card()
        expect(() => editor.read("LOG/NOTHING.CSV")).toThrow("LOG/NOTHING.CSV is not on the card")
        expect(() => editor.remove("NOTHING")).toThrow("is not on the card")
        if (mebibytes > 512) return
        expect(() => {
            for (let i = 0; i < 600; ++i) editor.write(`${i}.TXT`, "")
        }).toThrow("the root directory is full")
    })
})
