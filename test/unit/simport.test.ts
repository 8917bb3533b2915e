import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { SimportBus, SimportCmd, SRV_SIMPORT } from "../../sim/constants"

test("the simulator's constants are those of services/simport.md", () => {
    const service = readFileSync("services/simport.md", "utf8")
    expect(Number(/identifier: (0x[0-9a-f]+)/.exec(service)![1])).toBe(SRV_SIMPORT)
    expect(Number(/command reply @ (0x[0-9a-f]+)/.exec(service)![1])).toBe(SimportCmd.Reply)
    for (const [name, value] of [...service.matchAll(/^ {8}(\w+) = (\d+)$/gm)].map(m => [
        m[1],
        m[2],
    ]))
        expect(SimportBus[name as keyof typeof SimportBus]).toBe(Number(value))
    const fields = /report|command reply[^{]*\{([^}]*)\}/.exec(service)![1]
    expect(fields.match(/\w+: \w+/g)).toEqual([
        "bus: Bus",
        "status: u8",
        "length: u16",
        "offset: u16",
        "data: bytes",
    ])
})
