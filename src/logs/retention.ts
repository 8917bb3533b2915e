import { Ticks } from "../core/seams"
import { parseInteger } from "../core/text"
import { LogEntry, LogVolume } from "./logcard"
import { LogKind } from "./record"

/** The directory of each log. */
export const logDirectories = ["LOG", "CELL"]

/** A search that found nothing is not repeated sooner. */
const searchPauseMs = 60000

/** Says whether the server has confirmed every one of a log file's bytes. */
export type FullySent = (
    kind: LogKind,
    name: string,
    sizeBytes: number,
    volume: any,
) => Promise<boolean>

/**
 * A number that sorts log files by age, YYYYMMDDnn of "YYYYMMDD.CSV" (nn = 0) and "YYMMDDnn.CSV";
 * 0 for a name that is no log's.
 */
export function logFileAge(name: string): number {
    const digits = parseInteger(name.slice(0, 8))
    if (name.length !== 12 || name.slice(8) !== ".CSV" || !(digits > 0)) return 0
    // Years 2100 and on are not told from YYMMDDnn; the clock ends before.
    return digits >= 20000000 && digits < 21000000 ? digits * 100 : 2000000000 + digits
}

/** Makes room on a full card: the oldest log file that is on the server goes. */
export class Retention {
    private pausedUntilMs = 0
    // What the search under way has found: its age and its path.
    private oldest = 0
    private path = ""

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
        this.oldest = parseInteger(today) * 100
        this.path = ""
        await this.search(volume, LogKind.Main)
        await this.search(volume, LogKind.Cell)
        if (this.path !== "" && (await volume.remove(this.path))) return true
        this.pausedUntilMs = this.ticks.nowMs() + searchPauseMs
        return false
    }

    private async search(volume: LogVolume, kind: LogKind): Promise<void> {
        const self = this
        await volume.list(logDirectories[kind], async (entry: LogEntry) => {
            const age = logFileAge(entry.name)
            if (age === 0 || age >= self.oldest) return true
            if (await self.fullySent(kind, entry.name, entry.sizeBytes, volume)) {
                self.oldest = age
                self.path = logDirectories[kind] + "/" + entry.name
            }
            return true
        })
    }
}
