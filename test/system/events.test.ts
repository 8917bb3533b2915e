import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { benchOfEachTest } from "../support/eachbench"
import { hasTool } from "../support/tools"

const bench = benchOfEachTest()

test.runIf(hasTool("mcopy") && hasTool("fsck.fat"))(
    "each journal entry reaches the server once, over a power cut, a reset and a removed card",
    async () => {
        const run = await bench().exec([
            "!current -500",
            "sleep 20s",
            "!power cut",
            "sleep 20s",
            "!card out",
            "sleep 20s",
            "!current 10",
            "sleep 20s",
            "!card in",
            "sleep 1m",
            "reset now",
            "sleep 1m",
            "ftp send",
            "journal",
        ])
        expect(run.exit).toBe(0)
        const journal = run
            .answer("journal")
            .map(line => /^Record \d+ +#(\d+) (\S+ \S+?)~? (\w+) (\w+)/.exec(line))
            .filter(match => match !== null)
            .map(match => match.slice(1).join(" "))
            .sort((a, b) => parseInt(a) - parseInt(b))
        expect(journal.join("\n")).toContain("OVERCURRENT_DISCHARGE disappeared")
        expect(journal.join("\n")).toContain("SD_CARD disappeared")

        const events = bench()
            .cardNames("EVT")
            .flatMap(name => {
                const onCard = bench().cardFile(`EVT/${name}`)
                const onServer = readFileSync(join(bench().state, "ftp", `BMS-SA11-EVT-${name}`))
                expect(onServer.equals(onCard)).toBe(true)
                return onCard.toString().split("\r\n").slice(1, -1)
            })
        const asJournal = events
            .map(line => line.split(","))
            .map(([time, , , number, flag, change]) => `${number} ${time} ${flag} ${change}`)
        expect(asJournal).toEqual(journal)
        expect(events.find(line => line.includes("OVERCURRENT_DISCHARGE,appeared"))).toMatch(
            /,BMS-SA11,\d+,OVERCURRENT_DISCHARGE,appeared,0x\w{8},0,500\.\d+ A; limit/,
        )
        const sent = bench().cardFile("EVTSENT.TXT").toString()
        for (const name of bench().cardNames("EVT")) expect(sent).toContain(name)
        const others = readdirSync(join(bench().state, "ftp")).filter(name =>
            /-EVT-.*-\d+\./.test(name),
        )
        expect(others).toEqual([])
        expect(bench().cardComplaint()).toBeUndefined()
        expect(run.output).not.toMatch(/PANIC|fault:/)
    },
)
