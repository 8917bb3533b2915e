/** In DeviceScript `object.method` is bound to its object; of prototypes given here it is, too. */
export function bindMethods(prototype: object): void {
    for (const name of Object.getOwnPropertyNames(prototype)) {
        const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)!.value
        if (name === "constructor" || typeof method !== "function") continue
        Object.defineProperty(prototype, name, {
            configurable: true,
            get(this: object): unknown {
                const bound: unknown = method.bind(this)
                Object.defineProperty(this, name, { value: bound, configurable: true })
                return bound
            },
        })
    }
}
