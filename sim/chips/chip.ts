/** An emulated chip on the SPI bus, as the wire sees it. */
export interface SpiChip {
    /**
     * The host's bus is made anew for this rate. The ESP32's driver lets go of the clock line for
     * that, which is pulled up, and drives it low again: one clock edge.
     */
    configure(hz: number): void
    select(on: boolean): void
    /** Full duplex: as many bytes come back as go out. */
    transfer(out: Uint8Array): Uint8Array
}

/** An emulated chip on the I²C bus, as the wire sees it. */
export interface I2cChip {
    /** 7-bit address. */
    readonly address: number
    /** One write transaction; false is no acknowledge. */
    write(out: Uint8Array): boolean
    /**
     * One read transaction of that many bytes; undefined is no acknowledge.
     * @param repeatedStart no STOP came between the write and this
     */
    read(length: number, repeatedStart?: boolean): Uint8Array | undefined
}
