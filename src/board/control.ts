import * as ds from "@devicescript/core"

// Jacdac's control service, which every device has at index 0. @devicescript/server has one too,
// but costs 2,400 bytes of code that a board with a single service does not need.

/** The natives of the processor's second device, which serves the program's services. */
export interface RuntimeServer {
    _serverSend(serviceIndex: number, packet: ds.Packet): Promise<void>
    /**
     * Called in a new fiber for each incoming command; without a packet if it is for no service.
     */
    _onServerPacket: (packet: ds.Packet) => Promise<void>
}

const announceMs = 500
const productIdentifier = 0x355724dd

/** A packet's command: an action, or a register to read (0x1…) or write (0x2…). */
export const enum Asked {
    Announce = 0,
    Noop = 0x80,
    Identify = 0x81,
    Reset = 0x82,
    StatusLight = 0x84,
    StatusCode = 0x1103,
    Description = 0x1180,
    Product = 0x1181,
    Bootloader = 0x1184,
    Version = 0x1185,
    Uptime = 0x1186,
    SetStatusCode = 0x2103,
}

/** Counts up to 15; a smaller value than before reveals a restart. */
let restarts = 1

/** Flags, two unused members, and the classes of all services except this one. */
function announcement(): number[] {
    if (restarts < ds.ControlAnnounceFlags.RestartCounterSteady) restarts += 1
    const flags = restarts | ds.ControlAnnounceFlags.SupportsACK
    return [flags, 0, 0, ds.BmsConsole.spec.classIdentifier]
}

/** @returns the control service's answer: null for none, undefined for an unknown command */
export function controlAnswer(command: number): any {
    if (command === Asked.Announce) return announcement()
    if (command === Asked.Reset) ds.reboot()
    if (command === Asked.Description) return "DeviceScript user-provided servers"
    if (command === Asked.Product || command === Asked.Bootloader) return productIdentifier
    if (command === Asked.Version) return ds._dcfgString("@version")
    if (command === Asked.Uptime) return ds.millis() * 1000
    const done = [Asked.Noop, Asked.Identify, Asked.Reset, Asked.StatusLight]
    return done.includes(command) ? null : undefined
}

/** Announces the device twice a second, without drift. */
export async function announceForever(): Promise<void> {
    let dueMs = ds.millis()
    while (true) {
        dueMs = Math.max(ds.millis() + 1, dueMs + announceMs)
        await ds.sleep(dueMs - ds.millis())
        const report = ds.Control.spec.lookup("announce").response
        await (ds as unknown as RuntimeServer)._serverSend(0, report.encode(announcement()))
    }
}
