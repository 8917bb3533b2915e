import { existsSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { keyCount } from "../../src/settings/schema"

const readme = readFileSync("README.md", "utf8")
const { scripts } = JSON.parse(readFileSync("package.json", "utf8"))

test("shows the two commands that do all", () => {
    expect(readme).toContain("npm ci && npm start")
    expect(readme).toContain("npm ci && npm test")
})

test("every npm script it names exists, and every script is a file that is there", () => {
    const named = [
        ...readme.matchAll(/npm (?:run )?(start|test|build|bench|check|console|format)\b/g),
    ]
    expect(named.length).toBeGreaterThan(5)
    for (const [, name] of named) expect(scripts).toHaveProperty(name)
    for (const line of Object.values(scripts) as string[])
        for (const [file] of line.matchAll(/\b(?:sim|console|tools|bench)\/\w+\.ts\b/g))
            expect(existsSync(file), file).toBe(true)
})

test("every page it links to is there", () => {
    for (const [, path] of readme.matchAll(/\]\((?!http|#)([^)#]+)/g))
        expect(existsSync(path), path).toBe(true)
})

test("names every flag of the simulator", () => {
    const options = readFileSync("sim/options.ts", "utf8")
    const flags = [...options.matchAll(/"(--[a-z]+)/g)].map(([, flag]) => flag)
    expect(flags).toContain("--state")
    for (const flag of flags) expect(readme, flag).toContain(flag)
})

test("names every setting of the firmware", () => {
    const schema = readFileSync("src/settings/schema.ts", "utf8")
    const keys = [...schema.matchAll(/^(?:const table = `)?([a-z]+\.[a-z_]+)\|/gm)].map(
        ([, key]) => key,
    )
    expect(keys).toHaveLength(keyCount)
    for (const key of keys) expect(readme, key).toContain(key)
})
