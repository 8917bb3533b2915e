import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"

/** Every Markdown file of the repository, including reports. */
function markdownFiles(): string[] {
    const folders = [".", "docs", "campaigns", "optimizer", "services"]
    const names = folders.flatMap(folder =>
        (readdirSync(folder, { recursive: folder !== "." }) as string[]).map(name =>
            join(folder, name),
        ),
    )
    return names.filter(name => name.endsWith(".md"))
}

function textOf(path: string): string {
    return readFileSync(path, "utf8").replaceAll(/^ *```[^]*?^ *```/gm, "")
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(path: string): string[] {
    return [...textOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
        heading
            .toLowerCase()
            .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
            .replaceAll(" ", "-"),
    )
}

test("every relative link of a Markdown file leads to a file, and to one of its headings", () => {
    let count = 0
    for (const file of markdownFiles()) {
        const text = textOf(file).replaceAll(/`[^`\n]*`/g, "")
        for (const [, link] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
            const [path, anchor] = link.split("#")
            const target = path === "" ? file : join(dirname(file), path)
            expect(existsSync(target), `${file}: ${link}`).toBe(true)
            if (anchor !== undefined)
                expect(anchorsOf(target), `${file}: ${link}`).toContain(anchor)
            count++
        }
    }
    expect(count).toBeGreaterThan(80)
})
