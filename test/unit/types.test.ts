import { readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import ts from "typescript"
import { expect, test } from "vitest"
import { sourcesBelow } from "../support/sources"

/** The folders whose tsconfig.json `npm run types` checks. */
function checked(): string[] {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"))
    return scripts.types
        .split(" ")
        .filter((word: string) => word !== "tsc" && word !== "&&" && !word.startsWith("-"))
}

function parsed(config: string): ts.ParsedCommandLine {
    const { config: json, error } = ts.readConfigFile(config, path => readFileSync(path, "utf8"))
    expect(error).toBeUndefined()
    return ts.parseJsonConfigFileContent(json, ts.sys, resolve(dirname(config)))
}

const configs = checked()
    .map(folder => join(folder, "tsconfig.json"))
    .filter(path => ts.sys.fileExists(path))

test("every source is checked by `npm run types`", () => {
    const seen = new Set(
        configs.flatMap(path => parsed(path).fileNames.map(file => relative(".", file))),
    )
    expect(sourcesBelow(".").filter(file => !seen.has(file))).toEqual([])
})

test("an editor finds the configuration that checks each source", () => {
    for (const path of configs)
        for (const file of parsed(path).fileNames.map(name => relative(".", name))) {
            if (file.startsWith("node_modules") || file.startsWith("types")) continue
            let folder = dirname(file)
            while (!ts.sys.fileExists(join(folder, "tsconfig.json"))) folder = dirname(folder)
            expect(join(folder, "tsconfig.json"), file).toBe(path)
        }
})

test("every check is strict enough, and none writes beside the sources", () => {
    for (const path of [...configs, "src/tsconfig.node.json"]) {
        const { options } = parsed(path)
        expect(options.strict, path).toBe(true)
        expect(options.noUnusedLocals, path).toBe(true)
        const outside = options.emitDeclarationOnly && options.outDir === resolve(".cache/types")
        expect(options.noEmit || outside, path).toBe(true)
        // DeviceScript's compiler has no null checks either.
        const firmware = /^src|programs|device/.test(path)
        if (!firmware) expect(options.strictNullChecks, path).not.toBe(false)
    }
})
