import { Alarm, AlarmSink } from "../core/alarm"
import { Fault, FaultCode, faultCode, faultMessage } from "../core/fault"
import { CardDevice, Ticks } from "../core/seams"
import { formatVolume } from "./format"
import { reserveClusters, Volume, volumeBuffers } from "./volume"

/** Runs work while holding the card's bus; throws Fault LockTimeout if it does not become free. */
export type Exclusive = (owner: string, work: () => Promise<any>) => Promise<any>

const enum Pace {
    /** Between two mount attempts. */
    RetryMs = 2000,
    SyncMs = 60000,
    /** Table sectors that one poll counts. */
    CountSectors = 16,
}

/**
 * The firmware's view of the card: mounted when inserted, dropped when it fails, mounted again when
 * it is back, and used by one caller at a time. Raises and clears Alarm SdCard.
 */
export class Storage {
    /** Why the card is unusable, "" while it is usable. */
    lastError = ""
    /**
     * Repairs the logs after a power cut. Called after each mount, before other work with the card
     * or the logs; must not throw.
     */
    recover: (volume: any) => Promise<void>

    private volume: Volume | undefined
    private formatting: boolean
    private readonly buffers = volumeBuffers()
    private mounts = 0
    /** `recover` was called since the mount. */
    private recovered: boolean
    /** The volume of an ejected card that is still inserted. */
    ejected: Volume | undefined
    private triedMs = 0
    /** The card failed in use: that it mounts again does not prove it good. */
    private suspect = false
    private syncedMs = 0
    /** Why the last mount ended or failed. */
    private failure: any

    constructor(
        private readonly openDevice: () => Promise<CardDevice>,
        private readonly exclusive: Exclusive,
        private readonly ticks: Ticks,
        private readonly alarms: AlarmSink,
        /** Gives fibers that wait for the card's bus their turn. */
        private readonly pause?: () => Promise<void>,
    ) {}

    mounted(): boolean {
        return this.volume !== undefined
    }

    /** Counts mounts; a file opened at another count is stale. */
    generation(): number {
        return this.mounts
    }

    /**
     * Runs work alone with the mounted card. Throws why it cannot be mounted, and what the work
     * throws.
     * @param early for work at the start that does not touch the logs: skips their recovery
     */
    async use<T>(owner: string, work: (volume: Volume) => Promise<T>, early = false): Promise<T> {
        const self = this
        return await this.guarded(owner, async () => {
            return await work(early ? await self.mount() : await self.ready())
        })
    }

    /** Call it every 2 s: detects removed and reinserted cards, syncs once a minute. */
    async poll(): Promise<void> {
        const self = this
        try {
            await this.guarded("card poll", async () => await self.look())
        } catch (thrown) {
            // The alarm is raised and lastError has the reason; the next poll tries again.
            return
        }
    }

    /**
     * Syncs and releases the card, which can then be pulled. It is used again once it was pulled.
     */
    async eject(): Promise<void> {
        const self = this
        await this.use("card eject", async volume => {
            await volume.sync()
            self.lose(new Fault(FaultCode.NotMounted, "ejected: pull the card and put it back", 0))
            self.ejected = volume
        })
    }

    /** Syncs everything for a reset; does nothing without a card. */
    async sync(): Promise<void> {
        if (this.mounted()) await this.use("card sync", async volume => await volume.sync())
    }

    /**
     * Creates an empty file system, whatever was on the card, and mounts it. This takes seconds to
     * minutes, during which other callers do not wait but get Fault NotMounted.
     */
    async format(progress?: (percent: number) => Promise<void>): Promise<void> {
        const self = this
        const work = async () => {
            self.lose(new Fault(FaultCode.NotMounted, "being formatted", 0))
            self.failure = undefined
            self.ejected = undefined
            await formatVolume(await self.openDevice(), "BMSMINI    ", progress, self.buffers[0])
            await self.mount()
        }
        await this.guarded("card format", work, true)
    }

