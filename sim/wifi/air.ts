/** What a person can do to the networks around the board. Names and passwords are text. */
export interface WifiEvents {
    /** All access points lose their power, or have it back. */
    setPower(on: boolean): void
    /**
     * Puts a network in range, in the place of one of the same name; without a password it is open.
     */
    addNetwork(name: string, password?: string): void
    /** Throws an Error for a name that was never in the air. */
    setInRange(name: string, inRange: boolean): void
    setHidden(name: string, hidden: boolean): void
    /** Another password, or none; who is joined is thrown out. */
    setPassword(name: string, password?: string): void
    /** How long each network takes to give an address; undefined: as usual. */
    setDhcpMs(dhcpMs: number | undefined): void
    /** "silent": no scan that is asked for ever ends with a word. */
    setScans(scans: "ok" | "silent"): void
}

export interface Network {
    name: string
    /** "" for an open one. */
    password: string
    inRange: boolean
    /** Answers who calls it by name, and is in no list. */
    hidden: boolean
    /** How strongly the board receives it. */
    signalDbm: number
    channel: number
}

/** The network that is there unless somebody takes it away; the demo settings join it. */
export const defaultNetwork = { name: "bms-simulator", password: "simulator" }

/** At most so many bytes does a network's name have (IEEE 802.11). */
const nameBytes = 32

/** Text as the bytes on the air, one character a byte. */
export function asBytes(text: string): string {
    return Buffer.from(text, "utf8").toString("latin1")
}

/** The networks around the board. */
export class WifiAir implements WifiEvents {
    private readonly networks = new Map<string, Network>()
    private readonly watchers: (() => void)[] = []
    powered = true
    scans: "ok" | "silent" = "ok"
    dhcpMs: number | undefined

    constructor() {
        this.addNetwork(defaultNetwork.name, defaultNetwork.password)
    }

    /** What a scan finds: names as bytes. */
    visible(): Network[] {
        return this.reachable().filter(network => !network.hidden)
    }

    /** The network that answers to this name, given as bytes. */
    find(name: string): Network | undefined {
        return this.reachable().find(network => network.name === name)
    }

    /** Calls back after each change. */
    watch(changed: () => void): void {
        this.watchers.push(changed)
    }

    setPower(on: boolean): void {
        this.powered = on
        this.changed()
    }

    addNetwork(name: string, password = ""): void {
        const bytes = asBytes(name)
        if (bytes.length === 0 || bytes.length > nameBytes)
            throw new Error(`a network's name has 1 to ${nameBytes} bytes`)
        this.networks.set(bytes, {
            name: bytes,
            password: checked(password),
            inRange: true,
            hidden: false,
            ...placeOf(bytes),
        })
        this.changed()
    }

    setInRange(name: string, inRange: boolean): void {
        this.known(name).inRange = inRange
        this.changed()
    }

    setHidden(name: string, hidden: boolean): void {
        this.known(name).hidden = hidden
        this.changed()
    }

    setPassword(name: string, password = ""): void {
        this.known(name).password = checked(password)
        this.changed()
    }

    setDhcpMs(dhcpMs: number | undefined): void {
        this.dhcpMs = dhcpMs
    }

    setScans(scans: "ok" | "silent"): void {
        this.scans = scans
    }

    private reachable(): Network[] {
        return this.powered ? [...this.networks.values()].filter(one => one.inRange) : []
    }

    private known(name: string): Network {
        const network = this.networks.get(asBytes(name))
        if (!network)
            throw new Error(`no network "${name}"; "!wifi network NAME [PASSWORD]" adds one`)
        return network
    }

    private changed(): void {
        for (const watcher of this.watchers) watcher()
    }
}

/**
 * Each name has its place, and so its signal, and a channel; the network that is always there is
 * near.
 */
function placeOf(name: string): Pick<Network, "signalDbm" | "channel"> {
    if (name === defaultNetwork.name) return { signalDbm: -58, channel: 6 }
    const sum = Buffer.from(name, "latin1").reduce((before, byte) => before * 7 + byte, 0)
    return { signalDbm: -48 - (sum % 44), channel: [1, 6, 11][sum % 3] }
}

function checked(password: string): string {
    const bytes = asBytes(password)
    if (bytes.length > 0 && (bytes.length < 8 || bytes.length > 63))
        throw new Error("a network's password has 8 to 63 bytes, or is empty")
    return bytes
}
