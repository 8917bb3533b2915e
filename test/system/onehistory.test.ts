import { spawn, type ChildProcess } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { createCard } from "../../sim/state"

// One seed is one history: the whole program runs twice, once on a busy machine.

const script = `
set sd.period 1
set sd.cells on
status
sleep 70s
!current -300
sleep 20s
journal
!power cut
sleep 40s
!card out
sleep 10s
!card in
!wifi down
sleep 50s
!wifi up
!ftp hang
sleep 40s
!ftp up
describe
reset now
sleep 30s
card ls LOG
-set sd.period 0
export
!current 10
sleep 60s
ftp
`

let folder: string
const busy: ChildProcess[] = []

beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bms-history-"))
    writeFileSync(join(folder, "exec.txt"), script)
})
afterAll(() => {
    for (const loop of busy) loop.kill("SIGKILL")
    rmSync(folder, { recursive: true, force: true })
})

/** SHA-256 of each file that a run leaves. */
function digests(state: string): Record<string, string> {
    const names = readdirSync(state, { recursive: true, withFileTypes: true })
        .filter(one => one.isFile())
        .map(one => join(one.parentPath, one.name))
    return Object.fromEntries(
        names.sort().map(name => {
            const hash = createHash("sha256").update(readFileSync(name)).digest("hex")
            return [name.slice(state.length + 1), hash]
        }),
    )
}

/** Runs the script in its own working folder, where the state has the same name in each run. */
async function run(name: string, seed: number): Promise<Record<string, string>> {
    const cwd = mkdtempSync(join(folder, name))
    // A small card, because all of it is read in the end.
    mkdirSync(join(cwd, "state"))
    createCard(join(cwd, "state", "card.img"), 64 << 20)
    const loader = resolve("node_modules/tsx/dist/loader.mjs")
    const flags = ["--state", "state", "--speed", "max", "--seed", String(seed)]
    flags.push("--date", "2026-03-01T00:00:00Z", "--exec", "../exec.txt")
    const all = ["--import", loader, resolve("sim/cli.ts"), ...flags]
    const child = spawn(process.execPath, all, { cwd, stdio: ["ignore", "ignore", "inherit"] })
    const exit = await new Promise(done => child.on("close", done))
    expect(exit).toBe(0)
    return digests(join(cwd, "state"))
}

test("the same lines, seed and date give the same bytes, even on a busy machine", async () => {
    const first = await run("first", 7)
    for (let i = 0; i < 2; ++i) busy.push(spawn(process.execPath, ["-e", "for (;;);"]))
    const second = await run("second", 7)
    for (const loop of busy.splice(0)) loop.kill("SIGKILL")
    expect(second).toEqual(first)
    const kept = ["card.img", "flash.bin", "battery.json", "rtc.json", "wifi.json", "console.log"]
    expect(Object.keys(first)).toEqual(expect.arrayContaining(kept))
    expect(Object.keys(first).filter(name => name.startsWith("ftp/")).length).toBeGreaterThan(1)

    const other = await run("other", 8)
    expect(other["console.log"]).not.toBe(first["console.log"])
}, 240_000)
