import { askChild } from "../campaigns/child"
import { blankCard, firmwarePath, Rig } from "../campaigns/flashcut/rig"
import { readHalves, writeBytes } from "../campaigns/flashcut/store"

// The firmware's writes to the runtime's store: an entry, a setting, a quiet day and one with a
// hundred alarms, on the whole simulated board. Bytes are those the store consumes; only they wear
// the ESP32's pages.

type Results = Record<string, number>

const dayMs = 86_400_000
const alarmsADay = 100
/**
 * The ESP32's store has 64 pages: two alternating halves of four, and the program in the others.
 */
const espHalfBytes = 4 * 4096
const erasesMax = 100_000

/** Settings with a long value that differs from the default, and another one of that length. */
const settings: readonly [string, string, string][] = [
    ["user.serial", "ABCDEFGH-1234567", "ABCDEFGH-7654321"],
    ["user.address", "a".repeat(63), "b".repeat(63)],
    ["sd.period", "86399", "86400"],
    ["sd.cells", "on", "off"],
    ["ftp.host", "a".repeat(63), "b".repeat(63)],
    ["ftp.port", "65534", "65535"],
    ["ftp.user", "a".repeat(31), "b".repeat(31)],
    ["ftp.period", "604799", "604800"],
    ["ftp.cells", "on", "off"],
    ["reset.max", "65533", "65534"],
    ["reset.days", "0x7e", "0x7d"],
    ["reset.time", "23:58", "23:59"],
    ["reset.enable", "on", "off"],
    ["wifi.ssid", "a".repeat(31), "b".repeat(31)],
    ["time.zone", "CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/4"],
    ["time.server", "a".repeat(60), "b".repeat(60)],
    ["battery.capacity", "1999999", "1999998"],
    ["battery.shunt", "9999", "9998"],
    ["battery.delay", "59", "58"],
    ["battery.cell_overvoltage", "4999", "4998"],
    ["battery.cell_overvoltage_hysteresis", "999", "998"],
    ["battery.cell_undervoltage", "1001", "1002"],
    ["battery.cell_undervoltage_hysteresis", "999", "998"],
    ["battery.overcurrent_charge", "499", "498"],
    ["battery.overcurrent_discharge", "499", "498"],
    ["battery.overcurrent_hysteresis", "99", "98"],
    ["battery.overtemperature", "99", "98"],
    ["battery.undertemperature", "-39", "-38"],
    ["battery.temperature_hysteresis", "29", "28"],
    ["battery.imbalance", "1999", "1998"],
    ["battery.imbalance_hysteresis", "999", "998"],
]

/** Counts the store's writes by key. */
class Meter {
    readonly writes = new Map<string, number>()
    bytes = 0
    last = 0

    constructor(rig: Rig) {
        rig.flash.onSave = next => {
            const entry = readHalves(next)[0].entries.at(-1)
            if (entry?.key.startsWith(":")) this.count(entry.key.slice(1), writeBytes(entry.bytes))
            return true
        }
    }

    clear(): void {
        this.writes.clear()
        this.bytes = 0
    }

    private count(key: string, bytes: number): void {
        this.last = bytes
        this.bytes += bytes
        this.writes.set(key, (this.writes.get(key) ?? 0) + 1)
    }
}

async function startedRig(): Promise<{ rig: Rig; meter: Meter }> {
    const rig = new Rig(await firmwarePath(), { card: blankCard() })
    const meter = new Meter(rig)
    await rig.start()
    await rig.ready()
    await rig.ask("card format yes")
    // By then the first start has renewed the store and made the first backup.
    await rig.clock.sleep(120_000)
    return { rig, meter }
}

async function measureSettings(): Promise<Results> {
    const { rig, meter } = await startedRig()
    for (const [key, value] of settings) await rig.execute(`set ${key} "${value}"`)
    let most = 0
    for (const [key, , value] of settings) {
        meter.last = 0
        const { status } = await rig.execute(`set ${key} "${value}"`)
        if (status === 0) most = Math.max(most, meter.last - value.length)
    }
    // The changed limits raise flags, too.
    await rig.clock.sleep(60_000)
    rig.insert(undefined)
    const entry = await rig.logged(/> journal: record.* SD_CARD appeared/, rig.log.length, 60_000)
    if (!entry) throw new Error("the alarm made no entry")
    const journalBytes = meter.last
    await rig.stop()
    return { "flash.journalEntryBytes": journalBytes, "flash.settingBytes": most }
}

/** A day of board time, in which each of the alarms appears and disappears. */
async function measureDay(alarms: number): Promise<Results> {
    const { rig, meter } = await startedRig()
    meter.clear()
    const from = rig.log.length
    const stepMs = dayMs / Math.max(1, alarms)
    for (let alarm = 0; alarm < Math.max(1, alarms); ++alarm) {
        const endMs = rig.clock.nowMs() + stepMs
        if (alarms > 0) {
            if (alarm % 2 === 0) rig.pack.setTemperature(1, 80)
            else rig.pack.setCurrent(-300)
            await rig.clock.sleep(20_000)
            rig.pack.setTemperature(1, 25)
            rig.pack.setCurrent(5)
        }
        await rig.clock.sleep(endMs - rig.clock.nowMs())
    }
    const entries = rig.log.slice(from).filter(line => line.text.includes("> journal: record"))
    const [half] = readHalves(rig.flash.image)
    const live = new Map(half.entries.map(one => [one.key, writeBytes(one.bytes)]))
    live.set("*prog", 24)
    const liveBytes = [...live.values()].reduce((sum, bytes) => sum + bytes, 0)
    const dayBytes = meter.bytes
    const erasesADay = dayBytes / (espHalfBytes - 48 - liveBytes) / 2
    const years = Math.round(erasesMax / erasesADay / 365)
    const byKey = [...meter.writes].sort((a, b) => b[1] - a[1])
    console.log(
        `${alarms} alarms, ${entries.length} entries, ${liveBytes} bytes live:`,
        byKey.join(" "),
    )
    await rig.stop()
    if (alarms === 0) return { "flash.quietDayBytes": dayBytes, "flash.quietLifeYears": years }
    return {
        "flash.alarmDayBytes": dayBytes,
        "flash.alarmDayEntries": entries.length,
        "flash.lifeYears": years,
    }
}

/** All figures; the two days run in separate processes. */
export async function flashBench(): Promise<Results> {
    await firmwarePath()
    const days = [0, alarmsADay].map(alarms =>
        askChild<Results>(
            import.meta.url,
            [`--day=${alarms}`],
            `the day with ${alarms} alarms has failed`,
        ),
    )
    const all = await Promise.all([measureSettings(), ...days])
    return Object.assign({}, ...all) as Results
}

const day = process.argv.find(one => one.startsWith("--day="))
if (day) {
    console.debug = () => {}
    process.send!(await measureDay(Number(day.slice(6))), () => process.exit(0))
}
