import { expect, test } from "vitest"
import { type Exported, exportsOf } from "../support/exports"
import { sourcesBelow } from "../support/sources"

const sources = [...sourcesBelow("."), ...sourcesBelow("page", ".tsx")]
const all = exportsOf(sources.filter(file => !file.endsWith(".d.ts")))

const isProduct = (file: string) => !/^(test|campaigns|bench)\//.test(file)
const told = ({ file, name }: Exported) => `${file}: ${name}`

test("every export is imported somewhere", () => {
    // A type may be exported for callers of the thing that it describes.
    const dead = all.filter(one => one.users.length === 0 && !(one.isType && one.usesWithin > 0))
    expect(dead.map(told)).toEqual([])
})

test("the product has no exports only for tests", () => {
    const unused = all.filter(
        one => isProduct(one.file) && one.usesWithin === 0 && !one.users.some(isProduct),
    )
    expect(unused.map(told)).toEqual([])
})
