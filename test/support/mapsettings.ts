import { Key, type StateWriter } from "../../src/settings/keys"

/** Settings held in a map, with the defaults that the upload reads. */
export class MapSettings implements StateWriter {
    /** How often states were stored that differed. */
    writes = 0
    private readonly values = new Map<Key, number | string>([
        [Key.UserSerial, "BMS-1"],
        [Key.FtpEnable, 1],
        [Key.FtpHost, "127.0.0.1"],
        [Key.FtpPort, 21],
        [Key.FtpUser, "anonymous"],
        [Key.FtpPassword, ""],
        [Key.FtpPeriod, 3600],
        [Key.FtpCells, 0],
        [Key.FtpDirectory, ""],
        [Key.FtpGateway, ""],
        [Key.WifiSsid, ""],
    ])

    set(key: Key, value: number | string): void {
        this.values.set(key, value)
    }

    number(key: Key): number {
        return Number(this.values.get(key) ?? 0)
    }

    text(key: Key): string {
        return String(this.values.get(key) ?? "")
    }

    async apply(keys: Key[], values: (number | string)[]): Promise<void> {
        if (keys.some((key, i) => this.values.get(key) !== values[i])) ++this.writes
        keys.forEach((key, i) => this.values.set(key, values[i]))
    }
}
