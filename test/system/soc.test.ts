import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { drivingCase, seldomFullCase, simulateSoc, storageCases } from "../../bench/soc"

// A month of samples takes seconds: the bench runs all cases, the tests those that differ most.
const within = 60_000

describe("the state of charge against the pack's truth", () => {
    const named = (name: string) => storageCases.find(one => one.name === name)!
    for (const name of ["LFP, offset the other way", "NMC", "LFP, restarts and resets of the chip"])
        it(
            `stays within 3 % over 30 days of solar storage: ${name}`,
            async () => {
                const one = named(name)
                const { errorPercentMax, fullCount, restarts } = await simulateSoc(one)
                console.log(`${name}: off by ${errorPercentMax.toFixed(2)} % at most`)
                expect(one).toMatchObject({ days: 30, noiseAmps: 0.3, noiseMv: 2 })
                expect(Math.abs(one.offsetAmps)).toBe(0.05)
                expect(fullCount).toBeGreaterThan(20)
                expect(errorPercentMax).toBeGreaterThan(0)
                expect(errorPercentMax).toBeLessThanOrEqual(3)
                if (one.restartEveryHours !== undefined) expect(restarts).toBeGreaterThan(100)
            },
            within,
        )

    it(
        "stays within 3 % over a week of driving",
        async () => {
            const { errorPercentMax, fullCount } = await simulateSoc(drivingCase)
            expect(fullCount).toBeGreaterThan(3)
            expect(errorPercentMax).toBeLessThanOrEqual(3)
        },
        within,
    )

    it(
        "has the documented error when the pack is seldom full",
        async () => {
            const { errorPercentMax, fullCount } = await simulateSoc(seldomFullCase)
            expect(fullCount).toBe(1)
            const page = readFileSync("docs/reference/battery.md", "utf8")
            expect(page).toContain(`full once in the month | ${errorPercentMax.toFixed(2)} % |`)
            const limits = /\n## Limits\n([^]*?)\n## /.exec(readFileSync("README.md", "utf8"))![1]
            expect(limits).toContain(`${errorPercentMax.toFixed(1)} %`)
        },
        within,
    )

    it("is wrong when the current is 3 A off", async () => {
        const one = { ...storageCases[0], days: 2 }
        const right = await simulateSoc({ ...one, offsetAmps: 0 })
        // 3 A too much is 72 Ah per day, which neither full nor rest can correct.
        const wrong = await simulateSoc({ ...one, offsetAmps: 3 })
        expect(right.errorPercentMax).toBeLessThan(1)
        expect(wrong.errorPercentMax).toBeGreaterThan(3)
    })
})
