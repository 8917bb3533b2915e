// Records the exercise's calls of `note` in their order.

let calls = 0
const order: string[] = []

export function note<T>(name: string, value: T): T {
    calls++
    order.push(name)
    return value
}

export function flush(title: string): void {
    let line = title + " "
    for (let i = 0; i < order.length; i++) line = line + order[i] + ","
    console.log(line)
    while (order.length) order.pop()
}

export function callCount(): number {
    return calls
}
