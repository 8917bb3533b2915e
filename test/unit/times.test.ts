import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"

const page = readFileSync("docs/reference/times.md", "utf8")

function sources(folder: string): string[] {
    return readdirSync(folder).flatMap(name => {
        const path = join(folder, name)
        return statSync(path).isDirectory() ? sources(path) : [path]
    })
}

/** "name value file" of each constant time. */
function timesOfSources(): string[] {
    const found: string[] = []
    for (const path of sources("src"))
        // A constant, or a member of an enum, which ends with a comma.
        for (const [, name, value] of readFileSync(path, "utf8").matchAll(
            /^(?:(?:export )?const | {4}(?=.*,$))(\w*Ms(?:Max|Min)?) = (-?[\d *]+),?$/gm,
        )) {
            const product = value.split("*").reduce((result, factor) => result * Number(factor), 1)
            found.push(`${name} ${product} ${path.slice("src/".length)}`)
        }
    return found.sort()
}

test("docs/reference/times.md has every fixed time of the firmware with its value", () => {
    const documented = [...page.matchAll(/^\| `(\w+)` \| (-?\d+) \| (\S+\.ts) \| /gm)]
    const rows = documented.map(([, name, value, file]) => `${name} ${value} ${file}`)
    expect(rows.sort()).toEqual(timesOfSources())
    expect(rows.length).toBeGreaterThan(40)
})

test("each timeout is at least twice the longest known time of the thing it waits for", () => {
    const times = new Map(timesOfSources().map(row => [row.split(" ")[0] + row.split(" ")[2], row]))
    const ms = (name: string, file: string) => Number(times.get(name + file)!.split(" ")[1])
    // Five requests; the longest answer seen at `slow`.
    const flash = readFileSync("src/board/flash.ts", "utf8")
    const questions = Number(/const triesMax = (\d+)/.exec(flash)![1])
    const patience = questions * ms("answerMs", "board/flash.ts")
    expect(patience).toBeGreaterThanOrEqual(2 * 4200)
    // One request without an answer, and the waiting ones, which try once each.
    expect(ms("lockMs", "board/flash.ts")).toBeGreaterThanOrEqual(2 * patience)
    // A reset leaves time for the records even after both its waits have timed out.
    const stops = 2 * ms("stopMs", "firmware.ts")
    expect(ms("shutdownMsMax", "tasks/supervisor.ts")).toBeGreaterThanOrEqual(stops + 5000)
    // The runtime gives up on a name after 10 s, on a server after 18 s.
    for (const [name, file] of [
        ["syncTimeoutMs", "clock/clock.ts"],
        ["connectTimeoutMs", "upload/courier.ts"],
    ])
        expect(ms(name, file)).toBeGreaterThanOrEqual(28_000)
    // The time server's user of the socket waits for the lock and for the answer.
    expect(ms("socketWaitMs", "upload/uploader.ts")).toBeGreaterThanOrEqual(
        2 * ms("syncTimeoutMs", "clock/clock.ts"),
    )
})
