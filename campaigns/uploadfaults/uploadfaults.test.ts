import { describe, expect, it, vi } from "vitest"
import { hasServer } from "../../test/support/servers/ftpserver"
import { hasSquid } from "../../test/support/servers/squid"
import { runCases } from "./campaign"
import { type CaseName } from "./case"
import { kinds, type Mode } from "./kinds"
import { formatTables, formatViolations } from "./report"

vi.mock("@devicescript/core", async () => (await import("./natives")).natives)

// A part of the campaign that `npm run uploadfaults` runs in full: one case of every second kind,
// or of every third kind in gateway mode.

const direct = hasServer("vsftpd") && hasServer("inetutils-ftpd")

function some(mode: Mode, every: number): CaseName[] {
    return kinds[mode]
        .filter((_, i) => i % every === 0)
        .map((kind, i) => ({ mode, kind, seed: 1 + i }))
        .filter(({ kind, seed }) => hasServer(kind.servers[seed % kind.servers.length]))
}

async function expectDelivery(cases: CaseName[]): Promise<void> {
    const results = await runCases(cases)
    console.log(formatTables(results))
    const broken = results.filter(one => one.violations.length > 0)
    expect(broken.length, formatViolations(broken, 5)).toBe(0)
    expect(results.reduce((sum, one) => sum + one.sessions, 0)).toBeGreaterThan(cases.length)
    // The faults did something.
    expect(results.flatMap(one => one.messages).length).toBeGreaterThan(cases.length / 5)
}

describe("after faults the server has everything once, and the history never claims more", () => {
    it.skipIf(!direct)("in direct mode", async () => {
        await expectDelivery(some("direct", 2))
    })

    it.skipIf(!direct || !hasSquid())("through the gateway", async () => {
        await expectDelivery(some("gateway", 3))
    })
})
