import {
    CMD_GET_REG,
    CMD_SET_REG,
    ControlReg,
    DeviceScriptManagerCmd,
    DeviceScriptManagerReg,
    JD_SERVICE_INDEX_CTRL,
    JDBus,
    JD_SERVICE_INDEX_PIPE,
    Packet,
    PACKET_PROCESS,
    PIPE_CLOSE_MASK,
    PIPE_COUNTER_MASK,
    PIPE_PORT_SHIFT,
    SRV_DEVICE_SCRIPT_MANAGER,
} from "jacdac-ts"
import { pause } from "./pause"
import { ConsoleError } from "./transport"

const findMs = 5_000
const lookMs = 50
/** Timeout of one register read before the next try; the program may be starting meanwhile. */
const registerMs = 500
const registerTries = 20
/**
 * The flash's pages are erased before the answer; a board that takes 5 s for it is reset by its
 * watchdog.
 */
const eraseMs = 8_000
const eraseTries = 2
/** Payload of a pipe packet; the board accepts only multiples of `imageAlignBytes`. */
const pieceBytes = 224
const pieceMs = 5_000
export const imageAlignBytes = 32
const silent = "the board does not answer: press its reset button and try again"

/** The runtime's service that accepts programs; present with any program, or none. */
export class ProgramManager {
    private constructor(
        private readonly bus: JDBus,
        private readonly deviceId: string,
        private readonly serviceIndex: number,
        private readonly lost: Promise<never>,
    ) {}

    /** Throws ConsoleError if the bus has none. @param lost rejects if the line is lost */
    static async find(bus: JDBus, lost: Promise<never>): Promise<ProgramManager> {
        for (const endMs = Date.now() + findMs; Date.now() < endMs;) {
            const [found] = bus.services({ serviceClass: SRV_DEVICE_SCRIPT_MANAGER })
            if (found) {
                const { device, serviceIndex } = found
                return new ProgramManager(bus, device.deviceId, serviceIndex, lost)
            }
            await Promise.race([pause(lookMs), lost])
        }
        throw new ConsoleError(
            "no DeviceScript runtime answers: flash it first (docs/guide/flashing.md), then deploy",
        )
    }

    /** The runtime's target, such as "DeviceScript Simulator (WASM)". */
    async description(): Promise<string> {
        const data = await this.read(JD_SERVICE_INDEX_CTRL, ControlReg.DeviceDescription)
        return new TextDecoder().decode(data)
    }

    /** The newest program version the runtime accepts. */
    async runtimeVersion(): Promise<ProgramVersion> {
        const register = DeviceScriptManagerReg.RuntimeVersion
        return parseVersion(await this.read(this.serviceIndex, register))
    }

    /** The SHA-256 of the program in flash, in hexadecimal; zeros while there is none. */
    async programHash(): Promise<string> {
        const register = DeviceScriptManagerReg.ProgramSha256
        return toHex(await this.read(this.serviceIndex, register))
    }

    async running(): Promise<boolean> {
        const [running] = await this.read(this.serviceIndex, DeviceScriptManagerReg.Running)
        return running === 1
    }

    /**
     * Stops the program, writes this one to flash and starts it. The old one is erased at the
     * start. Throws ConsoleError.
     * @param onProgress gets the fraction written, 0 to 1
     */
    async deploy(image: Uint8Array, onProgress: (done: number) => void): Promise<void> {
        // Every 8 s a runtime without a program starts an empty one, using the board configuration
        // of the program being erased: reading it may keep the runtime busy until its watchdog
        // bites, in mid-deployment.
        await this.setAutostart(0)
        await this.write(image, onProgress)
        await this.setAutostart(1)
    }

    private async write(image: Uint8Array, onProgress: (done: number) => void): Promise<void> {
        const size = new Uint8Array(4)
        new DataView(size.buffer).setUint32(0, image.length, true)
        const command = DeviceScriptManagerCmd.DeployBytecode
        const answer = await this.ask(this.serviceIndex, command, size, eraseMs, eraseTries)
        const port = answer[0] | (answer[1] << 8)
        let count = 0
        const send = (flags: number, piece: Uint8Array) =>
            this.sendPiece((port << PIPE_PORT_SHIFT) | flags | (count++ & PIPE_COUNTER_MASK), piece)
        for (let at = 0; at < image.length; at += pieceBytes) {
            onProgress(at / image.length)
            await send(0, image.slice(at, at + pieceBytes))
        }
        await send(PIPE_CLOSE_MASK, new Uint8Array(0))
        onProgress(1)
    }

    /**
     * Sends a pipe packet until it is acknowledged: jacdac-ts (its OutPipe too) gives up after half
     * a second.
     */
    private async sendPiece(command: number, piece: Uint8Array): Promise<void> {
        for (const endMs = Date.now() + pieceMs; ;) {
            const packet = Packet.from(command, piece)
            packet.serviceIndex = JD_SERVICE_INDEX_PIPE
            const sent = this.bus.device(this.deviceId)!.sendPktWithAck(packet)
            const acknowledged = sent.then(
                () => true,
                () => false,
            )
            if (await Promise.race([acknowledged, this.lost])) return
            if (Date.now() > endMs) throw new ConsoleError("the board stopped answering")
        }
    }

    private async setAutostart(value: number): Promise<void> {
        const register = DeviceScriptManagerReg.Autostart
        for (let tries = 0; tries < registerTries; tries++) {
            await this.send(this.serviceIndex, CMD_SET_REG | register, Uint8Array.of(value))
            if ((await this.read(this.serviceIndex, register))[0] === value) return
        }
        throw new ConsoleError(silent)
    }

    private read(serviceIndex: number, register: number): Promise<Uint8Array> {
        const command = CMD_GET_REG | register
        return this.ask(serviceIndex, command, new Uint8Array(0), registerMs, registerTries)
    }

    /**
     * Sends a command until the board answers. Uses the board's number, because the bus may forget
     * a silent device.
     */
    private async ask(
        serviceIndex: number,
        command: number,
        data: Uint8Array,
        waitMs: number,
        tries: number,
    ): Promise<Uint8Array> {
        let answer: (data: Uint8Array) => void = () => undefined
        const answered = new Promise<Uint8Array>(resolve => (answer = resolve))
        const onPacket = (packet: Packet) => {
            if (!packet.isReport || packet.deviceIdentifier !== this.deviceId) return
            const same = packet.serviceIndex === serviceIndex && packet.serviceCommand === command
            if (same) answer(packet.data)
        }
        this.bus.on(PACKET_PROCESS, onPacket)
        try {
            for (let sent = 0; sent < tries; sent++) {
                await this.send(serviceIndex, command, data)
                const got = await Promise.race([answered, pause(waitMs), this.lost])
                if (got) return got
            }
        } finally {
            this.bus.off(PACKET_PROCESS, onPacket)
        }
        throw new ConsoleError(silent)
    }

    private async send(serviceIndex: number, command: number, data: Uint8Array): Promise<void> {
        const packet = Packet.from(command, data)
        packet.serviceIndex = serviceIndex
        await packet.sendCmdAsync(this.bus.device(this.deviceId)!)
    }
}

/** Bytes as hexadecimal text. */
export function toHex(bytes: Uint8Array): string {
    return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("")
}

/** The version of DeviceScript's bytecode. */
export interface ProgramVersion {
    major: number
    minor: number
}

/** From a register or a program's header: patch, minor and major. */
export function parseVersion(bytes: Uint8Array): ProgramVersion {
    return { major: bytes[3], minor: bytes[2] }
}
