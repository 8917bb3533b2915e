import { FaultCode, faultCode } from "../core/fault"
import { logDirectories, logKey } from "../core/logname"
import { Ticks } from "../core/seams"
import { LogEntry, LogVolume } from "./logcard"
import { LogKind } from "./record"

/** A search that found nothing is not repeated sooner. */
const searchPauseMs = 60000

/** Says whether the server has confirmed every one of a log file's bytes. */
export type FullySent = (
    kind: LogKind,
    name: string,
    sizeBytes: number,
    volume: any,
) => Promise<boolean>

/** Makes room on a full card: the oldest log file that is on the server goes. */
export class Retention {
    /** Until when a search is not worth while; 0 when there is another card. */
    pausedUntilMs = 0
    // What the search under way has found, its key and its path, and the key that it began behind.
    private oldest = 0
    private path = ""
    private after = 0

    constructor(
        private readonly ticks: Ticks,
        private readonly fullySent: FullySent,
    ) {}

    /**
     * Deletes the oldest fully sent file of a day before `today` ("YYYYMMDD"), main or cell log.
     * Never touches today's, an unsent or a foreign file. @returns false when there is none
     */
    async makeRoom(volume: LogVolume, today: string): Promise<boolean> {
        if (this.ticks.nowMs() < this.pausedUntilMs) return false
        this.oldest = -1
        for (;;) {
            this.after = this.oldest
            this.oldest = logKey(Buffer.from(today + ".CSV"), 0) * 2
            this.path = ""
            await this.search(volume, LogKind.Main)
            await this.search(volume, LogKind.Cell)
            if (this.path === "") break
            try {
                if (await volume.remove(this.path)) return true
            } catch (thrown) {
                // It is open, read-only or no file at all: the next one.
                if (faultCode(thrown) !== FaultCode.BadPath) throw thrown
            }
        }
        this.pausedUntilMs = this.ticks.nowMs() + searchPauseMs
        return false
    }

    private async search(volume: LogVolume, kind: LogKind): Promise<void> {
        const self = this
        await volume.list(logDirectories[kind], async (entry: LogEntry) => {
            const key = logKey(Buffer.from(entry.name), 0) * 2 + kind
            if (key <= self.after || key >= self.oldest) return true
            if (await self.fullySent(kind, entry.name, entry.sizeBytes, volume)) {
                self.oldest = key
                self.path = logDirectories[kind] + "/" + entry.name
            }
            return true
        })
    }
}
