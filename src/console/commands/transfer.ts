import { faultMessage } from "../../core/fault"
import { keyCount, Row } from "../../settings/schema"
import { Call } from "../call"
import { ImportBlock } from "../session"
import { quote, refuse, splitWords } from "../words"
import { keyOf, valueOf } from "./settings"

/** Prints a block that `import` takes back. Secrets are named in comments. */
export async function exportSettings(call: Call): Promise<void> {
    await call.print("import")
    for (let key = 0; key < keyCount; ++key) {
        const row = new Row(key)
        const value = call.parts.settings.format(key)
        if (row.isSecret()) await call.print(`# ${row.name} is ${value}`)
        else if (!row.isState()) await call.print(`set ${row.name} ${quote(value)}`)
    }
    await call.print("end")
}

export async function importSettings(call: Call): Promise<void> {
    call.session.block = new ImportBlock()
}

/** Takes a line of the block that `import` began. A wrong one is refused, and so is then the block's end. */
export async function importLine(call: Call, line: string): Promise<void> {
    const block = call.session.block
    const command = line.trim()
    if (command === "end" || command === "abort") {
        call.session.block = undefined
        if (command === "end") await apply(call, block)
        return
    }
    block.lineCount += 1
    try {
        addLine(call, block, splitWords(line))
    } catch (thrown) {
        if (block.wrongLines) block.wrongLines += ", "
        block.wrongLines += block.lineCount
        refuse(`line ${block.lineCount}: ${faultMessage(thrown)}`)
    }
}

function addLine(call: Call, block: ImportBlock, words: string[]): void {
    const first = words[0]
    if (!first || first[0] === "#" || first === "import") return
    if (first !== "set" || words.length !== 3)
        refuse('a block has lines "set <key> <value>" and ends with "end" or "abort"')
    const key = keyOf(call, words[1])
    const value = valueOf(call, key, words[2])
    let index = block.keys.indexOf(key)
    if (index < 0) index = block.keys.length
    block.keys[index] = key
    block.values[index] = value
}

async function apply(call: Call, block: ImportBlock): Promise<void> {
    if (block.wrongLines) refuse(`nothing was changed, these lines are wrong: ${block.wrongLines}`)
    await call.parts.settings.apply(block.keys, block.values)
    await call.print(`ok, ${block.keys.length} settings`)
}
