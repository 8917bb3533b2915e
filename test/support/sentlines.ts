import { logKey } from "../../src/core/logname"
import type { LogHistory } from "../../src/logs/retention"
import { DeviceBuffer } from "./devicebuffer"

type Visit = (key: number, sent: boolean) => void

/** Sent paths of both logs, as the two histories report them. Counts each reading of a history. */
export class SentLines {
    readonly sent = new Set<string>()
    /** Paths that have lines but were not sent whole. */
    readonly begun = new Set<string>()
    readings = 0
    /** The histories of the main log and the cell log. */
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
