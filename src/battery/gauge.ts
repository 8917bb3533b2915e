import { Key, SettingsReader } from "../settings/keys"
import { BatteryState } from "./state"

// Open-circuit voltage of a cell at 25 °C in mV (low byte first) for 0 %, 5 % … 100 %, then the
// thresholds of full and empty.
const lfpTable = hex`
    8C0A 080C 7B0C 960C AD0C BD0C CB0C D40C D90C DC0C DF0C
    E30C EB0C F60C FE0C 020D 040D 060D 090D 110D 480D  5C0D F00A`
const nmcTable = hex`
    B80B 110D 7A0D B60D E30D 040E 1C0E 2E0E 3E0E 510E 6A0E
    8A0E B00E DA0E 080F 360F 640F 940F C80F 0210 4F10  2210 B80B`

const enum Table {
    Points = 21,
    FullAt = 42,
    EmptyAt = 44,
}

const enum Rest {
    /** How long the current must be small before a cell shows its open-circuit voltage. */
    SettleMs = 1800000,
    /** The error of table, temperature and measurement together. */
    ToleranceMv = 10,
    /** How long the signs of full or empty must last. */
    EdgeMs = 60000,
}

/**
 * Stored charges from this value on are this plus billionths of the full pack; smaller ones are
 * A·s, as older firmware stored them.
 */
const keptShare = 2147483648
const billion = 1000000000

/**
 * State of charge. Counts what the monitor's coulomb counter reports, as a share of the full pack,
 * so that a changed capacity leaves the percentage alone. The count is corrected where the voltage
 * tells more: at rest into the band that the open-circuit table gives for the voltage ± 10 mV
 * (narrow at the ends, wide on LFP's plateau), to 100 % when full, to 0 % when empty.
 */
export class Gauge {
    // Not always integers within 32 bits, so never tested for truth.
    private charge: number | undefined
    private counterMas: number | undefined
    private movedAtMs: number | undefined
    private edge = 0
    private edgeSinceMs = 0

    constructor(private readonly settings: SettingsReader) {}

    /** Resumes from what `stored()` returned before a restart; ignores anything but 8 bytes. */
    restore(stored: Buffer | undefined): void {
        if (stored === undefined || stored.length !== 8) return
        const kept = stored.getAt(0, "u32")
        this.charge =
            kept < keptShare ? (kept * 1000) / this.fullMas() : (kept - keptShare) / billion
        this.counterMas = stored.getAt(4, "i32") * 1000
        this.addMas(0)
    }

    /**
     * Charge (u32) and the matching counter in A·s (i32); undefined while the charge is unknown.
     */
    stored(): Buffer | undefined {
        if (this.charge === undefined || this.counterMas === undefined) return undefined
        const value = Buffer.alloc(8)
        value.setAt(0, "u32", keptShare + this.charge * billion)
        value.setAt(4, "i32", this.counterMas / 1000)
        return value
    }

    /**
     * Continues from the last reading; a jump by more than the whole capacity is ignored.
     * @param counterMas undefined if the counter restarts: its next reading is only the new start
     */
    count(counterMas: number | undefined): void {
        const before = this.counterMas
        this.counterMas = counterMas
        if (before !== undefined && counterMas !== undefined) this.addMas(counterMas - before)
    }

    /**
     * Corrects the count by one sample.
     * @returns the state of charge in 0.1 %, undefined while unknown
     */
    update(state: BatteryState): number | undefined {
        const capacityMah = this.settings.number(Key.BatteryCapacity)
        const table = this.settings.number(Key.BatteryChemistry) === 0 ? lfpTable : nmcTable
        const meanMv = state.cellMeanMv
        const currentMa = state.currentMa
        const atMs = state.atMs
        const amountMa = Math.abs(currentMa)
        if (this.movedAtMs === undefined || amountMa > capacityMah / 50) this.movedAtMs = atMs

        let charge = this.charge
        if (charge === undefined && amountMa <= capacityMah / 4) charge = shareAt(table, meanMv)
        if (charge !== undefined && atMs - this.movedAtMs >= Rest.SettleMs) {
            const low = shareAt(table, meanMv - Rest.ToleranceMv)
            const high = shareAt(table, meanMv + Rest.ToleranceMv)
            charge = Math.min(high, Math.max(low, charge))
        }
        let edge = 0
        if (currentMa >= 0 && currentMa <= capacityMah / 20) {
            if (meanMv >= table.getAt(Table.FullAt, "u16")) edge = 1
        } else if (currentMa < 0 && amountMa <= capacityMah / 5) {
            if (state.cellMinMv <= table.getAt(Table.EmptyAt, "u16")) edge = 2
        }
        if (edge !== this.edge) {
            this.edge = edge
            this.edgeSinceMs = atMs
        }
        if (edge !== 0 && atMs - this.edgeSinceMs >= Rest.EdgeMs) charge = edge === 1 ? 1 : 0
        this.charge = charge
        if (charge === undefined) return undefined
        return Math.round(charge * 1000)
    }

    private fullMas(): number {
        return this.settings.number(Key.BatteryCapacity) * 3600
    }

    private addMas(deltaMas: number): void {
        const charge = this.charge
        if (charge === undefined) return
        const fullMas = this.fullMas()
        if (Math.abs(deltaMas) > fullMas) return
        // Counting alone never reaches 100 %: the cells must confirm it first.
        const most = Math.min(1, Math.max(charge, 0.999))
        this.charge = Math.min(most, Math.max(0, charge + deltaMas / fullMas))
    }
}

/** State of charge for an open-circuit voltage, 0–1, interpolated linearly in the table. */
function shareAt(table: Buffer, mv: number): number {
    let index = 0
    while (index < Table.Points - 2 && table.getAt(2 * index + 2, "u16") < mv) ++index
    const low = table.getAt(2 * index, "u16")
    const high = table.getAt(2 * index + 2, "u16")
    const share = (index + (mv - low) / (high - low)) / (Table.Points - 1)
    return Math.min(1, Math.max(0, share))
}
