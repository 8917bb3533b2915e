// The seams between the parts: each implementation is handed to a constructor, none is looked up.

/** Monotonic time since the start, in ms, and the only way to wait. */
export interface Ticks {
    nowMs(): number
    /** Suspends the fiber; `ms` is rounded up to a whole number, at least 1. */
    sleep(ms: number): Promise<void>
}

/** One SPI device behind its chip select. */
export interface SpiBus {
    /** Makes the bus anew, with a stray clock edge on it: nothing may be selected. */
    setClockHz(hz: number): Promise<void>
    /** Drives chip select: true is low (selected). */
    select(on: boolean): Promise<void>
    /**
     * Full duplex: as many bytes come back as go out (1–4096), in a buffer that the next transfer
     * of that length uses again. Throws Fault SpiFailed.
     */
    transfer(out: Buffer): Promise<Buffer>
}

/** An I²C bus as its only master. Addresses have 7 bits. Throws Fault I2cNoAcknowledge. */
export interface I2cBus {
    write(address: number, out: Buffer): Promise<void>
    writeRead(address: number, out: Buffer, readBytes: number): Promise<Buffer>
}

/** 512-byte blocks, addressed by number from 0. A returned write is on the medium. */
export interface BlockDevice {
    blockCount(): number
    /** @param unchecked a bit that is wrong on the way may pass: that is quicker */
    readBlock(block: number, into: Buffer, unchecked?: boolean): Promise<void>
    writeBlock(block: number, from: Buffer): Promise<void>
    /**
     * Writes the same bytes to each of `count` blocks from `block` on, as quickly as the medium
     * can.
     */
    fillBlocks(block: number, count: number, from: Buffer): Promise<void>
}

/** A block device that a person can take out. */
export interface CardDevice extends BlockDevice {
    /** Throws when the card is gone or was changed; cheap. */
    probe(): Promise<void>
}

/** Key/value store that survives resets. Keys 1–13 ASCII characters, values 1–200 bytes. */
export interface Flash {
    read(key: string): Promise<Buffer | undefined>
    /** Returns when the value is in flash. An unchanged value costs nothing. */
    write(key: string, value: Buffer): Promise<void>
    remove(key: string): Promise<void>
}

/** What is needed of cryptography. */
export interface Hashing {
    /** SHA-256 of the two, one after the other. */
    digest(first: Buffer, second: Buffer): Buffer
    random(bytes: number): Buffer
}

/** Lets one piece of work at a time in, in the order of arrival. */
export interface Exclusive {
    /** Throws Fault LockTimeout, naming who is in, when `work` could not begin within the time. */
    run<T>(owner: string, timeoutMs: number, work: () => Promise<T>): Promise<T>
}

/** One open TCP connection; the board has one at a time. */
export interface TcpStream {
    /** Queues bytes in order; waits while the queue is full. */
    send(data: Buffer): Promise<void>
    /** The next bytes; undefined when the peer has closed. Throws Fault SocketTimeout. */
    receive(timeoutMs: number): Promise<Buffer | undefined>
    /** Drops what is still queued on the ESP32: open the next connection instead to flush. */
    close(): Promise<void>
}

/** Opens connections. Opening flushes and ends the one before, in that order. */
export interface TcpConnector {
    /** @param deaf whatever the other side says on it is dropped */
    connect(host: string, port: number, timeoutMs: number, deaf?: boolean): Promise<TcpStream>
}

/** The Wi-Fi station. */
export interface Wifi {
    /** Learns how the station stands; call it every few seconds. */
    look(): Promise<void>
    /**
     * Makes this the only network to join, now and at each start; the password is not empty.
     * `another`: it may still be on its way to the network before.
     */
    join(ssid: string, password: string, another: boolean): Promise<void>
    /**
     * Leaves the network, and joins none until the next start. `forGood`: then neither, and no open
     * network any more until the flash is erased. `another` as above.
     */
    leaveNetwork(forGood: boolean, another: boolean): Promise<void>
    /**
     * Makes this open network the only one to join at each start, if there never was one with a
     * password. May not come back: on the ESP32 the processor starts anew.
     */
    tellOpen(ssid: string): Promise<void>
    /**
     * The network that it has an address in, "" while it has none, "?" when that cannot be told.
     */
    network(): string
    /** True while the station has an address. */
    connected(): boolean
    /** Dotted address, or "" while there is none. */
    address(): Promise<string>
}

/** The board's light. */
export interface Light {
    set(on: boolean): Promise<void>
}

/** The wall clock, UTC in Unix seconds. It never runs backwards while it is not trusted. */
export interface WallClock {
    nowSeconds(): number
    /** False while the time is only a lower bound (the CLOCK flag is up). */
    trusted(): boolean
    /** Minutes east of UTC at that moment, by the time.zone rule. */
    offsetMinutes(epochSeconds: number): number
    /** A source offers the time: used when the source is better than what the clock runs on. */
    offer(epochSeconds: number, source: TimeSource): Promise<void>
}

/** Sources of time in rising order of trust. */
export const enum TimeSource {
    None = 0,
    Flash = 1,
    Chip = 2,
    Http = 3,
    Person = 4,
}

/**
 * Where a command's output goes; waits while it cannot go. Throws Fault when the console cancels
 * the command.
 */
export interface Output {
    /**
     * @param data a text, or a buffer, which is free again on return
     * @param length bytes of the buffer
     */
    writeOut(data: any, length?: number): Promise<void>
    /** Sends what was held back to fill a packet. */
    sendOut(): Promise<void>
}

/** Runs the lines of all consoles. */
export interface LineRunner {
    /** What one console has under way between its lines, for nobody else to look into. */
    newSession(): any
    /**
     * @returns true when the line was done, false when it was refused. Throws only what `out`
     * throws.
     */
    carryOut(session: any, line: string, out: Output): Promise<boolean>
}

/** What the firmware is built on: the hardware of one board, and its runtime. */
export interface Board {
    ticks: Ticks
    spi: SpiBus
    i2c: I2cBus
    flash: Flash
    tcp: TcpConnector
    wifi: Wifi
    light: Light
    hashing: Hashing
    /** Four characters that tell boards apart, from the device identifier. */
    shortId: string
    /** The program's version, as it was built. */
    version: string
    /** Another number for another program. */
    program: number
    /** Starts a fiber; its work must not throw. */
    spawn(work: () => Promise<void>): void
    /** One line of the log that goes out on the serial port; a long one goes out in pieces. */
    log(line: string): void
    /** Lines that come to the board's console are run there from now on. */
    serveConsole(runner: LineRunner): void
    /** Restarts the processor; does not return. */
    reboot(): Promise<void>
}
