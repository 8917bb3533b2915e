// What the firmware uses of DeviceScript's packages beside its core, for `tsc` and for editors. Their
// sources are written for TypeScript 4.9 and have errors in newer ones. `npm run build` checks the
// firmware against the sources.

declare module "@devicescript/crypto" {
    export function digest(algorithm: "sha256", ...data: (Buffer | string)[]): Buffer
    export function randomBuffer(bytes: number): Buffer
}

declare module "@devicescript/i2c" {
    class I2C {
        /** The bytes that were read, as many as asked for. */
        xfer(address: number, write: Buffer, readCount?: number): Promise<Buffer>
    }
    export const i2c: I2C
}

declare module "@devicescript/server" {
    import type { Packet, ServerInterface, ServiceSpec } from "@devicescript/core"

    export class Server implements ServerInterface {
        serviceIndex: number
        debug: boolean
        constructor(spec: ServiceSpec)
        readonly spec: ServiceSpec
        _send(packet: Packet): Promise<void>
    }
    export function startServer(server: ServerInterface): void
}

declare module "@devicescript/spi" {
    import type { InputPin, OutputPin } from "@devicescript/core"

    class SPI {
        configure(pins: { miso: InputPin; mosi: OutputPin; sck: OutputPin; hz: number }): void
    }
    export const spi: SPI
}

declare module "@devicescript/test" {
    export function describe(name: string, body: () => void): void
    export function test(name: string, body: () => void | Promise<void>): void
    export function expect<T>(value: T): { toBe(other: T): void }
}
