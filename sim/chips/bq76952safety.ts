import type { DataMemory } from "./bq76952memory"

/** Input of the protections. */
export interface Measured {
    /** Of the cells enabled in Vcell Mode, mV. */
    maxCellMv: number
    minCellMv: number
    /** Voltage across the shunt, mV, charging positive. */
    shuntMv: number
    /** Current by the configured gain, mA, charging positive. */
    currentMa: number
    maxCellC: number
    minCellC: number
}

/** A delay of 3.3 ms per step has two steps more than its register says (§5.2). */
const stepsMs = (register: number) => (2 + register) * 3.3

const shortCircuitMv = [10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500]

interface Protection {
    /** Which status register (0 is A, 1 is B) and which bit. */
    register: 0 | 1
    bit: number
    trips(m: Measured, memory: DataMemory): boolean
    recovers(m: Measured, memory: DataMemory): boolean
    delayMs(memory: DataMemory): number
}

const protections: Protection[] = [
    {
        register: 0,
        bit: 2, // CUV
        trips: (m, r) => m.minCellMv < r.u8(0x9275) * 50.6,
        recovers: (m, r) => m.minCellMv >= (r.u8(0x9275) + r.u8(0x927b)) * 50.6,
        delayMs: r => stepsMs(r.u16(0x9276)),
    },
    {
        register: 0,
        bit: 3, // COV
        trips: (m, r) => m.maxCellMv > r.u8(0x9278) * 50.6,
        recovers: (m, r) => m.maxCellMv <= (r.u8(0x9278) - r.u8(0x927c)) * 50.6,
        delayMs: r => stepsMs(r.u16(0x9279)),
    },
    {
        register: 0,
        bit: 4, // OCC
        trips: (m, r) => m.shuntMv > r.u8(0x9280) * 2,
        recovers: (m, r) => m.currentMa <= r.i16(0x9288),
        delayMs: r => stepsMs(r.u8(0x9281)),
    },
    {
        register: 0,
        bit: 5, // OCD1
        trips: (m, r) => -m.shuntMv > r.u8(0x9282) * 2,
        recovers: (m, r) => m.currentMa >= r.i16(0x928d),
        delayMs: r => stepsMs(r.u8(0x9283)),
    },
    {
        register: 0,
        bit: 7, // SCD
        trips: (m, r) => -m.shuntMv >= shortCircuitMv[r.u8(0x9286) & 15],
        recovers: m => m.shuntMv > -10,
        delayMs: () => 0,
    },
    {
        register: 1,
        bit: 0, // UTC
        trips: (m, r) => m.minCellC <= r.i8(0x92a6),
        recovers: (m, r) => m.minCellC >= r.i8(0x92a8),
        delayMs: r => r.u8(0x92a7) * 1000,
    },
    {
        register: 1,
        bit: 1, // UTD
        trips: (m, r) => m.minCellC <= r.i8(0x92a9),
        recovers: (m, r) => m.minCellC >= r.i8(0x92ab),
        delayMs: r => r.u8(0x92aa) * 1000,
    },
    {
        register: 1,
        bit: 4, // OTC
        trips: (m, r) => m.maxCellC >= r.i8(0x929a),
        recovers: (m, r) => m.maxCellC <= r.i8(0x929c),
        delayMs: r => r.u8(0x929b) * 1000,
    },
    {
        register: 1,
        bit: 5, // OTD
        trips: (m, r) => m.maxCellC >= r.i8(0x929d),
        recovers: (m, r) => m.maxCellC <= r.i8(0x929f),
        delayMs: r => r.u8(0x929e) * 1000,
    },
]

/** The alert and status bits of the primary protections (§5.2); no FETs are modelled. */
export class SafetyUnit {
    /** Safety Status A, B, C. */
    readonly status = [0, 0, 0]
    /** Safety Alert A, B, C: beyond the threshold, but not yet for the delay. */
    readonly alerts = [0, 0, 0]
    /** Since when each protection has been about to change its status. */
    private readonly sinceMs: (number | undefined)[] = []

    reset(): void {
        this.status.fill(0)
        this.alerts.fill(0)
        this.sinceMs.length = 0
    }

    update(measured: Measured, memory: DataMemory, nowMs: number): void {
        protections.forEach((protection, index) => {
            const { register, bit } = protection
            const mask = 1 << bit
            const enabled = (memory.u8(0x9261 + register) & mask) !== 0
            const tripped = (this.status[register] & mask) !== 0
            const changing = tripped
                ? protection.recovers(measured, memory)
                : protection.trips(measured, memory)
            const delayMs = tripped ? recoveryMs(protection, memory) : protection.delayMs(memory)
            const sinceMs = changing && enabled ? (this.sinceMs[index] ?? nowMs) : undefined
            const changed = sinceMs !== undefined && nowMs - sinceMs >= delayMs
            this.sinceMs[index] = changed ? undefined : sinceMs
            if (changed) this.status[register] ^= mask
            if (!enabled) this.status[register] &= ~mask
            this.alerts[register] &= ~mask
            if (!tripped && !changed && sinceMs !== undefined) this.alerts[register] |= mask
        })
    }
}

/** A fault ends when its recovery condition has held for Recovery Time; SCD has its own time. */
function recoveryMs(protection: Protection, memory: DataMemory): number {
    const isShortCircuit = protection.register === 0 && protection.bit === 7
    return memory.u8(isShortCircuit ? 0x9294 : 0x92af) * 1000
}
