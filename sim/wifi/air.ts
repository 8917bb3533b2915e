/** Changes a person can make to the networks around the board. Names and passwords are text. */
export interface WifiEvents {
    /** All access points lose power, or get it back. */
    setPower(on: boolean): void
    /** Puts a network in range, replacing one of the same name; without a password it is open. */
    addNetwork(name: string, password?: string): void
    /** Throws an Error for an unknown name. */
    setInRange(name: string, inRange: boolean): void
    setHidden(name: string, hidden: boolean): void
    /** Changes or removes the password; joined stations are disconnected. */
    setPassword(name: string, password?: string): void
    /** Time of each network to assign an address; undefined: as usual. */
    setDhcpMs(dhcpMs: number | undefined): void
    /** "silent": scans never report. */
    setScans(scans: "ok" | "silent"): void
}

export interface Network {
    name: string
    /** "" for an open one. */
    password: string
    inRange: boolean
    /** Answers when called by name, but is not in scan results. */
    hidden: boolean
    /** Signal strength at the board. */
    signalDbm: number
    channel: number
}

/** The network that is there by default; the demo settings join it. */
export const defaultNetwork = { name: "bms-simulator", password: "simulator" }

/** The maximum length of a network's name (IEEE 802.11). */
const nameBytes = 32

/** Text as the bytes on the air, one character per byte. */
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

    /** Networks a scan finds; names as bytes. */
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

/** Each name determines a signal and a channel; the default network is near. */
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
