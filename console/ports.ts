import { readdirSync } from "node:fs"
import { createConnection } from "node:net"
import type { Duplex } from "node:stream"
import { SerialPort } from "serialport"
import { type Line, unplugged } from "./line"
import { ConsoleError } from "./transport"

/** The speed of the DeviceScript runtime's serial port on the ESP32. */
const baudRate = 1_500_000
const connectMs = 5_000
const closeMs = 1_000
/** Errors of a port or a connection whose other end is gone. */
const goneCodes = /\b(EIO|ENXIO|ENODEV|EBADF|EPIPE|ECONNRESET)\b/

/** A serial port of this computer. */
export interface FoundPort {
    path: string
    /** Its manufacturer; empty if unknown. */
    maker: string
}

/** A port's text in a list. */
export function describePort({ path, maker }: FoundPort): string {
    return maker ? `${path}  (${maker})` : path
}

/** A line over a Node stream. */
export class OpenLine implements Line {
    onBytes: (bytes: Uint8Array) => void = () => undefined
    onEnd: (reason: string) => void = () => undefined

    constructor(
        readonly address: string,
        readonly stream: Duplex,
        readonly close: () => Promise<void>,
    ) {
        stream.on("data", (bytes: Buffer) => this.onBytes(bytes))
        // A write may detect the missing cable before the port does.
        stream.on("error", ({ message }) =>
            this.onEnd(goneCodes.test(message) ? unplugged : message),
        )
        stream.on("close", () => this.onEnd(unplugged))
    }

    get waitingBytes(): number {
        return this.stream.writableLength
    }

    // A write's failure also comes as the stream's "error" or "close".
    write(bytes: Uint8Array): void {
        if (this.stream.writable) this.stream.write(bytes)
    }
}

/** The serial ports that may have a board, without the PC's own ttyS ones. */
export async function listPorts(): Promise<FoundPort[]> {
    try {
        const ports = await SerialPort.list()
        return ports
            .filter(port => !port.path.startsWith("/dev/ttyS"))
            .map(({ path, manufacturer }) => ({ path, maker: manufacturer ?? "" }))
    } catch (failure) {
        // On Linux the list comes from udev, which small systems and containers lack.
        if (process.platform !== "linux") throw failure
        return readdirSync("/dev")
            .filter(name => /^tty(USB|ACM)\d+$/.test(name))
            .map(name => ({ path: `/dev/${name}`, maker: "" }))
    }
}

/**
 * Opens a serial port or a pseudo-terminal by its path, or HOST:PORT over TCP. Throws ConsoleError,
 * which says why that failed and what to do.
 */
export function openLine(address: string): Promise<OpenLine> {
    const network = /^([^/\\]+):(\d{1,5})$/.exec(address)
    return network ? openSocket(address, network[1], Number(network[2])) : openPort(address)
}

function openPort(path: string): Promise<OpenLine> {
    return new Promise((resolve, reject) => {
        const port = new SerialPort({ path, baudRate, autoOpen: false })
        port.open(failure => {
            if (failure) return reject(new ConsoleError(explain(path, failure.message)))
            const close = () =>
                new Promise<void>(done => {
                    // A driver whose device is gone may never report the close.
                    setTimeout(done, closeMs).unref()
                    if (port.isOpen) port.close(() => done())
                    else done()
                })
            resolve(new OpenLine(path, port, close))
        })
    })
}

function openSocket(address: string, host: string, port: number): Promise<OpenLine> {
    return new Promise((resolve, reject) => {
        const socket = createConnection({ host, port, timeout: connectMs, noDelay: true })
        const fail = (reason: string) => {
            socket.destroy()
            reject(
                new ConsoleError(
                    `${address} cannot be reached (${reason}): is "npm start -- --serial ${address}" running there?`,
                ),
            )
        }
        socket.once("timeout", () => fail(`no answer within ${connectMs / 1000} s`))
        socket.once("error", failure => fail(failure.message))
        socket.once("connect", () => {
            socket.removeAllListeners("error").removeAllListeners("timeout").setTimeout(0)
            resolve(new OpenLine(address, socket, async () => void socket.destroy()))
        })
    })
}

function explain(path: string, reason: string): string {
    if (/no such file|no such device|not found/i.test(reason))
        return `there is no port ${path}: is the cable plugged in? "npm run console" lists the ports`
    if (/permission denied/i.test(reason))
        return (
            `no permission to open ${path}: add yourself to the group dialout ` +
            `("sudo usermod -aG dialout $USER"), then log in again`
        )
    if (/busy|lock|access denied|temporarily unavailable/i.test(reason))
        return `${path} is busy: close the program that has it open`
    return `${path} cannot be opened as a serial port: ${reason}`
}
