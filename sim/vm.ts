import { createRequire } from "node:module"
import { emptyWriteAbort, watchdogAbort } from "./abortwords"
import { SimClock } from "./clock"
import { type Cpu, cpus, delays, tickMs, watchdogMs } from "./cpu"
import { Chance, drawMs, type Random } from "./random"
import { added, fiberWakeTimeOffset, runtimeModule, Trap } from "./wasm/runtimemodule"

const require = createRequire(import.meta.url)

/** The DeviceScript runtime's interface to its host; only the part used here. */
interface Runtime {
    flashSize: number
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
    sockOpen(hostAddress: number, port: number): number
    sockWrite(address: number, length: number): number
    sockClose(): number
    /** Hands the runtime an event of its socket; the data is copied. */
    _jd_em_tcpsock_on_event(event: number, address: number, length: number): void
    _malloc(bytes: number): number
    _free(address: number): void
    HEAPU8: Uint8Array
}

/** The board's single socket, with the answers of the ESP32's port. */
export interface VmSocket {
    open(host: string, port: number): number
    write(data: Uint8Array): number
    close(): number
    onEvent: (event: keyof typeof SOCKET_EVENTS, data?: Uint8Array) => void
}

/** JD_CONN_EV_… of the runtime. */
const SOCKET_EVENTS = { open: 1, close: 2, error: 3, data: 4 }

/**
 * The cost of a bus transfer: the VM blocks for `blockedMs`, the fiber continues after `waitMs`.
 */
export interface BusTime {
    blockedMs?: number
    waitMs?: number
}

export interface VmOptions {
    clock: SimClock
    /** The nominal ESP32 by default. */
    cpu?: Cpu
    /** Seed 1 by default. */
    chance?: Chance
    /** Unix milliseconds of board time zero. */
    epochMs: number
    /** 16 hexadecimal digits. */
    deviceId: string
    /** Flash size; the simulated board's is smaller than the ESP32's store partition. */
    flashBytes?: number
    loadFlash(): Uint8Array
    saveFlash(data: Uint8Array): void
    /** Absent for a board without sockets. */
    socket?: VmSocket
    /**
     * The program asks for random bytes in a buffer; the host may read the buffer and answer in it.
     * @returns undefined for truly random bytes
     */
    exchange?(buffer: Uint8Array): BusTime | undefined
    /** A Jacdac frame, or a large frame of the firmware's own. */
    onFrame(frame: Uint8Array): void
    /** One log line of the firmware or the runtime. */
    onLog(line: string): void
    /** The firmware requested a processor restart. */
    onReboot(): void
    /** The chip has reset itself, with its own words; the runtime is gone. */
    onAbort?(words: readonly string[]): void
    /** The program died; the runtime restarts it about 5 s later. */
    onPanic(code: number): void
}

/** Instead of a packet's size. */
const LARGE_FRAME = 0xff

/** The runtime's default flash size. */
const FLASH_BYTES = 128 * 1024

/**
 * The runtime passes its flash without the last byte, one byte less at each write; missing bytes
 * are erased.
 */
function wholeFlash(saved: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
    const flash = new Uint8Array(bytes).fill(0xff)
    flash.set(saved.subarray(0, bytes))
    return flash
}

/** A main loop turn requested by the runtime. */
interface Turn {
    run: () => void
    timer: ReturnType<SimClock["setTimeout"]>
}

/**
 * One power-on of the board's processor: the runtime from its first instruction to a reset or a
 * power cut.
 */
export class Vm {
    private runtime!: Runtime
    private globals!: Record<keyof typeof added, WebAssembly.Global>
    private alive = true
    /** The random bytes the runtime is about to copy into its memory. */
    private randomness: Uint8Array | undefined
    /** The host's copy of the flash, and the address of the runtime's. */
    private flash: Uint8Array = new Uint8Array(0)
    private flashAt: number | undefined
    private readonly cpu: Cpu
    private readonly randomBytes: Random
    private readonly flashDelays: Random
    private readonly startMs: number
    private turn: Turn | undefined
    /** The transfer a fiber waits for, and its end. */
    private transfer: ReturnType<SimClock["setTimeout"]> | undefined
    private transferEndMs = 0

    private constructor(private readonly options: VmOptions) {
        this.cpu = options.cpu ?? cpus.esp32
        const chance = options.chance ?? new Chance(1)
        this.randomBytes = chance.stream("random bytes of the runtime")
        this.flashDelays = chance.stream("flash delays")
        this.startMs = options.clock.nowMs()
    }

    /**
     * Starts the runtime; `image`, if given, is first written to flash, else it runs the program in
     * flash.
     */
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

