import { expect, test } from "vitest"
import { checkImage, StartLog } from "../../../console/deployment"

test("extracts name, version, cause and complaints from a board's log", () => {
    const log = new StartLog()
    for (const line of [
        "* start: bms-mini v0.1.0",
        "> BMS Mini v0.1.0",
        "> start: deployed, ACME-7",
        "records: 1",
    ])
        log.take(line)
    expect({ ...log }).toEqual({
        started: "bms-mini v0.1.0",
        version: "BMS Mini v0.1.0",
        cause: "deployed, ACME-7",
        complaint: undefined,
    })
    log.take("! verification failure: 1051 at 70")
    expect(log.complaint).toBe("verification failure: 1051 at 70")
})

test("forgets the previous program's log", () => {
    const log = new StartLog()
    log.take("PANIC 60004")
    log.take("* start: old")
    log.forget()
    expect(Object.values(log).every(one => one === undefined)).toBe(true)
})

test("refuses a file that is no program, or an incomplete one, with a message", () => {
    const image = Buffer.alloc(96)
    expect(() => checkImage(image, "x")).toThrow(
        'x is not a program: "npm run build" makes built/main.devs',
    )
    Buffer.from("446576530a6e29f1", "hex").copy(image)
    checkImage(image, "x")
    expect(() => checkImage(image.subarray(0, 95), "x")).toThrow("x is not complete")
    expect(() => checkImage(image.subarray(0, 16), "x")).toThrow("x is not a program")
})
