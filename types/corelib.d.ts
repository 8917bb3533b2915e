// DeviceScript's library says nothing of an iterator's `next`, without which newer compilers and
// editors refuse every `for … of`.

interface IterableIterator<T> {
    next(): { done: boolean; value: T }
}
