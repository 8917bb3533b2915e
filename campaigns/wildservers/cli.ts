import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { importWithFirmware } from "../../test/support/firmwareloader"
import { firmware, projectFolder, readManifest } from "../../tools/firmware"

// The firmware in the VM against servers that do anything: no server may end the program or stop
// its logging. Writes campaigns/wildservers/report.md after a complete campaign.

const { values } = parseArgs({
    options: {
        /** Number of the first server, which determines its behaviour. */
        first: { type: "string", default: "1" },
        servers: { type: "string", default: "10000" },
        /** Servers per board, which then restarts. */
        "a-board": { type: "string", default: "250" },
    },
})

const { runWild } = await importWithFirmware<typeof import("./node")>(
    "/campaigns/wildservers/node.ts",
)
const { imagePath } = await firmware(readManifest().entries.simulator)
const first = Number(values.first)
const servers = Number(values.servers)
const aBoard = Number(values["a-board"])

const rows: string[] = []
const errors = new Map<string, number>()
let violations = 0

for (let number = first; number < first + servers;) {
    const counts = await runWild(imagePath, number, Math.min(aBoard, first + servers - number))
    const { behaviours, boardSeconds, delivered, failed, heapPeakBytes } = counts
    const last = number + behaviours - 1
    violations += counts.violations.length
    for (const [error, count] of counts.errors) errors.set(error, (errors.get(error) ?? 0) + count)
    const figures = [boardSeconds, delivered, failed, heapPeakBytes, counts.violations.length]
    // A failed board is replaced by another.
    rows.push(`| ${number}\u2013${last} | ${figures.join(" | ")} |`)
    console.log(rows.at(-1))
    for (const violation of counts.violations) console.log("VIOLATION " + violation)
    number = last + 1
}

const sorted = [...errors].sort((one, two) => two[1] - one[1])
const whole = first === 1 && servers === 10_000 && aBoard === 250
const report = `# Servers that do anything

Made by \`npm run wildservers\`: ${servers} servers, one session each, ${violations} violations. Each is a simulated FTP server with a
random temper, or one that says anything at any time and ends somehow, as do its data ports; every third is such a gateway.
The whole firmware runs in the VM and logs each second. None may end the program, no record may be missing, and at the
end an honest server must get everything.

| servers | board seconds | sessions without an error | with one | heap peak, bytes | violations |
|---|---|---|---|---|---|
${rows.join("\n")}

How the sessions ended:

${sorted.map(([error, count]) => `- ${count} \u00d7 ${error || "all delivered"}`).join("\n")}
`
if (whole) writeFileSync(join(projectFolder, "campaigns/wildservers/report.md"), report)
else console.log(report)
// The runtime that verified the images keeps a timer running.
process.exit(violations === 0 ? 0 : 1)
