import { beforeEach, describe, expect, test } from "vitest"
import { Alarm, type AlarmSink } from "../../../src/core/alarm"
import { Key } from "../../../src/settings/keys"
import { findKey, keyCount, placeCount, Row } from "../../../src/settings/schema"
import { Settings } from "../../../src/settings/settings"
import { formatValue } from "../../../src/settings/values"
import { MemoryFlash, PowerCut } from "../../support/memoryflash"
import { Turns } from "../../support/turns"

class Flags implements AlarmSink {
    readonly active = new Map<Alarm, boolean>()
    set(alarm: Alarm, active: boolean): void {
        this.active.set(alarm, active)
    }
}

let flash: MemoryFlash
let flags: Flags
let settings: Settings

async function boot(): Promise<Settings> {
    const booted = new Settings(flash, flags, "AB12", new Turns())
    await booted.load()
    return booted
}

/** Checks and stores typed text. */
async function set(key: Key, text: string): Promise<void> {
    await settings.apply([key], [settings.parse(key, text)])
}

beforeEach(async () => {
    flash = new MemoryFlash()
    flags = new Flags()
    settings = await boot()
})

describe("defaults", () => {
    test("an empty flash gives every default and no alarm", () => {
        expect(settings.text(Key.UserSerial)).toBe("BMS-AB12")
        expect(settings.number(Key.SdEnable)).toBe(1)
        expect(settings.number(Key.SdPeriod)).toBe(60)
        expect(settings.text(Key.FtpUser)).toBe("anonymous")
        expect(settings.number(Key.ResetMax)).toBe(65535)
        expect(settings.number(Key.BatteryUndertemperature)).toBe(-20)
        expect(flags.active.get(Alarm.Settings)).toBe(false)
        expect(flash.writes).toBe(0)
    })

    test("the settings work before they are loaded", () => {
        expect(new Settings(flash, flags, "AB12", new Turns()).number(Key.FtpPort)).toBe(21)
    })

    test("booting reads each flash value once, and the mark of an interrupted change", async () => {
        flash.reads = 0
        await boot()
        expect(flash.reads).toBe(placeCount + 1)
    })
})

describe("accepted values", () => {
    test.each<[Key, string, number | string, string]>([
        [Key.UserSerial, "Pack_7-b", "Pack_7-b", "Pack_7-b"],
        [Key.UserAddress, "Café 12, Zürich", "Café 12, Zürich", "Café 12, Zürich"],
        [Key.UserAddress, "€".repeat(21), "€".repeat(21), "€".repeat(21)],
        [Key.FtpDirectory, "logs", "logs", "logs"],
        [Key.FtpDirectory, "My Logs/Süd.1/c", "My Logs/Süd.1/c", "My Logs/Süd.1/c"],
        [Key.FtpDirectory, "a/" + "b".repeat(61), "a/" + "b".repeat(61), "a/" + "b".repeat(61)],
        [Key.SdEnable, "OFF", 0, "off"],
        [Key.SdCells, "1", 1, "on"],
        [Key.SdCells, "yes", 1, "on"],
        [Key.SdPeriod, "86400", 86400, "86400"],
        [Key.FtpHost, "ftp.example.com", "ftp.example.com", "ftp.example.com"],
        [Key.FtpHost, "192.168.1.2", "192.168.1.2", "192.168.1.2"],
        [Key.FtpPassword, 'a b"c\\|;', 'a b"c\\|;', "set"],
        [Key.FtpGateway, "proxy:3128", "proxy:3128", "proxy:3128"],
        [Key.TimeServer, "example.com", "example.com", "example.com"],
        [Key.TimeServer, "example.com:8080", "example.com:8080", "example.com:8080"],
        [Key.WifiPassword, "12345678", "12345678", "set"],
        [
            Key.TimeZone,
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "CET-1CEST,M3.5.0,M10.5.0/3",
        ],
        [Key.TimeZone, "+02:00", "+02:00", "+02:00"],
        [Key.ResetDays, "Mon,Thu", 9, "Mon,Thu"],
        [Key.ResetDays, "thu,MON", 9, "Mon,Thu"],
        [Key.ResetDays, "0x09", 9, "Mon,Thu"],
        [Key.ResetDays, "0x7F", 127, "all"],
        [Key.ResetDays, "all", 127, "all"],
        [Key.ResetTime, "23:59", 1439, "23:59"],
        [Key.ResetTime, "7:05", 425, "07:05"],
        [Key.BatteryChemistry, "NMC", 1, "NMC"],
        [Key.BatteryUndertemperature, "-40", -40, "-40"],
        [Key.BatteryCapacity, "2000000", 2000000, "2000000"],
    ])("setting %i accepts %j", async (key, text, value, shown) => {
        await set(key, text)
        expect(settings.text(key)).toBe(value)
        expect(formatValue(new Row(key), settings.text(key))).toBe(shown)
        expect((await boot()).text(key)).toBe(value)
        expect(flags.active.get(Alarm.Settings)).toBe(false)
    })

    test("a shown value is read back as the same value", async () => {
        for (let key = 0; key < keyCount; ++key) {
            const shown = formatValue(new Row(key), settings.text(key))
            if (shown === "not set" || findKey("reset.count") === key) continue
            if ([Key.FtpLastLogin, Key.FtpLastSuccess, Key.ResetLast].includes(key)) continue
            expect(settings.parse(key, shown)).toBe(settings.text(key))
        }
    })
})

