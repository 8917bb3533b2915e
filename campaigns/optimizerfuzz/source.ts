/** A program as a tree of lines and blocks, so that parts can be dropped. */
export type Source = string | Block

export interface Block {
    head: string
    body: Source[]
    /** Its closing text; `undefined` for a sequence without braces. */
    tail?: string
}

export const block = (head: string, body: Source[], tail = "}"): Block => ({ head, body, tail })

export function printed(source: readonly Source[], depth = 0): string {
    const indent = "    ".repeat(depth)
    return source
        .map(one => {
            if (typeof one === "string") return indent + one + "\n"
            const body = printed(one.body, depth + 1)
            return `${indent}${one.head}\n${body}${indent}${one.tail}\n`
        })
        .join("")
}

/** Every program with one line or block less, largest pieces first. */
export function smaller(source: readonly Source[]): Source[][] {
    const found: Source[][] = []
    source.forEach((one, index) => {
        const others = (made: readonly Source[]) => [
            ...source.slice(0, index),
            ...made,
            ...source.slice(index + 1),
        ]
        found.push(others([]))
        if (typeof one === "string") return
        found.push(others(one.body))
        for (const body of smaller(one.body)) found.push(others([{ ...one, body }]))
    })
    return found
}