    /**
     * A failure of the card ends its mount; one of the work (a full card, a missing file) does not.
     */
    private async guarded(owner: string, work: () => Promise<any>, formats = false): Promise<any> {
        if (this.formatting)
            throw new Fault(FaultCode.NotMounted, "the card is being formatted: wait for its end")
        // Set before the lock, so that no caller queues behind the format.
        this.formatting = formats
        const self = this
        try {
            return await this.exclusive(owner, async () => await self.attempt(work))
        } finally {
            if (formats) this.formatting = false
        }
    }

    private async attempt(work: () => Promise<any>): Promise<any> {
        try {
            return await work()
        } catch (thrown) {
            const code = faultCode(thrown)
            const written = code === FaultCode.CardWriteProtected
            if (!this.mounted() || (code >> 8 === 0x03 && !written)) this.lose(thrown)
            else if (written || code === FaultCode.VolumeDamaged) {
                this.suspect = false
                this.raise(thrown)
            }
            throw thrown
        }
    }

    private async mount(): Promise<Volume> {
        if (this.volume !== undefined) return this.volume
        const now = this.ticks.nowMs()
        const tooSoon = now - this.triedMs < Pace.RetryMs && this.failure !== undefined
        if (this.ejected || tooSoon) throw this.failure
        this.triedMs = now
        const suspect = this.suspect
        this.suspect = false
        const volume = await Volume.mount(await this.openDevice(), this.ticks, this.buffers)
        this.volume = volume
        this.mounts++
        this.recovered = false
        this.syncedMs = now
        this.lastError = ""
        this.suspect = suspect
        if (!suspect) this.alarms.set(Alarm.SdCard, false)
        return volume
    }

    private async ready(): Promise<Volume> {
        const volume = await this.mount()
        if (this.recovered) return volume
        if (this.recover) await this.recover(volume)
        this.recovered = true
        const self = this
        // Only now: until here no other fiber may have the card.
        volume.table.rest = async () => await self.rest(volume)
        return volume
    }

    /**
     * Gives others their turn during long work with a volume. Throws once it is no longer mounted.
     */
    private async rest(volume: Volume): Promise<void> {
        // A format would take too long, and leave nothing to continue with.
        if (this.pause === undefined || this.formatting) await this.ticks.sleep(1)
        else await this.pause()
        if (this.volume === volume) return
        if (this.volume === undefined) throw this.failure
        throw new Fault(FaultCode.StaleHandle, "the SD card was changed: open the file again", 0)
    }

    private async look(): Promise<void> {
        if (this.ejected) {
            try {
                await this.ejected.device.probe()
                return
            } catch (thrown) {
                // The card was removed: use it again.
                this.ejected = undefined
            }
        }
        const before = this.volume
        const late = !this.recovered
        const volume = await this.ready()
        // The first record waits for this, and the rest is not urgent.
        if (late) return
        await volume.device.probe()
        if (this.suspect && before === volume) {
            this.suspect = false
            this.alarms.set(Alarm.SdCard, false)
        }
        await volume.table.countFree(Pace.CountSectors)
        if (this.ticks.nowMs() - this.syncedMs >= Pace.SyncMs) {
            await volume.flushFiles()
            this.syncedMs = this.ticks.nowMs()
        }
        try {
            // So that no record must wait for it.
            await volume.table.seekFree(reserveClusters)
        } catch (thrown) {
            // A full card or a bad sector: reported when the cluster is needed.
            return
        }
    }

    private lose(thrown: any): void {
        if (this.volume !== undefined) this.suspect = this.volume.gone = true
        this.volume = undefined
        this.failure = thrown
        this.raise(thrown)
    }

    private raise(thrown: any): void {
        this.lastError = faultMessage(thrown)
        this.alarms.set(Alarm.SdCard, true, this.lastError)
    }
}
