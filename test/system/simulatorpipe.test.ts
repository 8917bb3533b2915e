import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { firmware, readManifest } from "../../tools/firmware"

let folder: string
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "simulatorpipe-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test("the simulator runs piped lines and then ends", { timeout: 120_000 }, async () => {
    await firmware(readManifest().entries.simulator)
    const start = `npx tsx sim/cli.ts --speed max --state ${join(folder, "state")}`
    const lines = "status\\nimport\\nset sd.period 7\\nend\\nexit\\nbattery\\n"
    const output = execFileSync("bash", ["-c", `printf '${lines}' | ${start}`], {
        encoding: "utf8",
        timeout: 100_000,
    })
    // The board may log something before it answers.
    expect(output).toMatch(/^> status\n(\[.*\n)*version /m)
    expect(output).toContain("ok, 1 settings")
    expect(output).not.toContain("> battery")
})

test("a compile is announced before it begins", async () => {
    const said: string[] = []
    const compiling = firmware("test/nothing.ts", { onCompile: () => said.push("compiling") })
    expect(said).toEqual(["compiling"])
    await expect(compiling).rejects.toThrow("test/nothing.ts does not compile")
})
