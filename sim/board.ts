import { readFileSync } from "node:fs"
import type { I2cChip, SpiChip } from "./chips/chip"
import { SimClock } from "./clock"
import { type Cpu, delays, logLineBytes, serialMsPerByte } from "./cpu"
import { Hub } from "./hub"
import type { NetworkOptions } from "./net/options"
import { SimNetwork } from "./network"
import { BusPort } from "./port"
import { Chance, drawMs, type Random } from "./random"
import type { StateFolder } from "./state"
import { UsbBridge } from "./usbbridge"
import { Vm } from "./vm"
import { WifiAir } from "./wifi/air"
import type { StoredNetwork } from "./wifi/runtime"
import { WifiStation } from "./wifi/station"

/** The runtime's receive queue; frames that do not fit are lost. */
const RECEIVED_BYTES_MAX = 2048

export interface SimBoardOptions {
    clock: SimClock
    /** The nominal ESP32 by default. */
    cpu?: Cpu
    /** Seed 1 by default. */
    chance?: Chance
    /** Where the flash is kept. */
    state: Pick<StateFolder, "loadFlash" | "saveFlash"> &
        Partial<Pick<StateFolder, "loadWifi" | "saveWifi">>
    /** Differences from the usual network. */
    network?: Partial<NetworkOptions>
    /** The compiled firmware; written to the board's flash unless it is there already. */
    imagePath: string
    /** Unix ms of board time zero. */
    epochMs: number
    spi: SpiChip
    i2c: readonly I2cChip[]
    /** A line of the firmware's log, without its end. */
    onLog(line: string): void
    /** The supply is back, or the processor restarts. */
    onPowerUp(): void
    /** The firmware has set the status light, or it went out with the supply. */
    onLight(on: boolean): void
}

/** The simulated BMS Mini: processor, flash, buses, Wi-Fi and the Jacdac wire to its console. */
export class SimBoard {
    readonly hub: Hub
    readonly network: SimNetwork
    readonly air = new WifiAir()
    private readonly wifi: WifiStation
    /** The station's network, if `state` does not store it. */
    private storedNetwork: StoredNetwork = {}
    readonly port: BusPort
    /** The board's serial line; nothing leaves it until someone reads it. */
    readonly serial = new UsbBridge(frame => this.fromSerial(frame))
    private receivedBytes = 0
    resets = 0
    /** When the supply last came on, in board ms; Infinity while it is off. */
    poweredAtMs = Infinity
    private vm: Vm | undefined
    private readonly bootDelays: Random
    /** The serial line towards the board is busy until then, in board ms. */
    private lineFreeMs = 0
    /**
     * Number of supply losses; anything started before the last one no longer belongs to the board.
     */
    private powerLosses = 0
    private fail!: (failure: Error) => void
    /** Never resolves; rejects with the failure that stopped the board for good. */
    readonly broken = new Promise<never>((_, reject) => (this.fail = reject))

    constructor(private readonly options: SimBoardOptions) {
        const { clock } = options
        const chance = options.chance ?? new Chance(1)
        const toLine = (frame: Uint8Array) => this.leave(() => this.serial.sendFrame(frame))
        this.hub = new Hub(clock, frame => this.overSerialLine(frame), toLine)
        this.port = new BusPort(options.spi, options.i2c, {
            chance,
            onLight: on => options.onLight(on),
        })
        this.bootDelays = chance.stream("boot delays")
        this.network = new SimNetwork(clock, options.network, chance)
        this.network.setUp(false)
        this.wifi = this.makeStation(chance)
    }

    private makeStation(chance: Chance): WifiStation {
        const { clock, state } = this.options
        return new WifiStation({
            timers: {
                setTimeout: (run, ms) => clock.setTimeout(run, ms),
                clearTimeout: timer => clock.clearTimeout(timer as never),
            },
            random: chance.stream("Wi-Fi station"),
            air: this.air,
            store: {
                load: () => state.loadWifi?.() ?? this.storedNetwork,
                save: network => {
                    this.storedNetwork = network
                    state.saveWifi?.(network)
                },
            },
            onLink: up => this.network.setUp(up),
            onLog: line => this.log(line),
            onAbort: words => this.abort(words),
        })
    }

