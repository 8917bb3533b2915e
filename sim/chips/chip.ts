/** An emulated chip on the SPI bus, as the wire sees it. */
export interface SpiChip {
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
    /** One read transaction of that many bytes; undefined is no acknowledge. */
    read(length: number): Uint8Array | undefined
}
