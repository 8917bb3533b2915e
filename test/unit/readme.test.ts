import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { flags } from "../../console/manual"
import { alarmCount, alarmName } from "../../src/core/alarm"

const readme = readFileSync("README.md", "utf8")
const { scripts } = JSON.parse(readFileSync("package.json", "utf8"))

/** All pages for readers. */
function pages(): string[] {
    const docs = (readdirSync("docs", { recursive: true }) as string[]).map(path =>
        join("docs", path),
    )
    const others = ["README.md", "CONTRIBUTING.md", "optimizer/README.md"].filter(existsSync)
    return [...others, ...docs.filter(path => path.endsWith(".md"))]
}

test("the readme is short and shows the two main commands", () => {
    expect(readme).toContain("npm ci && npm start")
    expect(readme).toContain("npm ci && npm test")
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(8192)
})

test("every npm script named in a page exists, and so does the file of every script", () => {
    let count = 0
    for (const page of pages())
        for (const [, name] of readFileSync(page, "utf8").matchAll(/npm run (?:-s )?([a-z]+)\b/g)) {
            expect(scripts, page).toHaveProperty(name)
            count++
        }
    expect(count).toBeGreaterThan(20)
    for (const line of Object.values(scripts) as string[])
        for (const [file] of line.matchAll(/\b(?:sim|console|tools|bench)\/\w+\.ts\b/g))
            expect(existsSync(file), file).toBe(true)
})

test("lines have at most 100 characters, except tables, code and lines without blanks", () => {
    const long: string[] = []
    for (const page of pages()) {
        const whole = readFileSync(page, "utf8")
        // Pages written by tests have lines as long as the quoted text.
        if (/^Written by `BMS_WRITE_DOCS=1/m.test(whole)) continue
        const text = whole.replaceAll(/^ *```[^]*?^ *```/gm, "")
        for (const line of text.split("\n")) {
            const breakable = line.replaceAll(/`[^`]*`|\[[^\]]*\]\([^)]*\)/g, "x").trim()
            if (line.length > 100 && !/^( *[|#!]| {4})/.test(line) && breakable.includes(" "))
                long.push(`${page}: ${line}`)
        }
    }
    expect(long).toEqual([])
})

test("every page named in the code exists", () => {
    const folders = ["src", "sim", "console", "tools", "test", "bench", "optimizer", "services"]
    for (const folder of folders)
        for (const name of readdirSync(folder, { recursive: true }) as string[]) {
            const path = join(folder, name)
            if (!statSync(path).isFile() || !/\.(ts|md)$/.test(name)) continue
            for (const [page] of readFileSync(path, "utf8").matchAll(/\bdocs\/[\w/-]+\.md\b/g))
                expect(existsSync(page), `${path}: ${page}`).toBe(true)
        }
})

test("the guide has every flag of the simulator", () => {
    const guide = readFileSync("docs/guide/simulator.md", "utf8")
    const options = readFileSync("sim/options.ts", "utf8")
    const names = [...options.matchAll(/"(--[a-z]+)/g)].map(([, name]) => name)
    expect(names).toContain("--state")
    for (const name of names) expect(guide, name).toContain(name)
})

test("the guide has the console's text for each error flag; BMS_WRITE_DOCS=1 writes it", () => {
    const path = "docs/guide/operation.md"
    const bits = Array.from({ length: alarmCount }, (_, bit) => bit).filter(alarmName)
    const rows = bits.map(bit => {
        const meaning = flags[alarmName(bit)].replaceAll("|", "\\|")
        return `| ${bit} | \`${alarmName(bit)}\` | ${meaning} |`
    })
    const table = ["| bit | flag | what it means, and what to do |", "|---|---|---|", ...rows].join(
        "\n",
    )
    const block = /(<!-- flags -->\n\n)[^]*?(?=\n\n## )/
    if (process.env.BMS_WRITE_DOCS === "1")
        writeFileSync(
            path,
            readFileSync(path, "utf8").replace(block, (_, mark) => mark + table),
        )
    expect(readFileSync(path, "utf8")).toContain(`<!-- flags -->\n\n${table}\n\n## `)
})
