import {
    InPipeReader,
    type JDBus,
    type JDService,
    jdunpack,
    type Packet,
    PACKET_PROCESS,
    SRV_WIFI,
    WifiAPFlags,
    WifiCmd,
    WifiEvent,
} from "jacdac-ts"
import { awaitBoardService, type Time } from "./busservice"
import { quoteWord } from "./secrets"
import { ConsoleError } from "./transport"

// The terminal reads a scan's results because they come over a pipe of the bus, which the board's
// program cannot open.

const serviceMs = 5_000
const scanMs = 8_000
/** While joining a network the station silently ignores a scan, so it is requested again. */
const askMs = 2_000
const resultsMs = 2_000
const resultTries = 3
/** The runtime passes at most this much of a name to its driver. */
const nameBytesMax = 31

/** A network found by a scan. */
export interface FoundNetwork {
    name: string
    signalDbm: number
    channel: number
    /** It needs a password. */
    locked: boolean
}

export interface WifiScan {
    networks: FoundNetwork[]
    /** False if the station could not scan now: these are earlier results. */
    fresh: boolean
}

/** Lets the runtime's Wi-Fi service scan. Throws ConsoleError. */
export async function scanWifi(bus: JDBus, time: Time): Promise<WifiScan> {
    const service = await awaitBoardService(bus, SRV_WIFI, time, serviceMs)
    if (!service) throw new ConsoleError("this board has no Wi-Fi service")
    let complete = false
    const hear = (packet: Packet) => {
        const ours = packet.serviceClass === SRV_WIFI && packet.isEvent
        complete ||= ours && packet.eventCode === WifiEvent.ScanComplete
    }
    bus.on(PACKET_PROCESS, hear)
    try {
        const startMs = time.nowMs()
        let askedMs = -Infinity
        for (let nowMs = startMs; !complete && nowMs - startMs < scanMs; nowMs = time.nowMs()) {
            if (nowMs - askedMs >= askMs) {
                await service.sendCmdAsync(WifiCmd.Scan)
                askedMs = nowMs
            }
            await time.sleep(50)
        }
        return { networks: await readResults(bus, service), fresh: complete }
    } finally {
        bus.off(PACKET_PROCESS, hear)
    }
}

async function readResults(bus: JDBus, service: JDService): Promise<FoundNetwork[]> {
    for (let tries = 1; ; ++tries) {
        const pipe = new InPipeReader(bus)
        try {
            await service.sendPacketAsync(pipe.openCommand(WifiCmd.LastScanResults))
            return (await pipe.readData(resultsMs)).map(parseNetwork)
        } catch {
            if (tries === resultTries)
                throw new ConsoleError("the scan's results did not arrive: try again")
        } finally {
            pipe.close()
        }
    }
}

function parseNetwork(data: Uint8Array): FoundNetwork {
    const [flags, , signalDbm, channel, , name] = jdunpack<
        [number, number, number, number, Uint8Array, string]
    >(data, "u32 u32 i8 u8 b[6] s[33]")
    const locked = (flags & WifiAPFlags.HasPassword) !== 0
    return { name, signalDbm, channel, locked }
}

/**
 * A table for people: the strongest network of each name, strongest first. @param joined the
 * board's network
 */
export function networkTable(networks: readonly FoundNetwork[], joined?: string): string {
    const strongest = new Map<string, FoundNetwork>()
    for (const network of [...networks].sort((one, other) => other.signalDbm - one.signalDbm))
        if (!strongest.has(network.name)) strongest.set(network.name, network)
    return [...strongest.values()]
        .map(({ name, signalDbm, channel, locked }) => {
            const remarks = [locked ? "password" : "open"]
            if (name === joined) remarks.push("the board is in it")
            if (new TextEncoder().encode(name).length > nameBytesMax)
                remarks.push("its name is too long for the board")
            const signal = `${signalDbm} dBm`.padStart(8)
            return (
                shownName(name).padEnd(24) +
                ` ${signal}  ${strengthOf(signalDbm).padEnd(10)} channel ${String(channel).padEnd(3)} ` +
                remarks.join(", ") +
                "\n"
            )
        })
        .join("")
}

/** As `set wifi.ssid` accepts it. */
function shownName(name: string): string {
    if (name === "") return "(hidden)"
    return /^[\w.-]+$/.test(name) ? name : quoteWord(name)
}

function strengthOf(signalDbm: number): string {
    if (signalDbm >= -60) return "very good"
    if (signalDbm >= -70) return "good"
    return signalDbm >= -80 ? "weak" : "very weak"
}
