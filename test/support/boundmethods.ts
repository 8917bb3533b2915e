/** Binds `object.method` to its object, as DeviceScript does, for this prototype. */
export function bindMethods(prototype: object): void {
    for (const name of Object.getOwnPropertyNames(prototype)) {
        const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)!.value
        if (name === "constructor" || typeof method !== "function") continue
        const put = (object: object, value: unknown) =>
            Object.defineProperty(object, name, { value, configurable: true, writable: true })
        Object.defineProperty(prototype, name, {
            configurable: true,
            get(this: object): unknown {
                const bound: unknown = method.bind(this)
                put(this, bound)
                return bound
            },
            set(this: object, value: unknown) {
                put(this, value)
            },
        })
    }
}
