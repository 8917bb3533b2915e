import { Key, SettingsReader } from "../settings/keys"
import { BatteryState } from "./state"

// Voltage of a cell at rest at 25 °C in mV (high byte first) for 0 %, 5 % … 100 %, then the marks of full and empty.
const lfpTable = hex`
    0A8C 0C08 0C7B 0C96 0CAD 0CBD 0CCB 0CD4 0CD9 0CDC 0CDF
    0CE3 0CEB 0CF6 0CFE 0D02 0D04 0D06 0D09 0D11 0D48  0D5C 0AF0`
const nmcTable = hex`
    0BB8 0D11 0D7A 0DB6 0DE3 0E04 0E1C 0E2E 0E3E 0E51 0E6A
    0E8A 0EB0 0EDA 0F08 0F36 0F64 0F94 0FC8 1002 104F  1022 0BB8`

const enum Table {
    Points = 21,
    StepPermille = 50,
    FullAt = 42,
    EmptyAt = 44,
}

const enum Rest {
    /** How long the current must be small before a cell shows its open-circuit voltage. */
    SettleMs = 1800000,
    /** What table, temperature and measurement may be off by. */
    ToleranceMv = 10,
    /** How long the signs of full or empty must last. */
    EdgeMs = 60000,
}

/**
 * State of charge. It counts what the monitor's coulomb counter reports, in mA·s; the count is corrected
 * where the voltage tells more than the count: at rest into the band that the open-circuit table gives for
 * the voltage ± 10 mV (narrow at the ends, wide on LFP's plateau), to 100 % when full, to 0 % when empty.
 */
export class Gauge {
    // Both are beyond 32 bits at times, so they are never tested for truth.
    private chargeMas: number | undefined = undefined
    private counterMas: number | undefined = undefined
    private movedAtMs: number | undefined = undefined
    private edge = 0
    private edgeSinceMs = 0

    constructor(private readonly settings: SettingsReader) {}

    /** Takes up what `stored()` gave before a restart; anything else than 8 bytes is ignored. */
    restore(stored: Buffer | undefined): void {
        if (stored === undefined || stored.length !== 8) return
        this.chargeMas = stored.readUInt32LE(0) * 1000
        this.counterMas = stored.getAt(4, "i32") * 1000
        this.addMas(0)
    }

    /** Charge and the counter it goes with, both in A·s (u32, i32); undefined while the charge is unknown. */
    stored(): Buffer | undefined {
        if (this.chargeMas === undefined || this.counterMas === undefined) return undefined
        const value = Buffer.alloc(8)
        value.setAt(0, "u32", this.chargeMas / 1000)
        value.setAt(4, "i32", this.counterMas / 1000)
        return value
    }

    /** Counts on from the last reading; a jump by more than the whole capacity is not believed. */
    count(counterMas: number): void {
        if (this.counterMas !== undefined) this.addMas(counterMas - this.counterMas)
        this.counterMas = counterMas
    }

    /** The counter starts anew: its next reading is only where to count from. */
    rebase(): void {
        this.counterMas = undefined
    }

    /** Corrects the count by one sample. @returns the state of charge in 0.1 %, undefined while unknown */
    update(state: BatteryState): number | undefined {
        const capacityMah = this.settings.number(Key.BatteryCapacity)
        const table = this.settings.number(Key.BatteryChemistry) === 0 ? lfpTable : nmcTable
        const meanMv = state.cellMeanMv
        const currentMa = state.currentMa
        const amountMa = Math.abs(currentMa)
        if (this.movedAtMs === undefined || amountMa > capacityMah / 50) this.movedAtMs = state.atMs

        if (this.chargeMas === undefined && amountMa <= capacityMah / 4)
            this.chargeMas = permilleAt(table, meanMv) * capacityMah * 3.6
        if (this.chargeMas !== undefined && state.atMs - this.movedAtMs >= Rest.SettleMs) {
            const low = permilleAt(table, meanMv - Rest.ToleranceMv) * capacityMah * 3.6
            const high = permilleAt(table, meanMv + Rest.ToleranceMv) * capacityMah * 3.6
            this.chargeMas = Math.min(high, Math.max(low, this.chargeMas))
        }
        let edge = 0
        if (currentMa >= 0 && currentMa <= capacityMah / 20) {
            if (meanMv >= table.readUInt16BE(Table.FullAt)) edge = 1
        } else if (currentMa < 0 && amountMa <= capacityMah / 5) {
            if (state.cellMinMv <= table.readUInt16BE(Table.EmptyAt)) edge = 2
        }
        this.updateEdge(edge, state.atMs, capacityMah)
        if (this.chargeMas === undefined) return undefined
        return Math.round(this.chargeMas / (capacityMah * 3.6))
    }

    private updateEdge(edge: number, atMs: number, capacityMah: number): void {
        if (edge !== this.edge) {
            this.edge = edge
            this.edgeSinceMs = atMs
        }
        if (edge !== 0 && atMs - this.edgeSinceMs >= Rest.EdgeMs)
            this.chargeMas = edge === 1 ? capacityMah * 3600 : 0
    }

    private addMas(deltaMas: number): void {
        if (this.chargeMas === undefined) return
        const fullMas = this.settings.number(Key.BatteryCapacity) * 3600
        if (Math.abs(deltaMas) > fullMas) return
        // Counting alone does not make it full: 100 % is only shown once the cells have said so.
        const mostMas = Math.min(fullMas, Math.max(this.chargeMas, fullMas * 0.999))
        this.chargeMas = Math.min(mostMas, Math.max(0, this.chargeMas + deltaMas))
    }
}

/** State of charge for a voltage at rest, 0–1000, between the points of the table by straight lines. */
function permilleAt(table: Buffer, mv: number): number {
    let index = 0
    while (index < Table.Points - 2 && table.readUInt16BE(2 * index + 2) < mv) ++index
    const low = table.readUInt16BE(2 * index)
    const high = table.readUInt16BE(2 * index + 2)
    const permille = Table.StepPermille * (index + (mv - low) / (high - low))
    return Math.min(1000, Math.max(0, permille))
}
