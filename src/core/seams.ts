// The seams between the parts. Implementations are passed to constructors, never looked up.

/** Monotonic time since the start, in ms, and the only way to wait. */
export interface Ticks {
    nowMs(): number
    /** Suspends the fiber; `ms` is rounded up to a whole number, at least 1. */
    sleep(ms: number): Promise<void>
}

/** One SPI device behind its chip select. */
export interface SpiBus {
    /** Reconfigures the bus, which makes a stray clock edge: no device may be selected. */
    setClockHz(hz: number): Promise<void>
    /** Drives chip select: true is low (selected). */
    select(on: boolean): Promise<void>
    /**
     * Full duplex: returns as many bytes as `out` has (1–4096), in a buffer that the next transfer
     * of that length reuses. Throws Fault SpiFailed.
     */
    transfer(out: Buffer): Promise<Buffer>
}

/** An I²C bus with this master only. Addresses have 7 bits. Throws Fault I2cNoAcknowledge. */
export interface I2cBus {
    write(address: number, out: Buffer): Promise<void>
    writeRead(address: number, out: Buffer, readBytes: number): Promise<Buffer>
}

/** 512-byte blocks, numbered from 0. When a write returns, the block is on the medium. */
export interface BlockDevice {
    blockCount(): number
    /** @param unchecked faster, but transmission errors may pass unnoticed */
    readBlock(block: number, into: Buffer, unchecked?: boolean): Promise<void>
    writeBlock(block: number, from: Buffer): Promise<void>
    /** Writes the same bytes to `count` blocks from `block` on, as fast as the medium allows. */
    fillBlocks(block: number, count: number, from: Buffer): Promise<void>
}

/** A removable block device. */
export interface CardDevice extends BlockDevice {
    /** Throws if the card was removed or changed; cheap. */
    probe(): Promise<void>
}

/** Key/value store that survives resets. Keys 1–13 ASCII characters, values 1–200 bytes. */
export interface Flash {
    read(key: string): Promise<Buffer | undefined>
    /** Returns once the value is in flash. Writing an unchanged value costs nothing. */
    write(key: string, value: Buffer): Promise<void>
    remove(key: string): Promise<void>
}

/** The cryptography that the firmware needs. */
export interface Hashing {
    /** SHA-256 of both, concatenated. */
    digest(first: Buffer, second: Buffer): Buffer
    random(bytes: number): Buffer
}

/** Mutual exclusion, in order of arrival. */
export interface Exclusive {
    /** Throws Fault LockTimeout, naming the holder, if `work` could not begin in time. */
    run<T>(owner: string, timeoutMs: number, work: () => Promise<T>): Promise<T>
}

/** An open TCP connection; the board has only one at a time. */
export interface TcpStream {
    /** Queues bytes in order; waits while the queue is full. */
    send(data: Buffer): Promise<void>
    /** The next bytes; undefined once the peer has closed. Throws Fault SocketTimeout. */
    receive(timeoutMs: number): Promise<Buffer | undefined>
    /** Drops queued bytes on the ESP32: to flush them, open the next connection instead. */
    close(): Promise<void>
}

/** Opens connections. Opening first flushes, then ends the previous one. */
export interface TcpConnector {
    /** @param deaf drops everything the peer sends */
    connect(host: string, port: number, timeoutMs: number, deaf?: boolean): Promise<TcpStream>
}

/** The Wi-Fi station. */
export interface Wifi {
    /** Updates the station's state; call it every few seconds. */
    look(): Promise<void>
    /**
     * Makes this the only network to join, now and at each start; the password is not empty.
     * `another`: the station may still be joining the previous network.
     */
    join(ssid: string, password: string, another: boolean): Promise<void>
    /**
     * Leaves the network and joins none until the next start. `forGood`: not then either, and no
     * open network until the flash is erased. `another` as above.
     */
    leaveNetwork(forGood: boolean, another: boolean): Promise<void>
    /**
     * Makes this open network the only one to join at each start, if none with a password was ever
     * set. May not return: the ESP32's processor restarts.
     */
    tellOpen(ssid: string): Promise<void>
    /** The network that gave the station its address, "" without an address, "?" if unknown. */
    network(): string
    /** True while the station has an address. */
    connected(): boolean
    /** Dotted address, or "" without one. */
    address(): Promise<string>
}

/** The board's light. */
export interface Light {
    set(on: boolean): Promise<void>
}

/** The wall clock, UTC in Unix seconds. It never runs backwards while untrusted. */
export interface WallClock {
    nowSeconds(): number
    /** False while the time is only a lower bound (the CLOCK flag is up). */
    trusted(): boolean
    /** Minutes east of UTC at that moment, by the time.zone rule. */
    offsetMinutes(epochSeconds: number): number
    /** Offers a time, which is used if its source is better than the clock's current one. */
    offer(epochSeconds: number, source: TimeSource): Promise<void>
}

/** Time sources, least trusted first. */
export const enum TimeSource {
    None = 0,
    Flash = 1,
    Chip = 2,
    Http = 3,
    Person = 4,
}

/**
 * Where a command's output goes; waits while output is blocked. Throws Fault when the console
 * cancels the command.
 */
export interface Output {
    /**
     * @param data text, or a buffer, which may be reused on return
     * @param length number of bytes in the buffer
     */
    writeOut(data: any, length?: number): Promise<void>
    /** Sends output that was held back to fill a packet. */
    sendOut(): Promise<void>
}

/** Runs the lines of all consoles. */
export interface LineRunner {
    /** State that one console keeps between its lines; opaque to others. */
    newSession(): any
    /**
     * @returns true if the line was carried out, false if it was refused. Throws only what `out`
     * throws.
     */
    carryOut(session: any, line: string, out: Output): Promise<boolean>
}

/** What the firmware runs on: a board's hardware and its runtime. */
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
    /** The program's version, set by the build. */
    version: string
    /** A number that differs from program to program. */
    program: number
    /** Starts a fiber; its work must not throw. */
    spawn: (work: () => Promise<void>) => void
    /** Logs one line on the serial port; a long one is sent in pieces. */
    log: (line: string) => void
    /** From now on, lines sent to the board's console run there. */
    serveConsole: (runner: LineRunner) => void
    /** Restarts the processor; does not return. */
    reboot: () => Promise<void>
}
