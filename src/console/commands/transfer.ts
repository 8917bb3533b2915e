import { faultMessage } from "../../core/fault"
import { fieldIndex } from "../../core/text"
import { Key } from "../../settings/keys"
import { keyCount, Row } from "../../settings/schema"
import { formatValue } from "../../settings/values"
import { Call } from "../call"
import { Changes, noChanges } from "../session"
import { quote, refuse, splitWords } from "../words"
import { addChange } from "./settings"

/** Beyond these a block takes only comments: there are fewer settings, and memory is scarce. */
const linesMax = 200

/**
 * Prints a block that `import` accepts. Secrets and the serial number are comments: the block may
 * configure another board.
 */
export async function exportSettings(call: Call): Promise<void> {
    await call.print("import")
    for (let key = 0; key < keyCount; ++key) {
        const row = new Row(key)
        const value = formatValue(row, call.parts.settings.text(key))
        if (row.isSecret) await call.print(`# ${row.name} is ${value}`)
        else if (!row.isState) {
            const before = key === Key.UserSerial ? "# set " : "set "
            await call.print(before + row.name + " " + quote(value))
        }
    }
    await call.print("end")
}

export async function importSettings(call: Call): Promise<void> {
    call.session.block = noChanges()
    await call.print('ok, up to "end"; the serial number stays unless the block sets user.serial')
}

/**
 * Handles a line of the block that `import` began. A wrong line is refused with its number, and so
 * is then the end of the block.
 */
export async function importLine(call: Call, line: string): Promise<void> {
    const block = call.session.block
    let words: string[] = []
    try {
        block.lineCount += 1
        words = splitWords(line)
        addLine(call, block, words)
    } catch (thrown) {
        if (block.lineCount <= linesMax + 1) block.wrong += " " + block.lineCount
        refuse(`line ${block.lineCount}: ${faultMessage(thrown)}`)
    }
    const ended = words[0] === "end"
    if (ended || words[0] === "abort") call.session.block = undefined
    if (!ended) return
    if (block.wrong) refuse("nothing was changed; wrong lines:" + block.wrong)
    const { settings } = call.parts
    await settings.apply(block.keys as any, block.values)
    let text = `ok, ${block.values.length} settings`
    let before = "; secrets not set: "
    for (let key = 0; key < keyCount; ++key) {
        const row = new Row(key)
        if (!row.isSecret || settings.text(key)) continue
        text += before + row.name
        before = ", "
    }
    await call.print(text)
}

function addLine(call: Call, block: Changes, words: string[]): void {
    const first = words[0]
    if (!first || first[0] === "#") return
    if (fieldIndex("import,end,abort", first, ",") >= 0) return
    if (first !== "set" || words.length !== 3)
        refuse('a block has lines "set <key> <value>" and ends with "end" or "abort"')
    if (block.lineCount > linesMax) refuse(`a block has ${linesMax} lines at most`)
    addChange(call, block, words[1], words[2])
}
