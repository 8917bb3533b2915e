import type { Opening, PortMessage } from "./messages"

/** The speed of the DeviceScript runtime's serial port on the ESP32. */
const baudRate = 1_500_000
const bufferSize = 65_536

export type SerialSupport = "there" | "insecure" | "absent"

export function serialSupport(): SerialSupport {
    if ("serial" in navigator) return "there"
    return window.isSecureContext ? "absent" : "insecure"
}

/** Ports the person has allowed before. */
export async function knownPorts(): Promise<SerialPort[]> {
    return serialSupport() === "there" ? await navigator.serial.getPorts() : []
}

/** Asks the person. Throws if none is chosen. */
export async function choosePort(): Promise<SerialPort> {
    return await navigator.serial.requestPort()
}

export function portName(port: SerialPort): string {
    const { usbVendorId, usbProductId } = port.getInfo()
    const hex = (id: number | undefined) => (id ?? 0).toString(16).padStart(4, "0")
    const names: Record<string, string> = {
        "10c4": "CP210x",
        "1a86": "CH340",
        "0403": "FTDI",
        "303a": "ESP32",
    }
    if (usbVendorId === undefined) return "serial port"
    return `${names[hex(usbVendorId)] ?? "USB"} ${hex(usbVendorId)}:${hex(usbProductId)}`
}

/** The port's current object: after the cable was out the browser may have another one. */
export async function samePort(port: SerialPort): Promise<SerialPort> {
    const ports = await knownPorts()
    const { usbVendorId, usbProductId } = port.getInfo()
    const alike = (one: SerialPort) => {
        const info = one.getInfo()
        return info.usbVendorId === usbVendorId && info.usbProductId === usbProductId
    }
    return ports.includes(port) ? port : (ports.find(alike) ?? port)
}

/**
 * Opens a port and carries its bytes to and from the worker. Throws an Error that says what to do.
 */
export async function openPort(port: SerialPort): Promise<Opening> {
    try {
        await port.open({ baudRate, bufferSize })
        // An ESP32 board resets if these lines differ.
        await port.setSignals({ dataTerminalReady: false, requestToSend: false })
    } catch (failure) {
        await port.close().catch(() => undefined)
        throw new Error(explain(failure as Error), { cause: failure })
    }
    const { port1, port2 } = new MessageChannel()
    void carry(port, port1)
    return { kind: "usb", address: portName(port), port: port2 }
}

function explain({ name, message }: Error): string {
    if (name === "InvalidStateError" || /already open/.test(message))
        return "the port is already open: close the other tab or program that has it"
    if (name === "NetworkError")
        return "the port cannot be opened: another program has it, or the cable is unplugged"
    return message
}

async function carry(port: SerialPort, channel: MessagePort): Promise<void> {
    const send = (message: PortMessage) => channel.postMessage(message)
    const writer = port.writable!.getWriter()
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    let closing = false
    channel.onmessage = ({ data }: MessageEvent<PortMessage>) => {
        if ("bytes" in data)
            void writer
                .write(data.bytes)
                .then(() => send({ taken: data.bytes.length }))
                .catch(() => undefined)
        else if ("close" in data) {
            closing = true
            void reader?.cancel().catch(() => undefined)
        }
    }
    // After an overrun or a break the port has another stream; after an unplugged cable it has
    // none.
    while (port.readable && !closing) {
        reader = port.readable.getReader()
        try {
            for (let read = await reader.read(); !read.done; read = await reader.read())
                send({ bytes: read.value })
            if (!closing) break
        } catch {
            // The framing resynchronises at the next frame.
        } finally {
            reader.releaseLock()
        }
    }
    await writer.close().catch(() => undefined)
    await port.close().catch(() => undefined)
    if (!closing) send({ ended: "the cable was unplugged" })
}
