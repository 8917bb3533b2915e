import { readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { expect, test } from "vitest"
import { sourcesBelow } from "../support/sources"

/** A file's imports, relative ones as paths from the root. */
function importsOf(file: string): string[] {
    const text = readFileSync(file, "utf8")
    return [...text.matchAll(/^(?:import|export) (?:[^"()=;]*? from )?"([^"]+)"/gm)].map(
        ([, from]) => (from.startsWith(".") ? normalize(join(dirname(file), from)) : from),
    )
}

function folderOf(path: string): string {
    return path.split("/").length > 2 ? path.split("/")[1] : path.replace(/^src\//, "")
}

const reaches: Record<string, string[]> = {
    core: [],
    board: ["core"],
    card: ["core"],
    fat: ["core"],
    settings: ["core"],
    journal: ["core"],
    clock: ["core", "settings"],
    battery: ["core", "settings"],
    tasks: ["core", "settings"],
    logs: ["core", "settings", "battery", "clock", "fat", "journal"],
    upload: ["core", "settings", "battery", "clock", "fat", "journal"],
}

test.each(Object.keys(reaches))("src/%s imports only from the layers below it", folder => {
    for (const file of sourcesBelow(`src/${folder}`))
        for (const path of importsOf(file).filter(one => one.startsWith("src/")))
            expect([folder, ...reaches[folder]], `${file} imports ${path}`).toContain(
                folderOf(path),
            )
})

test("bytes become text in one place, which handles the runtime's UTF-8 reader", () => {
    const places = sourcesBelow("src").filter(file =>
        readFileSync(file, "utf8").includes(".toString()"),
    )
    expect(places).toEqual(["src/core/text.ts"])
})

test("only the driver throws card faults: from elsewhere they would unmount a good card", () => {
    const places = sourcesBelow("src").filter(file =>
        /new Fault\(\s*FaultCode\.Card/.test(readFileSync(file, "utf8")),
    )
    expect(places.length).toBeGreaterThan(0)
    for (const file of places) expect(file).toMatch(/^src\/card\//)
})

test("only the entries import the firmware's root, and nothing imports the entries", () => {
    for (const file of sourcesBelow("src"))
        for (const path of importsOf(file)) {
            if (path === "src/firmware") expect(file).toMatch(/^src\/main(sim)?\.ts$/)
            expect(path).not.toMatch(/^src\/main/)
        }
})

test("in src, only the platform's folder imports DeviceScript's packages", () => {
    for (const file of sourcesBelow("src"))
        for (const path of importsOf(file))
            if (path.startsWith("@devicescript/")) expect(file).toMatch(/^src\/board\//)
})

test("the host's programs do not import the firmware's sources", () => {
    for (const folder of ["sim", "console", "tools"])
        for (const file of sourcesBelow(folder))
            for (const path of importsOf(file)) expect(path, file).not.toMatch(/^src\//)
})

/** A file's imports, direct and indirect, within the host's programs. */
function reachedFrom(file: string, found = new Set<string>()): Set<string> {
    for (const path of importsOf(file)) {
        if (found.has(path)) continue
        found.add(path)
        if (/^(console|sim)\//.test(path)) reachedFrom(path + ".ts", found)
    }
    return found
}

test("the console code shared by terminal and browser does not need Node", () => {
    const shared = ["connection", "cardfiles", "completer", "deployment", "programmanager"]
    for (const name of [...shared, "assistance", "boardprompt", "logchoice", "provision"])
        for (const path of reachedFrom(`console/${name}.ts`))
            expect(path, name).toMatch(/^(console\/|jacdac-ts$)/)
})

/** The imports allowed between the page's layers. */
const pageReaches: Record<string, string[]> = {
    days: [],
    model: ["board", "days"],
    charts: ["days"],
    board: [],
    screens: ["board", "charts", "days", "model"],
}

test.each(Object.keys(pageReaches))("page/%s imports only from the layers below it", folder => {
    const files = [".ts", ".tsx"].flatMap(end => sourcesBelow(`page/${folder}`, end))
    for (const file of files)
        for (const path of importsOf(file)) {
            const [top, layer, ...rest] = path.split("/")
            if (top !== "page") expect(path, file).not.toMatch(/^(src|tools|optimizer|test)\//)
            else if (rest.length > 0)
                expect([folder, ...pageReaches[folder]], `${file} imports ${path}`).toContain(layer)
        }
})

test("the page's days and model do not use the document, so that they run in Node", () => {
    for (const folder of ["days", "model"])
        for (const file of sourcesBelow(`page/${folder}`))
            expect(readFileSync(file, "utf8"), file).not.toMatch(
                /\b(document|window|navigator|location)\.|from "preact"/,
            )
})

test("the page never inserts text as HTML, and requests nothing from another origin", () => {
    const files = [".ts", ".tsx"].flatMap(end => sourcesBelow("page", end))
    for (const file of files) {
        const text = readFileSync(file, "utf8")
        expect(text, file).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet/)
        if (!file.endsWith("server.ts")) expect(text, file).not.toMatch(/["'`](https?|wss?):\/\//)
    }
})

test("no firmware file asks whether it is simulated", () => {
    for (const file of sourcesBelow("src"))
        expect(readFileSync(file, "utf8"), file).not.toContain("isSimulator")
})

test("pins are in the board definition and nowhere else", () => {
    const { pins } = JSON.parse(readFileSync("boards/bms_mini.board.json", "utf8"))
    expect(Object.keys(pins).length).toBeGreaterThan(3)
    for (const file of sourcesBelow("src"))
        expect(readFileSync(file, "utf8"), file).not.toMatch(/\bgpio\s*[:=]\s*\d/i)
})

test("tests, campaigns and benches draw all random numbers from one seeded generator", () => {
    const own = /Math\.random|1664525|1103515245|0x6d2b79f5|<< 13/
    for (const folder of ["test", "campaigns", "bench"])
        for (const file of sourcesBelow(folder).filter(path => path !== "test/unit/layers.test.ts"))
            expect(own.test(readFileSync(file, "utf8")), file).toBe(false)
})
