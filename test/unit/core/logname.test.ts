import { describe, expect, it } from "vitest"
import { logKey } from "../../../src/core/logname"
import { DeviceBuffer } from "../../support/devicebuffer"

describe("the key of a log file's name", () => {
    it.each([
        ["20261122.CSV", 26112200],
        ["26112201.CSV", 26112201],
        ["20240101.CSV", 24010100],
        ["99123199.CSV", 99123199],
        ["2026112.CSV", -1],
        ["20261122.TXT", -1],
        ["20261122", -1],
        ["2026112X.CSV", -1],
        ["-0261122.CSV", -1],
        ["LOGSENT.TXT", -1],
        ["", -1],
    ])("is of %j %d", (name, key) => {
        expect(logKey(DeviceBuffer.from(name) as never, 0)).toBe(key)
    })
})
