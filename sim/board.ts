import { readFileSync } from "node:fs"
import type { I2cChip, SpiChip } from "./chips/chip"
import { SimClock } from "./clock"
import { Hub } from "./hub"
import { SimNetwork } from "./network"
import { BusPort } from "./port"
import type { StateFolder } from "./state"
import { UsbBridge } from "./usbbridge"
import { Vm } from "./vm"
import { WifiStation } from "./wifistation"

/** From the reset line's release to the runtime's first instruction, as on the ESP32. */
const BOOT_MS = 300
/** The runtime's receive queue; frames that do not fit are lost. */
const RECEIVED_BYTES_MAX = 2048

export interface SimBoardOptions {
    clock: SimClock
    /** Where the flash is kept. */
    state: Pick<StateFolder, "loadFlash" | "saveFlash">
    /** The compiled firmware; written to the board's flash unless that program is there already. */
    imagePath: string
    /** Unix ms of board time zero. */
    epochMs: number
    spi: SpiChip
    i2c: readonly I2cChip[]
    /** A line of the firmware's log, without its end. */
    onLog(line: string): void
    /** The supply is there again after it was gone, or the processor starts anew. */
    onPowerUp(): void
    /** The firmware has set the status light, or it went out with the supply. */
    onLight(on: boolean): void
}

/** The simulated BMS Mini: processor, flash, buses, Wi-Fi and the Jacdac wire to its console. */
export class SimBoard {
    readonly hub: Hub
    readonly network: SimNetwork
    readonly wifi = new WifiStation()
    readonly port: BusPort
    /** The serial line of the board; nothing leaves it until somebody reads it. */
    readonly serial = new UsbBridge(frame => this.fromSerial(frame))
    private receivedBytes = 0
    resets = 0
    /** When the supply came last, in board ms; Infinity while it is off. */
    poweredAtMs = Infinity
    private vm: Vm | undefined
    /** Counts the times the supply went: what was started before the last one is not the board any more. */
    private powerLosses = 0
    private fail!: (failure: Error) => void
    /** Never resolves while the board can run; rejects with what stopped it for good. */
    readonly broken = new Promise<never>((_, reject) => (this.fail = reject))

    constructor(private readonly options: SimBoardOptions) {
        this.hub = new Hub(options.clock, frame => this.vm?.deliver(frame))
        this.port = new BusPort(options.spi, options.i2c, on => options.onLight(on))
        this.network = new SimNetwork(options.clock)
        this.network.setUp(false)
        this.wifi.onConnected = connected => this.network.setUp(connected)
    }

    /** First power-on: deploys the program when flash holds another one or none. */
    async powerOn(): Promise<void> {
        const { state, imagePath } = this.options
        await this.hub.open()
        this.hub.serve("wifi", this.wifi)
        const image = readFileSync(imagePath)
        const deployed = Buffer.from(state.loadFlash()).includes(image)
        await this.boot(deployed ? undefined : image)
    }

    /** The supply fails at this instant and is back a little later. */
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
        this.serial.reset()
        this.network.dropAll("the board has no power")
        this.options.onLight(false)
    }

    /** The runtime's memory, for instruments. */
    memory(): Uint8Array | undefined {
        return this.vm?.memory()
    }

    private restartSoon(): void {
        this.resets++
        const losses = this.powerLosses
        this.options.clock.setTimeout(() => {
            if (losses === this.powerLosses) this.boot().catch(this.fail)
        }, BOOT_MS)
    }

    private async boot(image?: Uint8Array): Promise<void> {
        const { clock, state, epochMs } = this.options
        const losses = this.powerLosses
        this.options.onPowerUp()
        this.poweredAtMs = clock.nowMs()
        const vm = await Vm.start(
            {
                clock,
                epochMs,
                deviceId: "12abdd2289421234",
                loadFlash: () => state.loadFlash(),
                saveFlash: data => state.saveFlash(data),
                network: this.network,
                exchange: buffer => this.port.exchange(buffer),
                onFrame: frame => this.fromVm(frame),
                onLog: line => {
                    this.serial.log(line.trimEnd() + "\n")
                    this.options.onLog(line)
                },
                onReboot: () => {
                    this.off()
                    this.restartSoon()
                },
                // The runtime starts the program again by itself; its log says what happened.
                onPanic: () => undefined,
            },
            image,
        )
        if (losses === this.powerLosses) this.vm = vm
        else vm.cut()
    }

    private fromVm(frame: Uint8Array): void {
        if (frame[2] === 0xff) this.port.fromBoard(frame)
        else {
            this.serial.sendFrame(frame)
            this.hub.fromBoard(frame)
        }
    }

    private fromSerial(frame: Uint8Array): void {
        const vm = this.vm
        if (!vm || this.receivedBytes + frame.length > RECEIVED_BYTES_MAX) return
        this.receivedBytes += frame.length
        vm.deliver(frame)
        this.options.clock.soon(() => (this.receivedBytes -= frame.length))
    }
}
