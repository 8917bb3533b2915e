import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Bq76952 } from "../../../src/battery/bq76952"
import { appliedNames, buildConfiguration, formatApplied } from "../../../src/battery/configuration"
import { configurationTemplate } from "../../../src/battery/registers"
import type { BatteryState } from "../../../src/battery/state"
import { Key } from "../../../src/settings/keys"
import { batteryBench, FakeSettings } from "../../support/batterybench"
import { DeviceBuffer } from "../../support/devicebuffer"

// Compares the registers of docs/reference/battery.md with src/battery/registers.ts and with
// literal bytes.

const page = readFileSync("docs/reference/battery.md", "utf8")
const source = readFileSync("src/battery/registers.ts", "utf8")

/** The cells of each table row under a heading. */
function rowsUnder(heading: string): string[][] {
    const from = page.indexOf(heading)
    expect(from, heading).toBeGreaterThan(0)
    const rest = page.slice(from + heading.length)
    const end = rest.search(/^#+ /m)
    return rest
        .slice(0, end < 0 ? rest.length : end)
        .split("\n")
        .filter(line => line.startsWith("| 0x"))
        .map(line =>
            line
                .slice(1, -1)
                .split("|")
                .map(cell => cell.trim()),
        )
}

/** The members of a const enum in registers.ts. */
function members(name: string): [string, number][] {
    const body = new RegExp(`const enum ${name} \\{([^]*?)\\n\\}`).exec(source)![1]
    return [...body.matchAll(/^ {4}(\w+) = (\w+),/gm)].map(([, key, value]) => [
        `${name}.${key}`,
        Number(value),
    ])
}

const hexOf = (number: number) => "0x" + number.toString(16).toUpperCase().padStart(2, "0")

/** Name in the code and number in the page, for the rows that have both. */
function inCode(rows: string[][]): [string, number][] {
    return rows.flatMap(cells => {
        const name = /`(\w+\.\w+)`/.exec(cells.at(-1)!)?.[1]
        return name === undefined ? [] : [[name, Number(cells[0])] as [string, number]]
    })
}

const direct = rowsUnder("### Direct commands")
const subcommands = rowsUnder("### Subcommands")
const memory = rowsUnder("### Data memory")

/** Each byte of the configuration: its address, its offset and its value in the template. */
const template = (() => {
    const bytes: { address: number; offset: number; byte: number }[] = []
    const image = Buffer.from(configurationTemplate)
    for (let offset = 0; offset < image.length; offset += 3 + image[offset + 2])
        for (let i = 0; i < image[offset + 2]; ++i) {
            const at = offset + 3 + i
            bytes.push({ address: image.readUInt16LE(offset) + i, offset: at, byte: image[at] })
        }
    return bytes
})()

describe("the page and the code name the same registers", () => {
    it("direct commands", () => {
        expect(inCode(direct)).toEqual(members("Direct"))
        expect(direct.length).toBe(12)
    })

    it("subcommands", () => {
        expect(inCode(subcommands)).toEqual(members("Subcommand"))
    })

    it("addresses of data memory, at the offsets of the code", () => {
        const offsets = Object.fromEntries(template.map(one => [one.offset, one.address]))
        const wanted = members("At").map(([name, offset]) => [name, hexOf(offsets[offset])])
        expect(inCode(memory).map(([name, address]) => [name, hexOf(address)])).toEqual(wanted)
    })

    it("each written byte, once, and no other byte", () => {
        const listed = memory.flatMap(([address, bytes]) =>
            Array.from({ length: Number(bytes) }, (_, i) => Number(address) + i),
        )
        expect(listed.map(hexOf)).toEqual(template.map(one => hexOf(one.address)))
    })

    it("the values that do not come from settings", () => {
        const constant = memory.filter(cells => /^0x/.test(cells[4]))
        expect(constant.length).toBe(7)
        for (const [address, bytes, name, , value] of constant) {
            const at = template.findIndex(one => one.address === Number(address))
            const low = template[at].byte
            const stored = Number(bytes) === 2 ? low + 256 * template[at + 1].byte : low
            expect(stored, name).toBe(Number(/^0x\w+/.exec(value)![0]))
        }
    })

    it("each with a section of the manual", () => {
        for (const cells of memory) expect(cells[3]).toMatch(/^§13\.\d$/)
        for (const title of ["### Direct commands (§12.1)", "### Subcommands (§3.1, §12.2, §12.3)"])
            expect(page).toContain(title)
    })
})

// The contents of data memory with the default settings, one literal per row of the page.
const written: Record<string, string> = {
    "0x91A8": "5530f241", // 30.2736
    "0x91AC": "4dc7094b", // 9029453
    "0x9234": "8228",
    "0x9261": "bc",
    "0x9262": "33",
    "0x9275": "31", // 49 × 50.6 = 2479.4 mV
    "0x9276": "5c02", // 604
    "0x9278": "48", // 72 × 50.6 = 3643.2 mV
    "0x9279": "5c02",
    "0x927B": "04",
    "0x927C": "02",
    "0x9280": "0d", // 26 mV / 250 µΩ = 104 A
    "0x9281": "7f",
    "0x9282": "19", // 50 mV / 250 µΩ = 200 A
    "0x9283": "7f",
    "0x9286": "07", // 150 mV
    "0x9287": "0b",
    "0x929A": "3c0237",
    "0x929D": "3c0237",
    "0x92A6": "ec02f1", // -20 °C, 2 s, -15 °C
    "0x92A9": "ec02f1",
    "0x92FD": "07",
    "0x92FE": "00",
    "0x92FF": "07",
    "0x9303": "07",
    "0x9304": "ffff",
}

describe("data memory as bytes, with the default settings", () => {
    const image = Buffer.from(buildConfiguration(new FakeSettings()))
    it("has one literal per row of the page", () => {
        expect(Object.keys(written)).toEqual(memory.map(([address]) => address))
    })
    for (const [address, bytes] of Object.entries(written))
        it(`${address} is ${bytes}`, () => {
            const { offset } = template.find(one => one.address === Number(address))!
            expect(image.subarray(offset, offset + bytes.length / 2).toString("hex")).toBe(bytes)
        })
})

describe("measurements as bytes", () => {
    /** The blocks of a healthy pack: 16 cells of 3300 mV, 52.8 V, 25 °C. */
    const measured = Buffer.alloc(58)
    measured.writeUInt16LE(0x0104, 0x12 - 0x02)
    for (let cell = 0; cell < 16; ++cell) measured.writeInt16LE(3300, 0x14 - 0x02 + 2 * cell)
    measured.writeInt16LE(5280, 0x34 - 0x02)
    const temperatures = Buffer.alloc(14)
    for (const register of [0x68, 0x70, 0x74]) temperatures.writeInt16LE(2982, register - 0x68)

    /** The state that the driver makes of some bytes at a register. */
    async function stateOf(register: number, bytes: string) {
        const bench = batteryBench()
        const driver = new Bq76952(bench.bus as never, bench.ticks)
        await driver.configure(16, buildConfiguration(bench.settings))
        const blocks = [Buffer.from(measured), Buffer.from(temperatures)]
        const data = Buffer.from(bytes, "hex")
        if (register < 0x68) data.copy(blocks[0], register - 0x02)
        else data.copy(blocks[1], register - 0x68)
        bench.bus.writeRead = async (_address, out) =>
            DeviceBuffer.from(out[0] === 0x02 ? blocks[0] : blocks[1])
        return driver.readState()
    }

    const cases: [string, string, (state: BatteryState) => number | undefined, unknown][] = [
        ["0x02", "0c00b3", state => state.alerts, 0xb30c],
        ["0x02", "0000000040", state => state.alerts, 0x400000],
        ["0x03", "80", state => state.safety, 0x80],
        ["0x03", "080033", state => state.safety, 0x3308],
        ["0x03", "0000000040", state => state.safety, 0x400000],
        ["0x12", "0401", state => state?.packMv, 52800],
        ["0x12", "0501", state => state?.packMv, undefined],
        ["0x12", "0c01", state => state?.packMv, undefined],
        ["0x14", "680b", state => state.cellMv[0], 2920],
        ["0x14", "ffff", state => state.cellMv[0], -1],
        ["0x34", "b714", state => state.packMv, 53030],
        ["0x3A", "0100", state => state.currentMa, 100],
        ["0x3A", "0080", state => state.currentMa, -3276800],
        ["0x68", "bc0b", state => state.chipDeciC, 272],
        ["0x70", "aa0a", state => state.temperatureDeciC[0], -2],
        ["0x74", "0000", state => state.temperatureDeciC[1], -2732],
    ]
    for (const [register, bytes, field, value] of cases)
        it(`${register} with ${bytes} is ${value}`, async () => {
            expect(field((await stateOf(Number(register), bytes))!)).toBe(value)
        })

    it("covers each measured register of the page", () => {
        const listed = direct.map(([register]) => register).filter(r => !/^0x[3-6][E0]$/.test(r))
        expect([...new Set(cases.map(([register]) => register))]).toEqual(listed)
    })
})

describe("subcommands as bytes", () => {
    const answers: [string, string, string][] = [
        ["0x0001", "3e0100", "9576"],
        ["0x0076", "3e7600", "0200000000000080"],
        ["0x0083", "3e8300", "0580"],
    ]
    for (const [code, out, data] of answers)
        it(`${code} is sent as ${out}`, async () => {
            const bench = batteryBench()
            const driver = new Bq76952(bench.bus as never, bench.ticks)
            const image = buildConfiguration(bench.settings)
            await driver.configure(16, image)
            const { bus } = bench
            bus.log.length = 0
            // Echo, data, inverted sum, length, as in the manual's §3.1.
            const answer = Buffer.alloc(36)
            Buffer.from(out.slice(2) + data, "hex").copy(answer)
            const sum = [...answer.subarray(0, 34)].reduce((a, b) => a + b, 0)
            answer[34] = ~sum & 0xff
            answer[35] = data.length / 2 + 4
            const plain = bus.writeRead.bind(bus)
            bus.writeRead = async (address, register, bytes) => {
                const got = await plain(address, register, bytes)
                return bytes === 36 ? DeviceBuffer.from(answer) : got
            }
            if (code === "0x0076") expect(await driver.readChargeMas()).toBe(2.5 * 360000)
            else if (code === "0x0083") expect(await driver.readBalancing()).toBe(0x8005)
            else await driver.configure(16, image).catch(() => undefined)
            expect(bus.log[0].out).toBe(out)
            expect(bus.log[1]).toMatchObject({ out: "3e", readBytes: 36 })
        })

    it("0x0090 and 0x0092 enclose the configuration", async () => {
        const bench = batteryBench()
        const driver = new Bq76952(bench.bus as never, bench.ticks)
        await driver.configure(16, buildConfiguration(bench.settings))
        const outs = bench.bus.log.map(one => one.out)
        expect(outs.indexOf("3e9000")).toBeGreaterThan(0)
        expect(outs.indexOf("3e9200")).toBeGreaterThan(outs.indexOf("3e0393"))
    })

    it("covers each subcommand of the page", () => {
        const tested = [...answers.map(([code]) => code), "0x0090", "0x0092"]
        expect(tested).toEqual(subcommands.map(([code]) => code))
    })
})

describe("the limits as the chip applies them", () => {
    const shown = (settings: [Key, number][] = []) =>
        Object.fromEntries(
            formatApplied(buildConfiguration(new FakeSettings().with(settings))).map((text, i) => [
                appliedNames.split(",")[i],
                text,
            ]),
        )

    it("match the page", () => {
        const rows = page
            .split("\n")
            .map(line => line.split("|").map(cell => cell.trim()))
            .filter(cells => cells.length === 6 && appliedNames.split(",").includes(cells[1]))
        expect(Object.fromEntries(rows.map(cells => [cells[1], cells[4]]))).toEqual(shown())
        expect(rows.length).toBe(appliedNames.split(",").length)
    })

    it("are clamped at the ends of the registers", () => {
        expect(
            shown([
                [Key.BatteryCellOvervoltage, 5000],
                [Key.BatteryCellUndervoltage, 1000],
                [Key.BatteryCellOvervoltageHysteresis, 0],
                [Key.BatteryCellUndervoltageHysteresis, 1000],
                [Key.BatteryOvercurrentCharge, 500],
                [Key.BatteryOvercurrentDischarge, 500],
                [Key.BatteryShunt, 10000],
                [Key.BatteryDelay, 60],
            ]),
        ).toEqual({
            COV: "5009.4 mV",
            "COV hyst.": "101.2 mV",
            "COV delay": "6.762 s",
            CUV: "1012 mV",
            "CUV hyst.": "1012 mV",
            OCC: "12.4 A",
            "OCC delay": "0.426 s",
            OCD1: "20 A",
            SCD: "50 A",
            OT: "60 °C",
            UT: "-20 °C",
        })
    })

    it("fit an odd shunt value", () => {
        expect(shown([[Key.BatteryShunt, 300]])).toMatchObject({
            OCC: "100 A",
            OCD1: "200 A",
            SCD: "666.667 A",
        })
    })
})
