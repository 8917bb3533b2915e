import { logKey } from "../../src/core/logname"
import type { LogHistory } from "../../src/logs/retention"
import { DeviceBuffer } from "./devicebuffer"

type Visit = (key: number, sent: boolean) => void

/**
 * Paths of both logs that were sent, as the two histories tell it; each reading of one is counted.
 */
export class SentLines {
    readonly sent = new Set<string>()
    /** Lines that say bytes of files that were not sent whole. */
    readonly begun = new Set<string>()
    readings = 0
    /** The main log's, the cell log's. */
    readonly histories: LogHistory[] = ["LOG/", "CELL/"].map(folder => ({
        fillIn: async (_files: unknown[], _offset: number, visit: Visit) => {
            this.readings++
            for (const path of [...this.begun, ...this.sent])
                if (path.startsWith(folder)) {
                    const name = DeviceBuffer.from(path.slice(folder.length))
                    visit(logKey(name as unknown as Buffer, 0), true)
                }
            return 0
        },
        fullySent: async name => {
            this.readings++
            return this.sent.has(folder + name)
        },
    }))
}
