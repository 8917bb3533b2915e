import { Fault, FaultCode, faultCode } from "../core/fault"
import { I2cBus, Ticks } from "../core/seams"
import { At, Block, currentSteps, DaConfiguration, deviceNumber, Direct } from "./registers"
import { Memory, monitorAddress, Status, Subcommand, Wire } from "./registers"
import { BatteryState } from "./state"

/**
 * Driver for the TI BQ76952 battery monitor (manual SLUUBY2, revision B) on I²C, with or without
 * CRC: the first contact finds out which the part uses.
 *
 * Units: mV, mA (charging positive), 0.1 °C. Each transaction owns the bus; the longest is 58
 * bytes, twice that with CRC. Throws Fault MonitorNoAnswer if three consecutive tries were not
 * acknowledged or failed their CRC, and MonitorNonsense if an answer is impossible; the evidence is
 * the register, subcommand or address. A failed call returns nothing: no partial sample escapes.
 */
export class Bq76952 {
    private cells = 0
    private stepMa = 0
    private checked = false

    constructor(
        private readonly bus: I2cBus,
        private readonly ticks: Ticks,
    ) {}

    /**
     * True if the chip has kept its configuration and its charge counter since it was last
     * configured.
     */
    async readConfigured(): Promise<boolean> {
        return ((await this.readStatus()) & (Status.PowerOnReset | Status.ConfigUpdate)) === 0
    }

    /**
     * Writes the whole configuration, laid out as configurationTemplate, reads it back and starts
     * measuring; takes some 350 ms.
     */
    async configure(cells: number, image: Buffer): Promise<void> {
        const identity = await this.readResponse(Subcommand.DeviceNumber)
        if (identity.getAt(0, "u16") !== deviceNumber) throw nonsense(Subcommand.DeviceNumber)
        await this.switchConfigUpdate(Subcommand.SetConfigUpdate, Status.ConfigUpdate)
        let offset = 0
        while (offset < image.length) {
            // One block of data memory: address, data, then checksum and length (§13.1).
            const bytes = image[offset + 2]
            const out = Buffer.alloc(3 + bytes)
            out[0] = Direct.Subcommand
            out.blitAt(1, image, offset, 2)
            out.blitAt(3, image, offset + 3, bytes)
            await this.transfer(out, 0)
            const checksum = checksumOf(out, 1, bytes + 2)
            await this.transfer(Buffer.from([Direct.Checksum, checksum, bytes + 4]), 0)
            await this.ticks.sleep(2)
            await this.checkMemory(image, offset)
            offset += 3 + bytes
        }
        // A chip that reset itself meanwhile has left CONFIG_UPDATE, and leaving it hides the
        // reset: check before and after.
        if (((await this.readStatus()) & Status.ConfigUpdate) === 0)
            throw nonsense(Subcommand.SetConfigUpdate)
        await this.switchConfigUpdate(Subcommand.ExitConfigUpdate, 0)
        // The first full scan after CONFIG_UPDATE takes 190 ms (§4.1.1) without subcommands.
        await this.ticks.sleep(300)
        await this.checkMemory(image, At.DaConfiguration - 3)
        this.cells = cells
        this.stepMa = currentSteps[image[At.DaConfiguration] & DaConfiguration.UserAmpsMask]
    }

