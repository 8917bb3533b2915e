import { type Pack, seededRandom } from "../pack"
import { DataMemory } from "./bq76952memory"
import { SafetyUnit } from "./bq76952safety"
import type { I2cChip } from "./chip"

/**
 * State the chip keeps while the cells feed it, even when the board is off or the simulator is not
 * running.
 */
export interface MonitorCondition {
    memory: string
    /** Accumulated charge, A·s, and its duration, s. */
    coulombs: number
    seconds: number
}

export interface MonitorOptions {
    /** Board time in ms. */
    nowMs: () => number
    /** The shunt actually fitted, µΩ. */
    shuntMicroohm?: number
    /** Constant error of the current measurement, A. */
    offsetAmps?: number
    /** Peak of the noise on each current reading, A. */
    noiseAmps?: number
    /** Peak of the noise on each cell voltage, mV. */
    noiseMv?: number
    /** How much the chip's own sensor and those at TS1 and TS3 read too high, °C. */
    sensorErrorC?: [number, number, number]
    /** Factory values in data memory, restored by a reset: address and byte, signed. */
    factory?: [address: number, byte: number][]
    /** The part adds a CRC to each I²C byte, as the BQ7695202 does. */
    crc?: boolean
    seed?: number
    /** State to continue from; without it the chip has just been powered. */
    condition?: MonitorCondition
}

/** offline: no acknowledge. garbage: random bytes. stalled: subcommands never complete. */
export type MonitorFault = "none" | "offline" | "garbage" | "stalled"

/**
 * Emulated TI BQ76952 at register level: direct commands, subcommands, transfer buffer, data memory
 * and CONFIG_UPDATE mode (SLUUBY2 revision B). The pack behind it is wired as on the board: cells
 * from input 1 up, the top cell at input 16, unused inputs shorted.
 */
export class Bq76952Chip implements I2cChip {
    readonly address = 0x08
    readonly memory = new DataMemory()
    fault: MonitorFault = "none"
    /** This many of the next transactions are not acknowledged. */
    missAcknowledges = 0
    /** Called when CONFIG_UPDATE mode ends, with Vcell Mode: one bit per input in use. */
    onConfigured: ((vcellMode: number) => void) | undefined
    /** Inputs being balanced; bit 0 is input 1. */
    balancing = 0
    /** This many of the next answers of a part with CRC have one wrong bit. */
    flipBits = 0
    /** Transactions, refused CRCs, and writes to data memory outside CONFIG_UPDATE mode. */
    readonly counters = { reads: 0, writes: 0, refusedCrcs: 0, refusedMemoryWrites: 0, resets: 0 }

    private readonly registers = new Uint8Array(0x80)
    private readonly view = new DataView(this.registers.buffer)
    private readonly safety = new SafetyUnit()
    private readonly random: () => number
    private pointer = 0
    /** The register named by the last write: a read's CRC begins with it. */
    private readFrom = 0
    private powerOnReset = true
    private configUpdate = false
    private startedMs: number
    private chargeFromCoulombs: number

    constructor(
        private readonly pack: Pack,
        private readonly options: MonitorOptions,
    ) {
        this.random = seededRandom(options.seed ?? 7)
        this.loadFactory()
        this.startedMs = options.nowMs()
        this.chargeFromCoulombs = pack.passedCoulombs()
        const { condition } = options
        if (condition === undefined) return
        this.memory.restore(condition.memory)
        this.powerOnReset = false
        this.startedMs -= condition.seconds * 1000
        this.chargeFromCoulombs -= condition.coulombs
    }

    /** State for the next run; undefined if the chip is not configured. */
    condition(): MonitorCondition | undefined {
        if (this.powerOnReset || this.configUpdate) return undefined
        return {
            memory: this.memory.toHex(),
            coulombs: this.pack.passedCoulombs() - this.chargeFromCoulombs,
            seconds: (this.options.nowMs() - this.startedMs) / 1000,
        }
    }

    /** The chip loses its supply for a moment: all configuration is gone. */
    selfReset(): void {
        this.pack.advanceTo(this.options.nowMs())
        this.memory.reset()
        this.loadFactory()
        this.safety.reset()
        this.registers.fill(0)
        this.powerOnReset = true
        this.configUpdate = false
        this.balancing = 0
        this.counters.resets++
        this.startedMs = this.options.nowMs()
        this.chargeFromCoulombs = this.pack.passedCoulombs()
    }

    write(out: Uint8Array): boolean {
        this.counters.writes++
        if (!this.acknowledges() || out.length === 0) return false
        this.pointer = out[0] & 0x7f
        this.readFrom = out[0]
        const data = this.options.crc === true ? this.checked(out) : [...out.subarray(1)]
        for (const byte of data ?? []) this.writeRegister(this.pointer++ & 0x7f, byte)
        return data !== undefined
    }