describe("refused values", () => {
    test.each<[Key, string, string]>([
        [Key.SdPeriod, "0", "sd.period: 0 is not 1–86400 s"],
        [Key.SdPeriod, "", 'sd.period: "" is not 1–86400 s'],
        [Key.SdPeriod, "60s", "sd.period: 60s is not 1–86400 s"],
        [Key.SdPeriod, "99999999999", "sd.period: 99999999999 is not 1–86400 s"],
        [Key.FtpPort, "99999", "ftp.port: 99999 is not 1–65535"],
        [Key.FtpHost, "a\r\nDELE x", "ftp.host: a??DELE x is not a host name or IP address"],
        [Key.FtpHost, "a b", "ftp.host: a b is not a host name or IP address"],
        [Key.FtpHost, "host:21", "ftp.host: host:21 is not a host name or IP address"],
        [Key.FtpUser, "a\0b", "ftp.user: a?b is not 0–31 bytes without control characters"],
        [Key.UserSerial, "", 'user.serial: "" is not 1–16 of A-Z a-z 0-9 _ -'],
        [Key.UserSerial, "a/b", "user.serial: a/b is not 1–16 of A-Z a-z 0-9 _ -"],
        [
            Key.UserAddress,
            "€".repeat(22),
            "user.address: " + "€".repeat(22) + " is not 0–63 bytes without control characters",
        ],
        [Key.FtpGateway, "proxy", "ftp.gateway: proxy is not empty or host:port"],
        [Key.FtpGateway, "proxy:0", "ftp.gateway: proxy:0 is not empty or host:port"],
        [Key.FtpGateway, ":3128", "ftp.gateway: :3128 is not empty or host:port"],
        [Key.FtpGateway, "a:1:2", "ftp.gateway: a:1:2 is not empty or host:port"],
        ...["/logs", "logs/", "a//b", "..", "a/../b", "a/..", "/"].map(
            (text): [Key, string, string] => [
                Key.FtpDirectory,
                text,
                `ftp.directory: ${text} is not 0–63 bytes of folder names with / between them, no ..`,
            ],
        ),
        [Key.SdEnable, "maybe", "sd.enable: maybe is not on or off"],
        [Key.SdEnable, "off,on", "sd.enable: off,on is not on or off"],
        [Key.ResetDays, "Mon,Foo", "reset.days: Mon,Foo is not Mon,Tue…, all, none or 0x00–0x7F"],
        [Key.ResetDays, "Mon,", "reset.days: Mon, is not Mon,Tue…, all, none or 0x00–0x7F"],
        [Key.ResetDays, "0x80", "reset.days: 0x80 is not Mon,Tue…, all, none or 0x00–0x7F"],
        [Key.ResetDays, "0xzz", "reset.days: 0xzz is not Mon,Tue…, all, none or 0x00–0x7F"],
        [Key.ResetDays, "", 'reset.days: "" is not Mon,Tue…, all, none or 0x00–0x7F'],
        [Key.ResetTime, "24:00", "reset.time: 24:00 is not 00:00–23:59"],
        [Key.ResetTime, "12:60", "reset.time: 12:60 is not 00:00–23:59"],
        [Key.ResetTime, "-1:30", "reset.time: -1:30 is not 00:00–23:59"],
        [Key.ResetTime, "0730", "reset.time: 0730 is not 00:00–23:59"],
        [Key.BatteryChemistry, "lead", "battery.chemistry: lead is not one of LFP,NMC"],
        [Key.ResetCount, "3", "reset.count is kept by the board itself"],
    ])("setting %i refuses %j", async (key, text, message) => {
        const before = settings.text(key)
        await expect(set(key, text)).rejects.toMatchObject({ message })
        expect(settings.text(key)).toBe(before)
        expect(flash.writes).toBe(0)
    })

    test("a refused secret is not repeated", async () => {
        await expect(set(Key.WifiPassword, "short")).rejects.toThrow(
            "wifi.password: the value is not empty or 8–63 bytes without control characters",
        )
    })

    test("a 10 kB value is refused in one short line", async () => {
        const error = await set(Key.UserAddress, "x".repeat(10_000)).catch(e => e)
        expect(error.message.length).toBeLessThan(120)
    })
})

