import { Plan } from "./plan"

const minute = 60
const hour = 3600
const day = 86400

/** Monday, 15 March 2027, 00:00:30 in central Europe. */
const monday = Date.UTC(2027, 2, 14, 23, 0, 30) / 1000

/** Events avoid a record's second: they come 10 s before or 50 s after one. */
const offBeat = 20

/**
 * `days` days: resets on Thursdays and Fridays at 03:30 (so that the last days have none), a
 * session each hour, the server down one day in five, the card pulled three times, five kinds of
 * alarms, the clock set forwards, back and over midnight, and on the 14th day the start of summer
 * time.
 */
export function longPlan(days: number): Plan {
    const plan = new Plan(monday, days * day, { days: [4, 5], minutes: 3 * 60 + 30 })
    const fits = (at: number) => at < (days - 0.3) * day
    const at = (dayNumber: number, hours: number) => dayNumber * day + hours * hour + offBeat
    const jumps: [number, number][] = [
        [at(2, 12.2), 2.25 * hour],
        [at(5, 16.7), -1.5 * hour],
        [at(19, 21.1), 5 * hour],
        [at(24, 9.4), 45],
    ]
    for (const [time, by] of jumps) if (fits(time)) plan.jump(time, by)
    for (let first = 4; first < days; first += 5)
        if (fits(at(first + 1, 0))) plan.stopServer(at(first, 0.4), day)
    const pulls: [number, number][] = [
        [at(1, 10.3), 6 * minute],
        [at(3, 14.2), 45 * minute],
        [at(21, 19.8), 3 * minute],
    ]
    for (const [time, seconds] of pulls) if (fits(time)) plan.pullCard(time, seconds)
    upsets.forEach(([on, off, flag], index) => {
        for (let first = 1 + index; first < days; first += 6) {
            const time = at(first, 6.4 + index)
            if (fits(time)) plan.upset(time, (4 + index) * minute, on, off, flag)
        }
    })
    for (const time of [at(3, 17.5), at(17, 2.5)]) if (fits(time)) plan.stopWifi(time, 8 * minute)
    return plan
}

/** Battery faults, their remedies, and the flags they raise. */
const upsets = [
    ["!cell 3 4.00", "!cell 3 3.32", "CELL_OVERVOLTAGE"],
    ["!cell 5 2.40", "!cell 5 3.32", "CELL_UNDERVOLTAGE"],
    ["!temp 1 65", "!temp 1 25", "OVERTEMPERATURE"],
    ["!temp 2 -25", "!temp 2 25", "UNDERTEMPERATURE"],
    ["!monitor down", "!monitor up", "MONITOR_OFFLINE"],
]

/** One of each event within some hours around a reset. */
export function shortPlan(hours: number): Plan {
    const start = monday + day + 3 * hour
    const plan = new Plan(start, hours * hour, { days: [2], minutes: 4 * 60 + 10 })
    plan.jump(1.75 * hour + offBeat, -10 * minute)
    plan.jump(2.2 * hour + offBeat, 20 * minute)
    plan.pullCard(10 * minute + offBeat, 27 * minute)
    plan.stopServer(40 * minute + offBeat, 50 * minute)
    plan.upset(95 * minute + offBeat, 2 * minute, ...(upsets[0] as [string, string, string]))
    plan.upset(100 * minute + offBeat, 2 * minute, ...(upsets[4] as [string, string, string]))
    return plan
}
