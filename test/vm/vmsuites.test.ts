import { expect, test } from "vitest"
import { runImage } from "../../tools/verify"
import { programImage } from "../support/compiler"

// Suites of DeviceScript's own test package, compiled and run in the runtime: they test what only
// the runtime can get wrong.
test.each([
    ["test/vm/programs/suites/numbers.ts", 6],
    ["test/vm/programs/suites/flash.ts", 7],
    ["test/vm/programs/suites/text.ts", 3],
])("%s passes in the runtime", async (entry, count) => {
    const end = `tests: ${count}, pass: ${count}, error: 0`
    const { lines, panic } = await runImage(await programImage(entry), end, 120_000)
    expect(panic, lines.join("\n")).toBeUndefined()
    // The package starts the program once more when it is done.
    expect(lines, lines.join("\n")).toContain("> " + end)
})
