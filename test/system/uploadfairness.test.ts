import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { benchOfEachTest } from "../support/eachbench"
import { hasTool } from "../support/tools"
import { measureFairness, pastDayLog, prepareUpload } from "../support/uploadrun"
import { Vsftpd } from "../support/vsftpd"

const bytes = 2 << 20
/** A record's own second. The bench has a tighter limit for the logger. */
const latenessMsMax = 1000

describe.skipIf(!["vsftpd", "mcopy", "mmd"].every(hasTool))(
    "the simulated board in real time",
    () => {
        const bench = benchOfEachTest()
        let server: Vsftpd

        beforeEach(() => {
            server = new Vsftpd()
        })
        afterEach(async () => {
            await server.remove()
        })

        it("writes both logs every second while megabytes go out", async () => {
            await prepareUpload(bench(), bytes)
            const run = await measureFairness(bench(), await server.start())
            expect(run.missed).toBe(0)
            expect(run.latenessMsMax).toBeLessThan(latenessMsMax)
            expect(run.upload.bytes).toBe(bytes)
            const received = readFileSync(join(server.root, run.upload.remoteName))
            expect(received.equals(pastDayLog(bytes))).toBe(true)
            expect(bench().cardComplaint()).toBeUndefined()
        })
    },
)
