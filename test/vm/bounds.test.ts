import { test } from "vitest"
import { writeFileSync } from "node:fs"
import { measureBounds } from "../../bench/bounds"
import { crowdedCard } from "../support/crowdedcard"

test("run", async () => {
    const t = Date.now()
    const store = await crowdedCard({ mebibytes: 61000, rootFiles: 3000, logFiles: 3000, historyLines: 365, longClusters: 3000, free: 40 })
    let text = `card ${Date.now() - t}\n`
    for (const b of await measureBounds(store, (process.env.CPU ?? "esp32") as any)) text += [b.name.padEnd(20), String(Math.round(b.tookMs)).padStart(8), String(Math.round(b.heldMs)).padStart(7), String(b.sectorReads).padStart(6), b.failure ?? ""].join(" ") + "\n"
    text += `${Date.now() - t}\n`
    writeFileSync(process.env.OUT ?? "/tmp/bounds/out.txt", text)
}, 600000)
