// What a test sees of DeviceScript's core: it comes with globals of its own that are not Node's.

declare module "@devicescript/core" {
    export interface InputPin {
        readonly gpio: number
    }
    export interface OutputPin {
        readonly gpio: number
    }
}
