import { Alarm, AlarmSink } from "../core/alarm"
import { Fault, FaultCode, faultCode, faultMessage } from "../core/fault"
import { I2cBus, Ticks } from "../core/seams"
import { Key, SettingsReader } from "../settings/keys"
import { Bq76952 } from "./bq76952"
import { buildConfiguration } from "./configuration"
import { Gauge } from "./gauge"
import { Limits } from "./limits"
import { Direct } from "./registers"
import { BatteryState } from "./state"

const saveEveryMs = 3600000

/**
 * The firmware's view of the battery: samples it, keeps its state of charge, checks its limits. One
 * fiber calls `sample()`; any fiber may call the rest.
 */
export class BatteryMonitor {
    /** The newest sample, undefined while the monitor chip does not answer properly. */
    last: BatteryState | undefined
    /**
     * The configuration written into the chip and read back, laid out as configurationTemplate;
     * undefined before that.
     */
    applied: Buffer | undefined

    private readonly chip: Bq76952
    private readonly gauge: Gauge
    private readonly limits: Limits
    private revision = 1
    private configuredRevision = 0
    private turn = 0
    private balancing = 0
    private saveAtMs = 0

    /** @param persist stores the 8 bytes that `restore` gets after the next start */
    constructor(
        bus: I2cBus,
        ticks: Ticks,
        private readonly settings: SettingsReader,
        private readonly alarms: AlarmSink,
        private readonly persist: (value: Buffer) => Promise<void>,
    ) {
        this.chip = new Bq76952(bus, ticks)
        this.gauge = new Gauge(settings)
        this.limits = new Limits(settings, alarms)
    }

    /** Restores the charge stored before the last reset; call it before the first sample. */
    restore(stored: Buffer | undefined): void {
        this.gauge.restore(stored)
    }

    /** A battery setting has changed: the chip is configured again before the next sample. */
    reconfigure(): void {
        this.revision++
    }

    /** Writes the settings into the chip. Throws Fault MonitorNoAnswer or MonitorNonsense. */
    async configure(): Promise<void> {
        const revision = this.revision
        const { settings, chip, gauge } = this
        // The chip keeps counting while the board restarts, and that charge must not be lost. The
        // counter is read before the flag that tells whether it is valid.
        const chargeMas = await chip.readChargeMas()
        if (await chip.readConfigured()) gauge.count(chargeMas)
        gauge.count(undefined)
        const image = buildConfiguration(settings)
        await chip.configure(settings.number(Key.BatteryCells), image)
        this.applied = image
        this.turn = 0
        this.saveAtMs = 0
        this.configuredRevision = revision
    }

    /**
     * Takes one sample and publishes it as `last`. Throws Fault MonitorNoAnswer or MonitorNonsense,
     * with MONITOR_OFFLINE raised and `last` undefined; the next call tries again. A Fault of
     * `persist` is thrown after the sample was published.
     */
    async sample(): Promise<BatteryState> {
        let state: BatteryState
        try {
            state = await this.measure()
        } catch (thrown) {
            this.last = undefined
            if (faultCode(thrown) === FaultCode.MonitorNonsense) this.configuredRevision = 0
            this.limits.pause()
            this.alarms.set(Alarm.MonitorOffline, true, faultMessage(thrown))
            throw thrown
        }
        this.alarms.set(Alarm.MonitorOffline, false)
        state.socPermille = this.gauge.update(state)
        this.limits.check(state)
        this.last = state
        if (state.atMs >= this.saveAtMs) await this.save()
        return state
    }

    /** Stores the charge: automatic every hour; call it before a reset. */
    async save(): Promise<void> {
        const value = this.gauge.stored()
        if (value === undefined) return
        if (this.last !== undefined) this.saveAtMs = this.last.atMs + saveEveryMs
        await this.persist(value)
    }

    private async measure(): Promise<BatteryState> {
        for (let pass = 0; pass < 2; ++pass) {
            if (this.configuredRevision !== this.revision) await this.configure()
            // Charge and balancing alternate: neither is urgent, and each costs two transactions.
            // They come first, since the state then tells whether the chip had reset itself before.
            const chip = this.chip
            const charging = (this.turn++ & 1) === 0
            const answer = charging ? await chip.readChargeMas() : await chip.readBalancing()
            const state = await chip.readState()
            if (state !== undefined) {
                if (charging) this.gauge.count(answer)
                else this.balancing = answer
                state.balancing = this.balancing
                return state
            }
            this.configuredRevision = 0
        }
        throw new Fault(
            FaultCode.MonitorNonsense,
            "battery monitor keeps resetting itself: check its supply",
            Direct.BatteryStatus,
        )
    }
}
