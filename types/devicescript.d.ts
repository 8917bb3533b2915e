// What the firmware uses of DeviceScript's packages besides the core, for `tsc` and editors. Their
// sources are written for TypeScript 4.9 and have errors in newer versions. `npm run build` checks
// the firmware against the sources.

declare module "@devicescript/crypto" {
    export function digest(algorithm: "sha256", ...data: (Buffer | string)[]): Buffer
    export function randomBuffer(bytes: number): Buffer
}

declare module "@devicescript/test" {
    export function describe(name: string, body: () => void): void
    export function test(name: string, body: () => void | Promise<void>): void
    export function expect<T>(value: T): { toBe(other: T): void }
}