    /** The chip prints the reason and restarts. */
    private abort(words: readonly string[]): void {
        for (const line of words) this.log(line)
        this.powerCut()
    }

    /** First power-on: deploys the program if flash holds another one or none. */
    async powerOn(): Promise<void> {
        const { state, imagePath } = this.options
        await this.hub.open()
        this.hub.serve("wifi", this.wifi)
        const image = readFileSync(imagePath)
        const deployed = Buffer.from(state.loadFlash()).includes(image)
        await this.boot(deployed ? undefined : image)
    }

    /** The supply fails now and returns a little later; a processor reset is the same here. */
    powerCut(): void {
        this.off()
        this.restartSoon()
    }

    /** The supply is gone for good. */
    off(): void {
        this.powerLosses++
        this.poweredAtMs = Infinity
        this.vm?.cut()
        this.vm = undefined
        this.wifi.powerDown()
        this.serial.reset()
        this.network.setUp(false)
        this.network.dropAll()
        this.options.onLight(false)
    }

    /** The supply returns after `off`. */
    on(): void {
        this.restartSoon()
    }

    /** Writes another program to the board's flash and starts it, over the cable. */
    deploy(image: Uint8Array): void {
        this.vm?.deploy(image)
    }

    /** The runtime's memory, for instruments. */
    memory(): Uint8Array | undefined {
        return this.vm?.memory()
    }

    private restartSoon(): void {
        this.resets++
        const losses = this.powerLosses
        const bootMs = drawMs(delays.boot, this.bootDelays)
        this.options.clock.setTimeout(() => {
            if (losses === this.powerLosses) this.boot().catch(this.fail)
        }, bootMs)
    }

    private async boot(image?: Uint8Array): Promise<void> {
        const { clock, cpu, chance, state, epochMs } = this.options
        const losses = this.powerLosses
        this.options.onPowerUp()
        this.poweredAtMs = clock.nowMs()
        this.wifi.powerUp()
        const vm = await Vm.start(
            {
                clock,
                cpu,
                chance,
                epochMs,
                deviceId: "12abdd2289421234",
                loadFlash: () => state.loadFlash(),
                saveFlash: data => state.saveFlash(data),
                socket: this.network.socket,
                exchange: buffer => this.port.exchange(buffer),
                onFrame: frame => this.fromVm(frame),
                onLog: line => this.log(line),
                onAbort: words => this.abort(words),
                onReboot: () => this.powerCut(),
                // The runtime restarts the program on its own; its log says what happened.
                onPanic: () => undefined,
            },
            image,
        )
        if (losses === this.powerLosses) this.vm = vm
        else vm.cut()
    }

    /** One log line, cut where the ESP32 cuts it. */
    private log(line: string): void {
        const whole = Buffer.from(line.trimEnd(), "utf8")
        const text = whole.subarray(0, logLineBytes).toString("utf8")
        this.leave(() => this.serial.log(text + "\n"))
        this.options.onLog(text)
    }

    /**
     * The serial line carries a message only when the board has got there: execution takes time.
     */
    private leave(send: () => void): void {
        this.options.clock.setTimeout(send, 0)
    }

    /** One frame after another, at the line's rate. */
    private overSerialLine(frame: Uint8Array): void {
        const { clock } = this.options
        const vm = this.vm
        const nowMs = clock.nowMs()
        this.lineFreeMs = Math.max(nowMs, this.lineFreeMs) + frame.length * serialMsPerByte
        clock.setTimeout(() => vm?.deliver(frame), this.lineFreeMs - nowMs)
    }

    private fromVm(frame: Uint8Array): void {
        if (frame[2] === 0xff) this.port.fromBoard(frame)
        else {
            const losses = this.powerLosses
            this.leave(() => losses === this.powerLosses && this.serial.sendFrame(frame))
            this.hub.fromBoard(frame)
        }
    }

    private fromSerial(frame: Uint8Array): void {
        const vm = this.vm
        if (!vm || this.receivedBytes + frame.length > RECEIVED_BYTES_MAX) return
        this.receivedBytes += frame.length
        vm.deliver(frame)
        this.hub.fromLine(frame)
        this.options.clock.soon(() => (this.receivedBytes -= frame.length))
    }
}
