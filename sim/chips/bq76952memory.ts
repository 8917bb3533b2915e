// The data memory of the BQ76952 that the board uses, with its defaults (SLUUBY2 revision B, §13).

const first = 0x9180
const last = 0x93ff

/** Address and its bytes after a reset. */
const defaults: [number, string][] = [
    [0x9234, "8229"], // Power Config 0x2982
    [0x9261, "880000"], // Enabled Protections A, B, C
    [0x9275, "324a00564a000202"], // CUV 50, 74; COV 86, 74; hysteresis 2, 2
    [0x9280, "02040401030700"], // OCC, OCD1, OCD2, SCD threshold
    [0x9287, "02"], // SCD delay
    [0x9288, "38ff"], // OCC recovery threshold -200 mA
    [0x928d, "c800"], // OCD recovery threshold 200 mA
    [0x9294, "05"], // SCD recovery time
    [0x929a, "3702323c0237"], // OTC 55, 2, 50; OTD 60, 2, 55
    [0x92a6, "000205000205"], // UTC 0, 2, 5; UTD 0, 2, 5
    [0x92af, "03"], // Recovery time
    [0x92fd, "070000"], // TS1, TS2, TS3 Config
    [0x9303, "05"], // DA Configuration
    [0x9304, "0000"], // Vcell Mode
]

export class DataMemory {
    private readonly bytes = new Uint8Array(last - first + 1)
    private readonly view = new DataView(this.bytes.buffer)

    constructor() {
        this.reset()
    }

    /** Restores all defaults, as after a power-on. */
    reset(): void {
        this.bytes.fill(0)
        for (const [address, hex] of defaults)
            this.bytes.set(Buffer.from(hex, "hex"), address - first)
        // CC Gain and Capacity Gain of a shunt of 1 mΩ.
        this.view.setFloat32(0x91a8 - first, 7.4768, true)
        this.view.setFloat32(0x91ac - first, 7.4768 * 298261.6178, true)
    }

    /** All of it, for `restore`. */
    toHex(): string {
        return Buffer.from(this.bytes).toString("hex")
    }

    /** Restores the result of `toHex`; ignores any other length. */
    restore(hex: string): void {
        const stored = Buffer.from(hex, "hex")
        if (stored.length === this.bytes.length) this.bytes.set(stored)
    }

    static holds(address: number): boolean {
        return address >= first && address <= last
    }

    read(address: number, length: number): Uint8Array {
        const answer = new Uint8Array(length)
        answer.set(this.bytes.subarray(address - first, address - first + length))
        return answer
    }

    write(address: number, data: Uint8Array): void {
        this.bytes.set(data.subarray(0, last + 1 - address), address - first)
    }

    u8(address: number): number {
        return this.view.getUint8(address - first)
    }

    i8(address: number): number {
        return this.view.getInt8(address - first)
    }

    i16(address: number): number {
        return this.view.getInt16(address - first, true)
    }

    u16(address: number): number {
        return this.view.getUint16(address - first, true)
    }

    f32(address: number): number {
        return this.view.getFloat32(address - first, true)
    }
}
