import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { SimClock } from "./clock"

const require = createRequire(import.meta.url)

/** What the DeviceScript runtime gives to its host; only what is used here. */
interface Runtime {
    flashLoad: () => Uint8Array
    flashSave: (data: Uint8Array) => void
    sendPacket: (frame: Uint8Array) => void
    dmesg: (line: string) => void
    panicHandler: (code: number) => void
    handlePacket(frame: Uint8Array): void
    devsSetDeviceId(hex: string): void
    devsStart(): void
    devsStop(): void
    devsDeploy(image: Uint8Array): number
    /** The ESP32's answers: 0 queued, -1 queue full, -10 no socket. */
    sockWrite(address: number, length: number): number
    HEAPU8: Uint8Array
}

/** The board's network, as the runtime's socket code expects it of `net`. */
export interface VmNetwork {
    createConnection(options: { host: string; port: number }): unknown
    /** True while the open connection takes no more writes; the runtime for Node knows no such state. */
    queueFull(): boolean
}

export interface VmOptions {
    clock: SimClock
    /** Unix milliseconds of board time zero. */
    epochMs: number
    /** 16 hexadecimal digits. */
    deviceId: string
    loadFlash(): Uint8Array
    saveFlash(data: Uint8Array): void
    network: VmNetwork
    /**
     * The program asks for random bytes in a buffer: the host may look at what is in it and put something else there.
     * @returns false for truly random bytes
     */
    exchange?(buffer: Uint8Array): boolean
    /** A Jacdac frame, or a large frame of the firmware's own. */
    onFrame(frame: Uint8Array): void
    /** A line of the firmware's or the runtime's log. */
    onLog(line: string): void
    /** The firmware called for a restart of the processor. */
    onReboot(): void
    /** The program died; the runtime starts it again by itself some 5 s later. */
    onPanic(code: number): void
}

const MODULE_START = '"runtime/devicescript-vm/built/devicescript-vm.js"(exports, module2) {'
const MODULE_END = "\n});\n"

/** The runtime's flash chip. */
const FLASH_BYTES = 128 * 1024

/** The runtime hands out its flash without the last byte, at each write one less: what is missing is erased. */
function wholeFlash(saved: Uint8Array): Uint8Array {
    const flash = new Uint8Array(FLASH_BYTES).fill(0xff)
    flash.set(saved.subarray(0, FLASH_BYTES))
    return flash
}

type ModuleBody = (...globals: unknown[]) => void
let moduleBody: ModuleBody | undefined

/**
 * The runtime inside the DeviceScript CLI's bundle, as a function of the globals it uses. Handing those in
 * gives each start of the board its own time, timers, sockets and memory, without a process of its own.
 */
function loadModuleBody(): ModuleBody {
    if (moduleBody) return moduleBody
    const path = require.resolve("@devicescript/cli/built/devicescript-cli.cjs")
    const bundle = readFileSync(path, "utf8")
    const start = bundle.indexOf(MODULE_START)
    const end = bundle.indexOf(MODULE_END, start)
    if (start < 0 || end < 0)
        throw new Error(
            `${path} has no DeviceScript VM where version 2.16.4 has it: run "npm ci" to get the locked version`,
        )
    const body = bundle.slice(start + MODULE_START.length, bundle.lastIndexOf("}", end))
    moduleBody = new Function(
        "exports",
        "module2",
        "require",
        "__filename",
        "__dirname",
        "Date",
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "console",
        body,
    ) as ModuleBody
    return moduleBody
}

/** One power-on of the board's processor: the runtime from its first instruction to a reset or a power cut. */
export class Vm {
    private runtime!: Runtime
    private alive = true
    /** Stands for the random bytes that the runtime is about to copy into its memory. */
    private randomness: Uint8Array | undefined

    private constructor(private readonly options: VmOptions) {}

    /** Starts the runtime; with `image` that program is written to flash first, else it runs what flash holds. */
    static async start(options: VmOptions, image?: Uint8Array): Promise<Vm> {
        const vm = new Vm(options)
        const resume = options.clock.pause()
        try {
            await vm.boot(image)
        } finally {
            resume()
        }
        return vm
    }

    /** Hands a Jacdac frame to the runtime, after what it is executing now. */
    deliver(frame: Uint8Array): void {
        this.options.clock.soon(() => {
            if (this.alive) this.runtime.handlePacket(frame)
        })
    }

    /** The power is gone: nothing runs and nothing is written any more. */
    cut(): void {
        if (!this.alive) return
        this.alive = false
        this.runtime.devsStop()
    }

    /** The runtime's memory, for instruments; undefined while the power is off. */
    memory(): Uint8Array | undefined {
        return this.alive ? this.runtime?.HEAPU8 : undefined
    }

    private async boot(image: Uint8Array | undefined): Promise<void> {
        const options = this.options
        const module: { exports: unknown } = { exports: {} }
        loadModuleBody()(
            module.exports,
            module,
            this.hostRequire(),
            "vm",
            ".",
            this.boardDate(),
            (run: () => void, delayMs: number) =>
                options.clock.setTimeout(() => {
                    if (this.alive) run()
                }, delayMs),
            (timer: never) => options.clock.clearTimeout(timer),
            // Only the loader's "still waiting" message would use it.
            () => undefined,
            (timer: never) => options.clock.clearTimeout(timer),
            this.console(),
        )
        const runtime = await (module.exports as () => Promise<Runtime>)()
        this.runtime = runtime
        runtime.flashLoad = () => wholeFlash(options.loadFlash())
        runtime.flashSave = data => {
            if (this.alive) options.saveFlash(data)
        }
        runtime.sendPacket = frame => {
            if (this.alive) options.onFrame(frame)
        }
        runtime.dmesg = line => options.onLog(line)
        runtime.panicHandler = code => {
            if (code !== 0 && this.alive) options.onPanic(code)
        }
        const write = runtime.sockWrite
        runtime.sockWrite = (address, length) =>
            options.network.queueFull() ? -1 : write(address, length)
        const memory = runtime.HEAPU8
        memory.set = (bytes: ArrayLike<number>, at = 0) => {
            if (bytes !== this.randomness) Uint8Array.prototype.set.call(memory, bytes, at)
            else if (!options.exchange?.(memory.subarray(at, at + bytes.length)))
                Uint8Array.prototype.set.call(memory, randomBytes(bytes.length), at)
        }
        runtime.devsSetDeviceId(options.deviceId)
        runtime.devsStart()
        if (image) {
            const status = runtime.devsDeploy(image)
            if (status !== 0) throw new Error(`the runtime refuses the program (status ${status})`)
        }
    }

    private hostRequire(): (name: string) => unknown {
        const { network } = this.options
        const crypto = { randomBytes: (bytes: number) => (this.randomness = new Uint8Array(bytes)) }
        return name => {
            if (name === "net") return network
            return name === "crypto" ? crypto : require(name)
        }
    }

    private boardDate(): unknown {
        const { clock, epochMs } = this.options
        return class extends Date {
            static override now(): number {
                return epochMs + clock.nowMs()
            }
        }
    }

    // The runtime reports a reboot by throwing its exit status out of the main loop.
    private console(): unknown {
        const log = (...parts: unknown[]) => this.options.onLog(parts.join(" "))
        const error = (thrown: unknown) => {
            if (!this.alive) return
            if ((thrown as { name?: string })?.name === "ExitStatus") {
                this.cut()
                this.options.onReboot()
            } else log(thrown)
        }
        return { log, debug: log, info: log, warn: log, error }
    }
}
