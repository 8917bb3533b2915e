/** In DeviceScript `object.method` is bound to its object; classes given here do the same. */
export function bindMethods(type: { prototype: object }): void {
    for (const name of Object.getOwnPropertyNames(type.prototype)) {
        const { value } = Object.getOwnPropertyDescriptor(type.prototype, name)!
        if (name === "constructor" || typeof value !== "function") continue
        Object.defineProperty(type.prototype, name, {
            configurable: true,
            get(this: object) {
                const bound = value.bind(this)
                Object.defineProperty(this, name, { value: bound, configurable: true })
                return bound
            },
        })
    }
}
