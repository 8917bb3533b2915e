// DeviceScript's core as tests see it: the real one declares globals that are not Node's.

declare module "@devicescript/core" {
    export interface InputPin {
        readonly gpio: number
    }
    export interface OutputPin {
        readonly gpio: number
    }
}
