import { expect } from "vitest"
import { cellRecords, mainRecords, type Row } from "./row"

/** The board, its logs and its network. */
export const loggingRows: Row[] = [
    {
        keys: ["user.serial"],
        lines: ["set user.serial LIVE-1", "status"],
        check: ([, status]) => expect(status).toMatch(/^serial +LIVE-1$/m),
    },
    {
        keys: ["user.address"],
        lines: ['set user.address "Dachboden, Süd"', "describe"],
        check: ([, described]) => expect(described).toContain('"value":"Dachboden, Süd"'),
    },
    {
        keys: ["sd.period"],
        lines: [
            "set sd.period 86400",
            "sleep 3s",
            "status",
            "sleep 10s",
            "status",
            "set sd.period 1",
            "sleep 10s",
            "status",
        ],
        check: answers => {
            expect(mainRecords(answers[4])).toBe(mainRecords(answers[2]))
            expect(mainRecords(answers[7])).toBeGreaterThanOrEqual(mainRecords(answers[4]) + 7)
        },
    },
    {
        keys: ["sd.cells"],
        lines: [
            "set sd.cells off",
            "sleep 4s",
            "status",
            "sleep 8s",
            "status",
            "set sd.cells on",
            "sleep 8s",
            "status",
        ],
        check: answers => {
            const counts = [2, 4, 7].map(i => cellRecords(answers[i]))
            expect(counts[1]).toBe(counts[0])
            expect(counts[2]).toBeGreaterThanOrEqual(counts[1] + 4)
        },
    },
    {
        keys: ["sd.enable"],
        lines: [
            "set sd.enable off",
            "sleep 4s",
            "status",
            "sleep 10s",
            "status",
            "set sd.enable on",
            "sleep 8s",
            "status",
        ],
        check: answers => {
            expect(mainRecords(answers[4])).toBe(mainRecords(answers[2]))
            expect(mainRecords(answers[7])).toBeGreaterThanOrEqual(mainRecords(answers[4]) + 4)
        },
    },
    {
        keys: ["time.zone"],
        lines: ["set time.zone +05:45", "time", "set time.zone UTC0", "time"],
        check: answers => {
            expect(answers[1]).toContain(" +05:45 ")
            expect(answers[3]).toContain(" +00:00 ")
        },
    },
    {
        keys: ["wifi.ssid", "wifi.password"],
        lines: [
            "!wifi network shed geheim-3",
            'set wifi.ssid ""',
            "sleep 5s",
            "wifi",
            "set wifi.ssid shed",
            "sleep 30s",
            "wifi",
            "set wifi.password geheim-3",
            "sleep 30s",
            "wifi",
        ],
        check: answers => {
            expect(answers[3]).toMatch(/^state +not connected/m)
            expect(answers[6]).toMatch(/^state +not connected/m)
            expect(answers[9]).toMatch(/^state +connected/m)
        },
    },
]