    /** Delivers a Jacdac frame to the runtime after its current execution. */
    deliver(frame: Uint8Array): void {
        this.options.clock.soon(() => {
            if (this.alive) this.enter(() => this.runtime.handlePacket(frame))
        })
    }

    /** Writes another program to flash, as the manager's service does, and starts it. */
    deploy(image: Uint8Array): void {
        this.options.clock.soon(() => {
            if (this.alive) this.enter(() => this.runtime.devsDeploy(image))
        })
    }

    /**
     * Power off: nothing runs and nothing is written any more. What was written is in the flash.
     */
    cut(): void {
        if (!this.alive) return
        this.keepFlash()
        this.alive = false
        this.options.clock.clearTimeout(this.transfer)
        this.runtime?.devsStop()
    }

    /** The runtime's memory, for instruments; undefined while the power is off. */
    memory(): Uint8Array | undefined {
        return this.alive ? this.runtime?.HEAPU8 : undefined
    }

    /**
     * The runtime passes its flash only after a complete write of its store, but a program comes in
     * many pieces.
     */
    private keepFlash(): void {
        if (this.flashAt === undefined) return
        const flash = this.runtime.HEAPU8.slice(this.flashAt, this.flashAt + this.flash.length)
        if (Buffer.compare(this.flash, flash) !== 0) this.options.saveFlash(flash)
    }

    private async boot(image: Uint8Array | undefined): Promise<void> {
        const options = this.options
        const { body, wasm } = runtimeModule()
        const module: { exports: unknown } = { exports: {} }
        const drop = (turn: Turn | undefined) => options.clock.clearTimeout(turn?.timer)
        body(
            module.exports,
            module,
            this.hostRequire(),
            "vm",
            ".",
            this.boardDate(),
            (run: () => void, delayMs: number) => this.plan(run, delayMs),
            drop,
            // Only the loader's "still waiting" message uses it.
            () => undefined,
            drop,
            this.console(),
        )
        const start = module.exports as (options: object) => Promise<Runtime>
        const runtime = await start({
            instantiateWasm: (
                imports: WebAssembly.Imports,
                receive: (instance: WebAssembly.Instance) => unknown,
            ) => {
                const instance = new WebAssembly.Instance(wasm, imports)
                this.useGlobals(instance.exports)
                return receive(instance)
            },
        })
        this.runtime = runtime
        this.plugInFlash(runtime)
        runtime.sendPacket = frame => {
            const { counter, spoke } = this.globals
            // A large frame is a message to the simulator, which does not exist on a chip: it takes
            // no time.
            if (frame[2] === LARGE_FRAME) counter.value = spoke.value
            if (this.alive) options.onFrame(frame)
        }
        runtime.dmesg = line => options.onLog(line)
        runtime.panicHandler = code => {
            // The fiber waiting for a transfer ends with its program.
            options.clock.clearTimeout(this.transfer)
            if (code !== 0 && this.alive) options.onPanic(code)
        }
        if (options.socket) this.plugInSocket(runtime, options.socket)
        this.answerRandomness(runtime.HEAPU8)
        runtime.devsSetDeviceId(options.deviceId)
        runtime.devsStart()
        if (image) {
            const status = runtime.devsDeploy(image)
            if (status !== 0) throw new Error(`the runtime refuses the program (status ${status})`)
        }
    }

    private useGlobals(exports: WebAssembly.Exports): void {
        const names = Object.entries(added) as [keyof typeof added, string][]
        const found = names.map(([key, name]) => [key, exports[name] as WebAssembly.Global])
        this.globals = Object.fromEntries(found)
        const { counter, limit, usualEraseCost } = this.globals
        const msPerCount = this.cpu.nsPerCount / 1e6
        this.options.clock.useCounter(() => counter.value, msPerCount)
        limit.value = watchdogMs / msPerCount
        usualEraseCost.value = this.counts((delays.flashErase.ms[0] + delays.flashErase.ms[1]) / 2)
        this.drawFlashDelays()
    }

    private counts(ms: number): number {
        return Math.round((ms * 1e6) / this.cpu.nsPerCount)
    }

    private drawFlashDelays(): void {
        const { programCost, eraseCost, flashAccesses } = this.globals
        programCost.value = this.counts(drawMs(delays.flashProgram, this.flashDelays))
        eraseCost.value = this.counts(drawMs(delays.flashErase, this.flashDelays))
        flashAccesses.value = 0
    }

    /** Execution of the runtime starts: so does the watchdog's time. */
    private enter(run: () => void): void {
        const { counter, entered, flashAccesses } = this.globals
        entered.value = counter.value
        this.setTransferEnd()
        run()
        if (flashAccesses.value !== 0) this.drawFlashDelays()
    }