describe("flash", () => {
    test("all settings survive a boot together", async () => {
        await set(Key.SdPeriod, "5")
        await set(Key.SdCells, "on")
        await set(Key.FtpPassword, "geheim")
        await settings.apply([Key.FtpLastLogin], [4100000000])
        const booted = await boot()
        expect(booted.number(Key.SdPeriod)).toBe(5)
        expect(booted.number(Key.SdCells)).toBe(1)
        expect(booted.text(Key.FtpPassword)).toBe("geheim")
        expect(booted.number(Key.FtpLastLogin)).toBe(4100000000)
    })

    test("the bytes match the specification", async () => {
        await set(Key.SdPeriod, "5")
        await set(Key.ResetDays, "Mon,Thu")
        await set(Key.UserAddress, "Zürich")
        expect([...flash.values.keys()]).toEqual(["sa", "si"])
        expect(flash.values.get("sa")!.toString()).toBe("1\n1B5\n5J9")
        expect(flash.values.get("si")!.toString()).toMatch(/^1\n0.Zürich$/)
    })

    test("an unchanged value costs no write and is not reported", async () => {
        const changed: Key[] = []
        await set(Key.SdPeriod, "5")
        settings.onChange = key => changed.push(key)
        const writes = flash.writes
        await set(Key.SdPeriod, "5")
        expect(flash.writes).toBe(writes)
        expect(changed).toEqual([])
    })

    test("a change is reported once it is in flash", async () => {
        const told: string[] = []
        settings.onChange = key => told.push(`${key} ${flash.values.get("sb")!.toString()}`)
        await set(Key.FtpPort, "2121")
        expect(told).toEqual([`${Key.FtpPort} ${flash.values.get("sb")!.toString()}`])
        expect(flash.values.get("sb")!.toString()).toContain("2121")
    })

    test("a flash value with only defaults is removed", async () => {
        await set(Key.FtpHost, "a")
        await settings.apply([Key.FtpHost], [settings.fallback(Key.FtpHost)])
        expect(flash.values.size).toBe(0)
        expect((await boot()).text(Key.FtpHost)).toBe("")
    })

    test("two simultaneous writers of one flash value lose nothing", async () => {
        await Promise.all([set(Key.SdPeriod, "7"), set(Key.SdCells, "on")])
        const booted = await boot()
        expect(booted.number(Key.SdPeriod)).toBe(7)
        expect(booted.number(Key.SdCells)).toBe(1)
    })

    test("a change of several values writes each flash value once, within a mark", async () => {
        await settings.apply([Key.SdPeriod, Key.SdCells, Key.FtpPort], [7, 1, 2121])
        expect(flash.writes).toBe(1 + 2 + 1)
        expect([...flash.values.keys()].sort()).toEqual(["sa", "sb"])
    })

    test("several values that share a flash value cost one write", async () => {
        await settings.apply([Key.SdPeriod, Key.SdCells], [7, 1])
        expect(flash.writes).toBe(1)
    })

    test("a refused write leaves the old values in force", async () => {
        await set(Key.SdPeriod, "5")
        flash.failWrites = 1
        await expect(set(Key.SdPeriod, "6")).rejects.toThrow("flash: sa was not stored")
        expect(settings.number(Key.SdPeriod)).toBe(5)
        expect((await boot()).number(Key.SdPeriod)).toBe(5)
    })

    test.each([true, false])(
        "a power cut in a write (done: %s) leaves the old or new value, and all other settings",
        async stored => {
            await set(Key.SdPeriod, "5")
            await set(Key.ResetTime, "12:34")
            flash.cutPowerAt({ write: 1, stored })
            await expect(set(Key.SdCells, "on")).rejects.toThrow(PowerCut)
            flash.powerUp()
            const booted = await boot()
            expect(booted.number(Key.SdCells)).toBe(stored ? 1 : 0)
            expect(booted.number(Key.SdPeriod)).toBe(5)
            expect(booted.number(Key.ResetTime)).toBe(12 * 60 + 34)
            expect(flags.active.get(Alarm.Settings)).toBe(false)
        },
    )
})