    /**
     * One sample, without state of charge and balancing. Undefined if the chip has reset itself or
     * is in CONFIG_UPDATE mode: it must be configured again.
     */
    async readState(): Promise<BatteryState | undefined> {
        const block = await this.readBlock(Direct.SafetyAlertA, Block.MeasurementsBytes)
        const status = block.getAt(Direct.BatteryStatus - Direct.SafetyAlertA, "u16")
        if ((status & (Status.PowerOnReset | Status.ConfigUpdate)) !== 0) return undefined
        if ((status & Status.SecurityState) === 0) throw nonsense(Direct.BatteryStatus)
        const cellMv: number[] = []
        let sumMv = 0
        let cellMinMv = 9999
        let cellMaxMv = -9999
        const cells = this.cells
        for (let cell = 0; cell < cells; ++cell) {
            // From the bottom up, except that the top cell is at input 16 (VC16).
            const input = cell === cells - 1 ? 15 : cell
            const register = Direct.Cell1Voltage + 2 * input
            const mv = block.getAt(register - Direct.SafetyAlertA, "i16")
            if (mv < -300 || mv > 5500) throw nonsense(register)
            cellMinMv = Math.min(cellMinMv, mv)
            cellMaxMv = Math.max(cellMaxMv, mv)
            cellMv.push(mv)
            sumMv += mv
        }
        const packMv = block.getAt(Direct.StackVoltage - Direct.SafetyAlertA, "i16") * 10
        const differenceMv = Math.abs(packMv - sumMv)
        // Less than 3 V cannot power the chip: nothing has been measured yet.
        if (packMv < 3000 || differenceMv > 1000 + packMv / 16) throw nonsense(Direct.StackVoltage)
        const temperatures = await this.readBlock(Direct.IntTemperature, Block.TemperaturesBytes)
        const chipDeciC = deciC(temperatures, Direct.IntTemperature)
        if (chipDeciC < -600 || chipDeciC > 1500) throw nonsense(Direct.IntTemperature)
        return {
            packMv,
            currentMa: block.getAt(Direct.Cc2Current - Direct.SafetyAlertA, "i16") * this.stepMa,
            socPermille: undefined,
            cellMv,
            cellMinMv,
            cellMaxMv,
            cellMeanMv: sumMv / cells,
            temperatureDeciC: [
                deciC(temperatures, Direct.Ts1Temperature),
                deciC(temperatures, Direct.Ts3Temperature),
            ],
            chipDeciC,
            balancing: 0,
            safety: block[1] | (block[3] << 8) | (block[5] << 16),
            alerts: block[0] | (block[2] << 8) | (block[4] << 16),
            atMs: this.ticks.nowMs(),
        }
    }

    /**
     * The charge counted since the chip's last reset, in mA·s, charging positive (§12.3, 0x0076).
     */
    async readChargeMas(): Promise<number> {
        if (this.stepMa === 0) {
            await this.detectCrc()
            const memory = await this.readResponse(Memory.DaConfiguration)
            this.stepMa = currentSteps[memory[0] & DaConfiguration.UserAmpsMask]
        }
        const answer = await this.readResponse(Subcommand.DaStatus6)
        const hours = answer.getAt(0, "i32") + answer.getAt(4, "u32") / 4294967296
        return hours * 3600 * this.stepMa
    }

    /** One bit per cell being balanced, bit 0 is cell 1 (§12.3, 0x0083). */
    async readBalancing(): Promise<number> {
        const inputs = (await this.readResponse(Subcommand.CellBalanceActive)).getAt(0, "u16")
        const top = this.cells - 1
        return (inputs & ((1 << top) - 1)) | ((inputs >> 15) << top)
    }

    /**
     * A part that sends a CRC after each byte requires it on writes too, and refuses them without.
     */
    private async detectCrc(): Promise<void> {
        this.checked = true
        try {
            await this.readStatus()
        } catch (thrown) {
            this.checked = false
        }
    }

    private async readStatus(): Promise<number> {
        return (await this.readBlock(Direct.BatteryStatus, 2)).getAt(0, "u16")
    }

    private async switchConfigUpdate(subcommand: Subcommand, wanted: number): Promise<void> {
        await this.writeSubcommand(subcommand)
        for (let attempt = 0; attempt < 10; ++attempt) {
            await this.ticks.sleep(2)
            if (((await this.readStatus()) & Status.ConfigUpdate) === wanted) return
        }
        throw nonsense(subcommand)
    }

    /** Reads back and verifies one block of the configuration. */
    private async checkMemory(image: Buffer, offset: number): Promise<void> {
        const address = image.getAt(offset, "u16")
        const stored = await this.readResponse(address)
        for (let i = 0; i < image[offset + 2]; ++i)
            if (stored[i] !== image[offset + 3 + i]) throw nonsense(address)
    }

    private async writeSubcommand(subcommand: number): Promise<void> {
        const out = Buffer.from([Direct.Subcommand, subcommand & 255, subcommand >> 8])
        await this.transfer(out, 0)
    }

