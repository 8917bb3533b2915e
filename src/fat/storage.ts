import { Alarm, AlarmSink } from "../core/alarm"
import { Fault, FaultCode, faultCode, faultMessage } from "../core/fault"
import { CardDevice, Ticks } from "../core/seams"
import { formatVolume } from "./format"
import { reserveClusters, Volume, volumeBuffers } from "./volume"

/** Runs work with the card's bus held; throws Fault LockTimeout when it cannot be had. */
export type Exclusive = (owner: string, work: () => Promise<any>) => Promise<any>

const enum Pace {
    /** Between two tries to mount. */
    RetryMs = 2000,
    SyncMs = 60000,
    /** Sectors of the table that one poll counts. */
    CountSectors = 16,
}

/**
 * The card as the firmware sees it: mounted when it is there, given up when it fails, mounted anew
 * when it is back, and used by one at a time. Raises and clears Alarm SdCard.
 */
export class Storage {
    /** Why the card cannot be used, "" while it can. */
    lastError = ""
    /**
     * Puts in order what a power cut has left of the logs, after each mount and before anybody
     * works with the card or looks at them; must not throw.
     */
    recover: (volume: any) => Promise<void>

    private volume: Volume | undefined
    private formatting: boolean
    private readonly buffers = volumeBuffers()
    private mounts = 0
    /** `recover` was called since the mount. */
    private recovered: boolean
    /** The card in the socket has been ejected: what was mounted of it. */
    ejected: Volume | undefined
    private triedMs = 0
    /** The card failed while it was in use: that it can be mounted again does not make it good. */
    private suspect = false
    private syncedMs = 0
    /** Why the last mount ended, or could not be made. */
    private failure: any

    constructor(
        private readonly openDevice: () => Promise<CardDevice>,
        private readonly exclusive: Exclusive,
        private readonly ticks: Ticks,
        private readonly alarms: AlarmSink,
        /** Lets those have their turn who wait for the card's bus. */
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
     * Works with the mounted card, alone. Throws why it cannot be mounted, and what the work
     * throws.
     * @param early the work is at the start, and has nothing to do with the logs
     */
    async use<T>(owner: string, work: (volume: Volume) => Promise<T>, early = false): Promise<T> {
        const self = this
        return await this.guarded(owner, async () => {
            return await work(early ? await self.mount() : await self.ready())
        })
    }

    /**
     * To be called every 2 s: finds out about a pulled and a returned card, syncs once a minute.
     */
    async poll(): Promise<void> {
        const self = this
        try {
            await this.guarded("card poll", async () => await self.look())
        } catch (thrown) {
            // The alarm is raised and lastError says why; the next poll tries again.
            return
        }
    }

    /** Syncs and lets go of the card: it can be pulled. Used again once it was pulled. */
    async eject(): Promise<void> {
        const self = this
        await this.use("card eject", async volume => {
            await volume.sync()
            self.lose(new Fault(FaultCode.NotMounted, "ejected: pull the card and put it back", 0))
            self.ejected = volume
        })
    }

    /** Syncs everything, for a reset; a card that is not there is no failure. */
    async sync(): Promise<void> {
        if (this.mounted()) await this.use("card sync", async volume => await volume.sync())
    }

    /**
     * Makes an empty file system, whatever was on the card, and mounts it. That takes from seconds
     * to minutes: who else wants the card meanwhile does not wait, but is told so by Fault
     * NotMounted.
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
        // From here on, so that nobody comes to wait behind it.
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
        // Not before: until here nobody else may have the card.
        volume.table.rest = async () => await self.rest(volume)
        return volume
    }

    /**
     * In the midst of long work with a volume: others have their turn. Throws when it is not
     * mounted any more.
     */
    private async rest(volume: Volume): Promise<void> {
        // A format would take too long, and nothing be left to go on with.
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
                // The card was away: it is taken again.
                this.ejected = undefined
            }
        }
        const before = this.volume
        const late = !this.recovered
        const volume = await this.ready()
        // The first record waits for that, and nothing else is urgent.
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
            // So that no record has to wait for it.
            await volume.table.seekFree(reserveClusters)
        } catch (thrown) {
            // A full card or a bad sector: it shows when the cluster is needed.
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