    /** The main loop turns on a grid of ticks; ticks without work are not visible. */
    private plan(run: () => void, delayMs: number): Turn {
        const { clock } = this.options
        const upMs = clock.nowMs() - this.startMs
        const dueMs = upMs + Math.max(delayMs, 0.001)
        const atMs = Math.ceil(dueMs / tickMs) * tickMs
        const turn: Turn = { run, timer: clock.setTimeout(() => this.take(turn), atMs - upMs) }
        this.turn = turn
        return turn
    }

    private take(turn: Turn): void {
        this.options.clock.clearTimeout(turn.timer)
        if (this.turn === turn) this.turn = undefined
        if (this.alive) this.enter(turn.run)
    }

    // The host answers a bus transfer in the buffer for random bytes.
    private answerRandomness(memory: Uint8Array): void {
        const { exchange, clock } = this.options
        memory.set = (bytes: ArrayLike<number>, at = 0) => {
            if (bytes === this.flash) this.flashAt = at
            const random = bytes === this.randomness
            const time = random && exchange?.(memory.subarray(at, at + bytes.length))
            if (!time) return Uint8Array.prototype.set.call(memory, bytes, at)
            clock.charge(time.blockedMs ?? 0)
            this.setTransferEnd()
            if (time.waitMs !== undefined) this.goOnAfter(time.waitMs)
        }
    }

    /** The running fiber suspends itself and continues when the transfer is over. */
    private goOnAfter(waitMs: number): void {
        const { clock } = this.options
        const { waiting } = this.globals
        const fiber: number = this.globals.fiber.value
        waiting.value = fiber
        this.transferEndMs = clock.nowMs() + waitMs
        this.setTransferEnd()
        this.transfer = clock.setTimeout(() => {
            // The fiber may have been woken in the middle of a turn.
            if (!this.alive || !this.turn || waiting.value !== fiber) return
            waiting.value = 0
            const memory = new DataView(this.runtime.HEAPU8.buffer)
            memory.setUint32(fiber + fiberWakeTimeOffset, 1, true)
            this.take(this.turn)
        }, waitMs)
    }

    /** The counter measures time within one execution only. */
    private setTransferEnd(): void {
        const { counter, transferEnd } = this.globals
        const leftMs = this.transferEndMs - this.options.clock.nowMs()
        transferEnd.value = (counter.value + this.counts(Math.max(0, leftMs))) | 0
    }

    private plugInFlash(runtime: Runtime): void {
        const { options } = this
        const flashBytes = options.flashBytes ?? FLASH_BYTES
        runtime.flashSize = flashBytes
        runtime.flashLoad = () => {
            const flash = wholeFlash(options.loadFlash(), flashBytes)
            // The runtime copies a slice; this shows the host the destination.
            flash.slice = () => flash
            return (this.flash = flash)
        }
        runtime.flashSave = data => {
            if (!this.alive) return
            this.flash = wholeFlash(data, flashBytes)
            options.saveFlash(data)
        }
    }

    private plugInSocket(runtime: Runtime, socket: VmSocket): void {
        const at = (address: number, length: number) =>
            runtime.HEAPU8.slice(address, address + length)
        runtime.sockOpen = (address, port) => {
            const end = runtime.HEAPU8.indexOf(0, address)
            return socket.open(Buffer.from(at(address, end - address)).toString(), port)
        }
        runtime.sockWrite = (address, length) => socket.write(at(address, length))
        runtime.sockClose = () => socket.close()
        socket.onEvent = (event, data) => {
            if (!this.alive) return
            const length = data?.length ?? 0
            const address = runtime._malloc(length + 1)
            if (data) runtime.HEAPU8.set(data, address)
            runtime._jd_em_tcpsock_on_event(SOCKET_EVENTS[event], address, length)
            runtime._free(address)
        }
    }

    private hostRequire(): (name: string) => unknown {
        const bytes = (length: number) => {
            const drawn = new Uint8Array(length)
            for (let at = 0; at < length; at++) drawn[at] = this.randomBytes() * 256
            return drawn
        }
        const crypto = { randomBytes: (length: number) => (this.randomness = bytes(length)) }
        return name => (name === "crypto" ? crypto : require(name))
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
            const trap: Trap = this.globals.trap.value
            if (trap !== Trap.None) {
                this.cut()
                this.options.onAbort?.(trap === Trap.Watchdog ? watchdogAbort : emptyWriteAbort)
            } else if ((thrown as { name?: string })?.name === "ExitStatus") {
                this.cut()
                this.options.onReboot()
            } else log(thrown)
        }
        return { log, debug: log, info: log, warn: log, error }
    }
}
