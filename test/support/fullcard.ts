import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { mainHeader } from "../../src/logs/record"
import { formattedStore, mountStore } from "./cardstore"
import { DeviceBuffer } from "./devicebuffer"
import { ForeignFiles } from "./foreignfiles"

/** Clusters kept free for the histories. */
export const reserve = 4

const text = (value: string) => DeviceBuffer.from(value) as unknown as Buffer

/** The content of an earlier day's log; `day` as "2026-11-21". */
export function dayLog(day: string, records = 3): string {
    let lines = ""
    for (let second = 0; second < records; ++second) {
        const time = `${day} 10:00:${String(second % 60).padStart(2, "0")}`
        lines += `${time},+00:00,BMS-1A2B,,,,,,,,,,00000000\r\n`
    }
    return `${mainHeader}\r\n${lines}`
}

/** Adds a foreign file that takes all but this many clusters. */
export function fillUp(store: MemoryStore, freeClusters: number): void {
    const files = new ForeignFiles(store)
    files.fill(files.directory(), "FILL    BIN", files.free() - freeClusters)
}

/**
 * A full card with the logs of the 422 days before a date, and a year of history whose files are
 * gone.
 * @returns also the paths of the two sent days, the last ones
 */
export async function cardOfUnsentDays(todaySeconds: number) {
    const store = await formattedStore(4)
    const volume = await mountStore(store)
    const dayOf = (before: number) =>
        new Date((todaySeconds - before * 86400) * 1000).toISOString().slice(0, 10)
    const nameOf = (before: number) => dayOf(before).replaceAll("-", "") + ".CSV"
    const contentOf = (before: number) => dayLog(dayOf(before), before > 2 ? 3 : 60)
    for (let before = 422; before >= 1; --before) {
        const file = await volume.openForAppend(`LOG/${nameOf(before)}`, "")
        await file.append(text(contentOf(before)))
        await file.close()
    }
    const history = await volume.openForAppend("LOGSENT.TXT", "")
    const add = (before: number, bytes: number) =>
        history.append(
            text(
                `${nameOf(before)},${bytes},2026-02-21 10:00:00,BMS-1A2B-LOG-${nameOf(before)}\r\n`,
            ),
        )
    for (let before = 795; before > 430; --before)
        for (const bytes of [0, 500]) await add(before, bytes)
    for (const before of [2, 1]) await add(before, contentOf(before).length)
    await history.close()
    await volume.sync()
    fillUp(store, reserve + 3)
    return { store, sent: [2, 1].map(before => `LOG/${nameOf(before)}`) }
}