    read(length: number, repeatedStart = false): Uint8Array | undefined {
        this.counters.reads++
        if (!this.acknowledges()) return undefined
        this.measure()
        const answer = new Uint8Array(length)
        // A STOP restarts the CRC; the register pointer stays.
        let crc = repeatedStart ? crc8(0, 0x10, this.readFrom, 0x11) : crc8(0, 0x11)
        for (let i = 0; i < length; ++i) {
            const value = this.registers[this.pointer++ & 0x7f]
            answer[i] = this.fault === "garbage" ? Math.floor(this.random() * 256) : value
            if (this.options.crc !== true) continue
            crc = crc8(crc, answer[i])
            if (++i < length) answer[i] = crc
            crc = 0
        }
        if (this.flipBits > 0) {
            this.flipBits--
            answer[Math.floor(this.random() * length)] ^= 1 << Math.floor(this.random() * 8)
        }
        return answer
    }

    /** The data bytes of a write with CRC; undefined if a CRC is wrong or missing. */
    private checked(out: Uint8Array): number[] | undefined {
        const data: number[] = []
        let crc = crc8(0, 0x10, out[0])
        for (let i = 1; i < out.length; i += 2) {
            if (crc8(crc, out[i]) !== out[i + 1]) {
                this.counters.refusedCrcs++
                return undefined
            }
            data.push(out[i])
            crc = 0
        }
        return data
    }

    private loadFactory(): void {
        for (const [address, byte] of this.options.factory ?? [])
            this.memory.write(address, Uint8Array.of(byte))
    }

    private acknowledges(): boolean {
        if (this.fault === "offline") return false
        if (this.missAcknowledges === 0) return true
        this.missAcknowledges--
        return false
    }

    private writeRegister(register: number, value: number): void {
        if (register < 0x3e || register > 0x61) return
        this.registers[register] = value
        if (register === 0x3f) this.startSubcommand(this.view.getUint16(0x3e, true))
        if (register === 0x61) this.commit()
    }

    private startSubcommand(subcommand: number): void {
        if (this.fault === "stalled") {
            this.view.setUint16(0x3e, 0xffff, true)
            return
        }
        if (subcommand === 0x0001) this.respond([0x95, 0x76])
        else if (subcommand === 0x0012) this.selfReset()
        else if (subcommand === 0x0076) this.respond(this.accumulated())
        else if (subcommand === 0x0082) this.resetAccumulated()
        else if (subcommand === 0x0083) this.respond([this.balancing & 255, this.balancing >> 8])
        else if (subcommand === 0x0090) this.configUpdate = true
        else if (subcommand === 0x0092) {
            this.configUpdate = false
            this.powerOnReset = false
            // The chip's own firmware restarts with the new settings.
            this.safety.reset()
            this.onConfigured?.(this.memory.u16(0x9304))
        } else if (DataMemory.holds(subcommand)) this.respond(this.memory.read(subcommand, 32))
    }

    /** Fills transfer buffer, checksum and length. */
    private respond(data: ArrayLike<number>): void {
        this.registers.fill(0, 0x40, 0x60)
        this.registers.set(data, 0x40)
        this.registers[0x60] = this.checksum(data.length)
        this.registers[0x61] = data.length + 4
    }

    private checksum(length: number): number {
        let sum = this.registers[0x3e] + this.registers[0x3f]
        for (let i = 0; i < length; ++i) sum += this.registers[0x40 + i]
        return ~sum & 0xff
    }

    /** The length was written: the data is taken if length and checksum are right. */
    private commit(): void {
        const length = this.registers[0x61] - 4
        if (length < 1 || length > 32 || this.registers[0x60] !== this.checksum(length)) return
        const address = this.view.getUint16(0x3e, true)
        if (address === 0x0083) this.balancing = this.view.getUint16(0x40, true)
        if (!DataMemory.holds(address)) return
        if (!this.configUpdate) this.counters.refusedMemoryWrites++
        else this.memory.write(address, this.registers.slice(0x40, 0x40 + length))
    }

    private accumulated(): Uint8Array {
        this.pack.advanceTo(this.options.nowMs())
        const seconds = (this.options.nowMs() - this.startedMs) / 1000
        const coulombs = this.pack.passedCoulombs() - this.chargeFromCoulombs
        const measured = coulombs + (this.options.offsetAmps ?? 0) * seconds
        const gain = this.memory.f32(0x91ac) / 298261.6178
        // It starts at half a unit, so that the whole part is rounded.
        const hours = (measured * this.shuntScale(gain)) / 3600 / this.userAmp() + 0.5
        const data = new DataView(new ArrayBuffer(32))
        data.setInt32(0, Math.floor(hours), true)
        data.setUint32(4, Math.floor((hours - Math.floor(hours)) * 2 ** 32), true)
        data.setUint32(8, Math.floor(seconds), true)
        return new Uint8Array(data.buffer)
    }