describe("damage", () => {
    beforeEach(async () => {
        await set(Key.SdPeriod, "5")
        await set(Key.SdCells, "on")
        await set(Key.FtpHost, "server")
    })

    test.each([
        ["a changed digit", (text: string) => text.replace("5", "6")],
        ["an out-of-range value from another firmware", () => "1\n1g0"],
        ["a cut value", (text: string) => text.slice(0, 3)],
    ])("%s resets only that setting and raises the flag", async (_, change) => {
        flash.damage("sa", change(flash.values.get("sa")!.toString()))
        const booted = await boot()
        expect(booted.number(Key.SdPeriod)).toBe(60)
        expect(booted.text(Key.FtpHost)).toBe("server")
        expect(flags.active.get(Alarm.Settings)).toBe(true)
    })

    test("a stored network name of 32 bytes is no damage, but it cannot be set", async () => {
        const long = "exactly thirty-two bytes of name"
        await settings.apply([Key.WifiSsid], [long])
        const booted = await boot()
        expect(booted.text(Key.WifiSsid)).toBe(long)
        expect(flags.active.get(Alarm.Settings)).toBe(false)
        await expect(set(Key.WifiSsid, long)).rejects.toThrow(
            `wifi.ssid: ${long} is not 0–31 bytes without control characters`,
        )
        await set(Key.WifiSsid, long.slice(1))
        expect((await boot()).text(Key.WifiSsid)).toBe(long.slice(1))
        await settings.apply([Key.WifiSsid], [long + "!"])
        expect((await boot()).text(Key.WifiSsid)).toBe("")
        expect(flags.active.get(Alarm.Settings)).toBe(true)
    })

    test("a damaged line does not affect the other lines of its flash value", async () => {
        flash.damage("sa", flash.values.get("sa")!.toString().replace("5", "6"))
        expect((await boot()).number(Key.SdCells)).toBe(1)
    })

    test("arbitrary bytes do not stop the boot", async () => {
        for (const text of ["\0", "\n", "\n\n\n", "1\n", "1", "\xff\xfe", "1\n1", "11111"]) {
            flash.damage("sa", text)
            const booted = await boot()
            expect(booted.number(Key.SdPeriod)).toBe(60)
        }
    })

    test("storing the setting again clears the flag", async () => {
        flash.damage("sa", "garbage")
        const booted = await boot()
        await booted.apply([Key.SdPeriod], [60])
        expect(flags.active.get(Alarm.Settings)).toBe(false)
        await boot()
        expect(flags.active.get(Alarm.Settings)).toBe(false)
    })
})
