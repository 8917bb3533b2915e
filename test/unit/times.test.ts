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

/** "name value file" of each constant that is a time. */
function timesOfSources(): string[] {
    const found: string[] = []
    for (const path of sources("src"))
        // A constant, or a member of an enum, which has a comma behind it.
        for (const [, name, value] of readFileSync(path, "utf8").matchAll(
            /^(?:(?:export )?const | {4}(?=.*,$))(\w*Ms(?:Max|Min)?) = (-?[\d *]+),?$/gm,
        )) {
            const product = value.split("*").reduce((result, factor) => result * Number(factor), 1)
            found.push(`${name} ${product} ${path.slice("src/".length)}`)
        }
    return found.sort()
}

test("docs/reference/times.md has every fixed time of the firmware, with its value", () => {
    const documented = [...page.matchAll(/^\| `(\w+)` \| (-?\d+) \| (\S+\.ts) \| /gm)]
    const rows = documented.map(([, name, value, file]) => `${name} ${value} ${file}`)
    expect(rows.sort()).toEqual(timesOfSources())
    expect(rows.length).toBeGreaterThan(40)
})

test("a limit has room for twice the longest time that is known of what it waits for", () => {
    const times = new Map(timesOfSources().map(row => [row.split(" ")[0] + row.split(" ")[2], row]))
    const ms = (name: string, file: string) => Number(times.get(name + file)!.split(" ")[1])
    // Five questions; the longest answer that was seen at `slow`.
    const flash = readFileSync("src/board/flash.ts", "utf8")
    const questions = Number(/const triesMax = (\d+)/.exec(flash)![1])
    const patience = questions * ms("answerMs", "board/flash.ts")
    expect(patience).toBeGreaterThanOrEqual(2 * 4200)
    // One without an answer, and those behind it, which ask once each.
    expect(ms("lockMs", "board/flash.ts")).toBeGreaterThanOrEqual(2 * patience)
    // A reset leaves time for the records when both of its waits were in vain.
    const stops = 2 * ms("stopMs", "firmware.ts")
    expect(ms("shutdownMsMax", "tasks/supervisor.ts")).toBeGreaterThanOrEqual(stops + 5000)
    // The runtime gives up a name after 10 s, a server after 18.
    for (const [name, file] of [
        ["syncTimeoutMs", "clock/clock.ts"],
        ["connectTimeoutMs", "upload/courier.ts"],
    ])
        expect(ms(name, file)).toBeGreaterThanOrEqual(28_000)
    // Who holds the socket for the time server: for the lock and for the answer.
    expect(ms("socketWaitMs", "upload/uploader.ts")).toBeGreaterThanOrEqual(
        2 * ms("syncTimeoutMs", "clock/clock.ts"),
    )
})