    private resetAccumulated(): void {
        this.pack.advanceTo(this.options.nowMs())
        this.startedMs = this.options.nowMs()
        this.chargeFromCoulombs = this.pack.passedCoulombs()
    }

    /** Ratio of the current by the configured gain to the current through the real shunt. */
    private shuntScale(gain: number): number {
        return (gain * ((this.options.shuntMicroohm ?? 250) / 1000)) / 7.5684
    }

    /** The unit of current in A. */
    private userAmp(): number {
        return [0.0001, 0.001, 0.01, 0.1][this.memory.u8(0x9303) & 3]
    }

    /** Brings all measured registers up to date; nothing is measured in CONFIG_UPDATE mode. */
    private measure(): void {
        const nowMs = this.options.nowMs()
        this.pack.advanceTo(nowMs)
        if (!this.configUpdate && nowMs - this.startedMs >= 190) {
            this.measureVoltages()
            this.measureRest(nowMs)
        }
        let status = 0x0100
        if (this.configUpdate) status |= 0x0001
        if ((this.memory.u16(0x9234) & 0x0100) !== 0) status |= 0x0004
        if (this.powerOnReset) status |= 0x0008
        if (this.safety.status.some(byte => byte !== 0)) status |= 0x0800
        this.view.setUint16(0x12, status, true)
        this.safety.alerts.forEach((byte, i) => (this.registers[0x02 + 2 * i] = byte))
        this.safety.status.forEach((byte, i) => (this.registers[0x03 + 2 * i] = byte))
    }

    private measureVoltages(): void {
        let stackMv = 0
        for (let input = 0; input < 16; ++input) {
            const cell =
                input === 15 ? this.pack.cells : input < this.pack.cells - 1 ? input + 1 : 0
            let mv = 0
            if (cell > 0) mv = this.pack.cellVolts(cell) * 1000 + this.noise(this.options.noiseMv)
            stackMv += mv
            this.view.setInt16(0x14 + 2 * input, clampInt16(mv), true)
        }
        const unit = (this.memory.u8(0x9303) & 0x04) !== 0 ? 10 : 1
        for (const register of [0x34, 0x36, 0x38])
            this.view.setInt16(register, clampInt16(stackMv / unit), true)
    }

    private measureRest(nowMs: number): void {
        const amps = this.pack.currentAmps() + (this.options.offsetAmps ?? 0)
        const measured = amps + this.noise(this.options.noiseAmps)
        const units = (measured * this.shuntScale(this.memory.f32(0x91a8))) / this.userAmp()
        this.view.setInt16(0x3a, clampInt16(units), true)
        const thermistors: number[] = []
        const pins = [0x68, 0x70, 0x74]
        pins.forEach((register, sensor) => {
            // Int, TS1 and TS3 Temp Offset, 0.1 °C.
            const offset = this.memory.i8([0x91ca, 0x91ce, 0x91d0][sensor]) / 10
            const error = this.options.sensorErrorC?.[sensor] ?? 0
            const celsius = this.pack.temperatureC(sensor) + error + offset
            const config = sensor === 0 ? 0x07 : this.memory.u8(sensor === 1 ? 0x92fd : 0x92ff)
            const connected = config === 0x07
            if (sensor > 0 && connected) thermistors.push(celsius)
            const kelvin = Math.floor(Math.round(celsius * 10) + 2731.5 + 0.5)
            this.view.setInt16(register, connected ? kelvin : 0, true)
        })
        const mask = this.memory.u16(0x9304) || 0xffff
        const cells = Array.from({ length: 16 }, (_, i) => i)
            .filter(i => ((mask >> i) & 1) !== 0)
            .map(i => this.view.getInt16(0x14 + 2 * i, true))
        const shuntMv = (measured * (this.options.shuntMicroohm ?? 250)) / 1000
        this.safety.update(
            {
                maxCellMv: Math.max(...cells),
                minCellMv: Math.min(...cells),
                shuntMv,
                currentMa: units * this.userAmp() * 1000,
                maxCellC: Math.max(...thermistors, -300),
                minCellC: Math.min(...thermistors, 300),
            },
            this.memory,
            nowMs,
        )
    }

    private noise(peak: number | undefined): number {
        return peak === undefined ? 0 : (this.random() * 2 - 1) * peak
    }
}

/** Continues a CRC-8 (x^8 + x^2 + x + 1, nothing inverted) over these bytes. */
function crc8(crc: number, ...bytes: number[]): number {
    for (const byte of bytes) {
        crc ^= byte
        for (let bit = 0; bit < 8; ++bit) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1
    }
    return crc
}

function clampInt16(value: number): number {
    return Math.min(32767, Math.max(-32768, Math.round(value)))
}
