// The console service on the wire, as services/console.md defines it; packets are little-endian.

export const consoleServiceClass = 0x1b5c0c51
/** The largest payload of a Jacdac packet. */
export const payloadBytesMax = 236

export enum Command {
    Execute = 0x80,
    Cancel = 0x81,
}

export enum Mode {
    Run = 0,
    Ask = 1,
}

export enum ReportFlags {
    Final = 1,
    Refused = 2,
    Running = 4,
    Missing = 8,
}

const executeHeaderBytes = 5
const reportHeaderBytes = 7

/** The longest line the board accepts, in bytes of UTF-8. */
export const lineBytesMax = payloadBytesMax - executeHeaderBytes

export interface Report {
    session: number
    request: number
    /** Number of the packet within its line, from 0. */
    sequence: number
    flags: number
    text: Uint8Array
}

export function packExecute(
    session: number,
    request: number,
    mode: Mode,
    line: Uint8Array,
): Uint8Array {
    const packet = new Uint8Array(executeHeaderBytes + line.length)
    const view = new DataView(packet.buffer)
    view.setUint16(0, session, true)
    view.setUint16(2, request, true)
    view.setUint8(4, mode)
    packet.set(line, executeHeaderBytes)
    return packet
}

export function packCancel(session: number): Uint8Array {
    const packet = new Uint8Array(2)
    new DataView(packet.buffer).setUint16(0, session, true)
    return packet
}

/** A report from the board; undefined if the packet is too short. */
export function parseReport(packet: Uint8Array): Report | undefined {
    if (packet.length < reportHeaderBytes) return undefined
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
    return {
        session: view.getUint16(0, true),
        request: view.getUint16(2, true),
        sequence: view.getUint16(4, true),
        flags: view.getUint8(6),
        text: packet.slice(reportHeaderBytes),
    }
}
