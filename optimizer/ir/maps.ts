/** Adds to the number under the key. */
export function increment<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
    counts.set(key, (counts.get(key) ?? 0) + by)
}

/** Adds to the list under the key. */
export function append<Key, One>(lists: Map<Key, One[]>, key: Key, one: One): void {
    const list = lists.get(key)
    if (list) list.push(one)
    else lists.set(key, [one])
}