    /**
     * The data of a subcommand or data memory address, once its echo, length and checksum are right
     * (§3.1).
     */
    private async readResponse(subcommand: number): Promise<Buffer> {
        await this.writeSubcommand(subcommand)
        for (let attempt = 0; attempt < 10; ++attempt) {
            const answer = await this.readBlock(Direct.Subcommand, Block.ResponseBytes)
            const bytes = answer[35] - 4
            if (
                answer.getAt(0, "u16") === subcommand &&
                bytes > 0 &&
                bytes <= 32 &&
                answer[34] === checksumOf(answer, 0, bytes + 2)
            )
                return answer.slice(2, 2 + bytes)
            await this.ticks.sleep(2)
        }
        throw nonsense(subcommand)
    }

    private async readBlock(register: number, bytes: number): Promise<Buffer> {
        const block = await this.transfer(Buffer.from([register]), bytes)
        if (block.length !== bytes) throw nonsense(register)
        return block
    }

    private async transfer(out: Buffer, readBytes: number): Promise<Buffer | undefined> {
        const register = out[0]
        for (let attempt = 1; ; ++attempt) {
            try {
                if (readBytes > 0) return await this.readChecked(out, readBytes)
                await this.bus.write(monitorAddress, this.checked ? withCrc(out) : out)
                return undefined
            } catch (thrown) {
                if (faultCode(thrown) === 0) throw thrown
                if (attempt === 3)
                    throw new Fault(
                        FaultCode.MonitorNoAnswer,
                        "battery monitor does not answer: check its supply and the I2C wires",
                        register,
                    )
            }
            await this.ticks.sleep(2)
        }
    }

    private async readChecked(out: Buffer, bytes: number): Promise<Buffer> {
        const { bus, checked } = this
        if (!checked) return await bus.writeRead(monitorAddress, out, bytes)
        const answer = await bus.writeRead(monitorAddress, out, 2 * bytes)
        const data = Buffer.alloc(bytes)
        // The first CRC includes the write, or starts after a STOP, such as the ESP32 makes.
        const whole = crc8(crc8(Wire.WriteCrc, out[0]), Wire.Read)
        let crc = crc8(0, Wire.Read)
        if (crc8(crc8(whole, answer[0]), answer[1]) === 0) crc = whole
        for (let i = 0; i < 2 * bytes; ++i) {
            crc = crc8(crc, answer[i])
            // A byte with its CRC leaves 0, so the next one starts with 0.
            if ((i & 1) === 0) data[i >> 1] = answer[i]
            else if (crc !== 0) throw nonsense(out[0])
        }
        return data
    }
}

/** A temperature register (0.1 K) in 0.1 °C. */
function deciC(block: Buffer, register: Direct): number {
    return block.getAt(register - Direct.IntTemperature, "i16") - 2732
}

/** The inverted sum of bytes (§3.1). */
function checksumOf(bytes: Buffer, offset: number, length: number): number {
    let sum = 0
    for (let i = 0; i < length; ++i) sum += bytes[offset + i]
    return ~sum & 255
}

/**
 * A write with a CRC after each data byte; the first CRC covers address and register too (§9.2).
 */
function withCrc(out: Buffer): Buffer {
    const wire = Buffer.alloc(2 * out.length - 1)
    wire[0] = out[0]
    let crc = crc8(Wire.WriteCrc, out[0])
    for (let i = 1; i < out.length; ++i) {
        wire[2 * i - 1] = out[i]
        wire[2 * i] = crc8(crc, out[i])
        crc = 0
    }
    return wire
}

/** CRC-8 (x⁸ + x² + x + 1), continued with one byte. */
function crc8(crc: number, byte: number): number {
    crc = crc ^ byte
    for (let bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ (crc & 128 ? 0x107 : 0)
    return crc
}

function nonsense(evidence: number): Fault {
    return new Fault(
        FaultCode.MonitorNonsense,
        "battery monitor answers nonsense: check that it is a BQ76952 and its cell wires",
        evidence,
    )
}
