// Replaces node:events in the browser.

type Listener = (...args: never[]) => void

export class EventEmitter {
    private readonly listeners = new Map<string, Listener[]>()

    on(name: string, listener: Listener): this {
        this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener])
        return this
    }

    emit(name: string, ...args: never[]): boolean {
        const called = this.listeners.get(name) ?? []
        for (const listener of called) listener(...args)
        return called.length > 0
    }
}
