/** An emulated chip on the SPI bus, as the wire sees it. */
export interface SpiChip {
    /**
     * The host's bus is set up again for this rate. For that the ESP32's driver releases the clock
     * line, which is pulled up, and drives it low again: one clock edge.
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
    /** One write transaction; false if not acknowledged. */
    write(out: Uint8Array): boolean
    /**
     * One read transaction of `length` bytes; undefined if not acknowledged.
     * @param repeatedStart no STOP came between the write and this read
     */
    read(length: number, repeatedStart?: boolean): Uint8Array | undefined
}
