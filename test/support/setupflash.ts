import type { Key } from "../../src/settings/keys"
import { Settings } from "../../src/settings/settings"
import { MemoryFlash } from "./memoryflash"
import { Turns } from "./turns"

/** The flash of a board that a person has set up; what it had stored before stays. */
export async function setUpFlash(
    values: (readonly [Key, number | string])[],
    before = new MemoryFlash(),
): Promise<MemoryFlash> {
    const flash = before.copy()
    const settings = new Settings(flash, { set: () => {} }, "AB12", new Turns())
    await settings.load()
    await settings.apply(
        values.map(([key]) => key),
        values.map(([, value]) => value),
    )
    return flash
}
