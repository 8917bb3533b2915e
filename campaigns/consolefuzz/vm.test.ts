import { afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import { keyCount } from "../../src/settings/schema"
import { firmware, readManifest } from "../../tools/firmware"
import { FuzzedBoard } from "./vmcampaign"

// Sends console lines of every kind to the firmware in the VM, from two consoles. "npm run
// consolefuzz" sends more.

let imagePath: string
let board: FuzzedBoard

beforeAll(async () => {
    imagePath = (await firmware(readManifest().entries.simulator)).imagePath
})

beforeEach(async () => {
    board = new FuzzedBoard(imagePath)
    await board.start()
})

afterEach(async () => {
    await board.end()
})

const lineCount = 700

test(`${lineCount} lines in the VM: all are answered, no reset, no leak, no change by refused ones`, async () => {
    const counts = await board.fuzz(lineCount, 6)
    expect(counts.done + counts.refused).toBe(lineCount)
    expect(counts.done).toBeGreaterThan(lineCount / 6)
    expect(counts.refused).toBeGreaterThan(lineCount / 6)
    expect(board.simulation.board.resets).toBe(0)
})

test("a log-in in the VM: hash, lock and its time, idle minutes, and a reset", async () => {
    const { clock } = board.simulation
    const loginNeeded = "error: log in first: login <password>\n"
    const wrong = "error: wrong password\n"
    expect((await board.run('passwd "korrekt µ pferd"')).text).toBe("ok\n")
    expect((await board.run("status", 1)).text).toBe(loginNeeded)
    for (let i = 0; i < 5; ++i) expect((await board.run("login nein", 1)).text).toBe(wrong)
    const locked = /^error: locked after five wrong tries; wait (\d+) s\n$/
    const first = Number(locked.exec((await board.run('login "korrekt µ pferd"', 1)).text)?.[1])
    expect(first).toBeGreaterThan(50)
    await clock.sleep(30_000)
    const later = Number(locked.exec((await board.run("login nein", 1)).text)?.[1])
    expect(first - later).toBeGreaterThanOrEqual(29)
    expect(first - later).toBeLessThanOrEqual(33)
    await clock.sleep(later * 1000)
    expect((await board.run("login nein", 1)).text).toBe(wrong)
    expect((await board.run('login "korrekt µ pferd"', 1)).text).toBe("ok\n")

    await clock.sleep(590_000)
    expect((await board.run("time", 1)).done).toBe(true)
    // The first console was idle since its passwd.
    expect((await board.run("time", 0)).text).toBe(loginNeeded)
    await clock.sleep(601_000)
    expect((await board.run("time", 1)).text).toBe(loginNeeded)

    expect((await board.run('login "korrekt µ pferd"')).text).toBe("ok\n")
    await board.run("reset now")
    await board.simulation.resetAfter(0)
    await board.simulation.consoleReady()
    expect((await board.run("time")).text).toBe(loginNeeded)
    expect((await board.run('login "korrekt µ pferd"')).text).toBe("ok\n")
    expect((await board.run("show console.password")).text).toContain(" set ")
    expect(board.shown).not.toContain("pferd")
})

test("two consoles and the log print at once, and each console gets its whole output", async () => {
    for (const line of ["set sd.period 1", "set sd.cells on"])
        expect((await board.run(line)).done).toBe(true)
    const alone = (await board.run("help")).text
    const logged = () => board.shown.match(/\] records: /g)?.length ?? 0
    const loggedBefore = logged()
    for (let i = 0; i < 5; ++i) {
        const [description, ...helps] = await Promise.all([
            board.run("describe", 0),
            board.run("help", 1),
            board.run("help", 1),
            board.run("help", 1),
        ])
        for (const help of helps) expect(help.text).toBe(alone)
        const lines = description.text.split("\n").slice(0, -1)
        const kinds = lines.map(line => (JSON.parse(line) as { kind: string }).kind)
        expect(kinds.filter(kind => kind === "setting")).toHaveLength(keyCount)
        expect(kinds.at(-1)).toBe("battery")
    }
    expect(logged() - loggedBefore).toBeGreaterThan(3)
})
