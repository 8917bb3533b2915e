import { expect, test } from "vitest"
import { benchOfEachTest } from "../support/eachbench"
import { recordSeconds } from "../support/simulator"
import { hasTool } from "../support/tools"

const bench = benchOfEachTest()

/** Times of a file's records as "HH:MM". */
function minutes(file: string): string[] {
    const seconds = recordSeconds(bench().cardFile(`LOG/${file}`))
    return seconds.map(at => new Date(at * 1000).toISOString().slice(11, 16))
}

test.runIf(hasTool("mcopy") && hasTool("fsck.fat"))(
    "a clock set forwards and back over midnight leaves each record in its day's file",
    async () => {
        const run = await bench().exec([
            "set ftp.enable off",
            "set sd.period 60",
            "sleep 3s",
            "time set 2027-03-27 23:57:30",
            "sleep 60s",
            "set time.zone CET-1CEST,M3.5.0,M10.5.0/3",
            "sleep 60s",
            "time set 2027-03-28 01:58:30",
            "sleep 120s",
            "time",
            "time set 2027-03-27 23:58:30",
            "sleep 165s",
            "-time set 2027-02-29 12:00:00",
            "time set @1806192000",
            "sleep 5s",
            "time",
            "tasks",
            "status",
        ])
        expect(run.exit).toBe(0)
        const files = bench()
            .cardNames("LOG")
            .filter(name => name.startsWith("202703"))
        expect(files.sort()).toEqual(["20270327.CSV", "20270328.CSV"])
        // By hand: UTC until the zone was set at 23:58:30. Then it was 00:58:30 of the next day.
        expect(minutes("20270327.CSV")).toEqual(["23:57", "23:58", "23:59"])
        expect(minutes("20270328.CSV")).toEqual([
            "00:59",
            // Summer time begins: 02:00 becomes 03:00.
            "01:58",
            "01:59",
            "03:00",
            // Set back by more than an hour to before midnight, then this day again.
            "00:00",
            "00:01",
            // Unix seconds, as a console's PC sends them: midnight in UTC.
            "01:00",
        ])
        expect(run.answer("time")[0]).toMatch(/2027-03-28 01:00:\d\d \+01:00 from person/)
        expect(run.output).toMatch(/2027-03-28 03:00:\d\d \+02:00 from person/)
        expect(run.summary.records.lost).toBe(0)
        expect(bench().cardComplaint()).toBeUndefined()
    },
)
