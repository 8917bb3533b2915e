import { constructorsOf, methodOwner } from "../analysis/classes"
import { type Context } from "../analysis/contexts"
import { RETURN_VALUE, liveness } from "../analysis/flow"
import { type Statement, returnValue, statement } from "../ir/code"
import { type Program } from "../ir/image"
import { Op } from "../ir/opcodes"

/**
 * Class after class instead of method after method: assignments of functions to different
 * prototypes have no influence on each other. The prototype of a constructor is one object and its
 * evaluation never fails.
 *
 * Needs: the code that sets the prototypes up.
 * Keeps: the order of the methods of one class.
 * Buys: 140 bytes.
 */
export function groupMethods({ body }: Context, program: Program): void {
    const constructors = constructorsOf(program)
    const { after } = liveness(body)
    const code: Statement[] = []
    for (let index = 0; index < body.code.length;) {
        const classes = new Map<number, Statement[]>()
        let end = index
        for (; end < body.code.length; end++) {
            const owner = methodOwner(body.code[end], constructors)
            if (owner === undefined || after[end].has(RETURN_VALUE)) break
            classes.set(owner, [...(classes.get(owner) ?? []), body.code[end]])
        }
        for (const methods of classes.values()) code.push(...throughReturnValue(methods))
        if (end === index) code.push(body.code[end++])
        index = end
    }
    body.code = code
}

function throughReturnValue(methods: Statement[]): Statement[] {
    if (methods.length < 2) return methods
    const prototype = methods[0].args[0]
    return [
        statement(Op.StoreReturnValue, 0, prototype),
        ...methods.map(one => ({ ...one, args: [returnValue, ...one.args.slice(1)] })),
    ]
}
