// DeviceScript's library does not declare an iterator's `next`, without which newer compilers and
// editors reject every `for … of`.

interface IterableIterator<T> {
    next(): { done: boolean; value: T }
}
