import {
    existsSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { generator } from "../../sim/random"
import { formatVolume } from "../../src/fat/format"
import { Volume } from "../../src/fat/volume"
import { ConsoleRun, runConsole } from "../support/consolerun"
import { DeviceBuffer } from "../support/devicebuffer"
import { freePort } from "../support/freeport"
import { saveImage } from "../support/fatimage"
import { blankStore, MemoryBlockDevice } from "../support/memorycard"
import { SleepTicks } from "../support/sleepticks"
import { SerialSimulation } from "../support/serialsimulation"

let address: string
/** Board time runs faster, so a day of records arrives within a minute. */
const speed = 8
/** Far from a full minute, when the board would log a record before the test switches that off. */
const startMs = Date.parse("2026-03-01T08:00:01Z")

/** A day at one record per 11 s: 700 KB. */
function day(): string {
    const random = generator(3)
    let text = "time,utc_offset,serial,voltage_V\r\n"
    while (text.length < 700_000)
        text += `2026-01-01 13:19:45,+01:00,ACME-7,52.900,5.700,${random()},00000000\r\n`
    return text
}

const files: Record<string, string> = {
    "LOG/20260101.CSV": day(),
    "LOG/20260102.CSV": "time\r\n2026-01-02\r\n",
    "CELL/20260101.CSV": "# 65568 of 176008 bytes\r\nerror: no error\r\nno end",
}

async function makeCard(path: string): Promise<void> {
    const store = blankStore(512)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    const volume = await Volume.mount(new MemoryBlockDevice(store), new SleepTicks())
    for (const [name, text] of Object.entries(files)) {
        const file = await volume.openForAppend(name, text.slice(0, 1))
        for (let at = 1; at < text.length; at += 2048)
            await file.append(DeviceBuffer.from(text.slice(at, at + 2048)) as unknown as Buffer)
        await volume.sync()
    }
    saveImage(store, path)
}

let board: SerialSimulation
let folder: string
beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "getfiles-"))
    address = `127.0.0.1:${await freePort()}`
    board = await SerialSimulation.start(address, speed, makeCard, startMs)
    await board.ask("set sd.enable off")
}, 240_000)
afterAll(async () => {
    await board?.end()
    rmSync(folder, { recursive: true, force: true })
})

const expectSame = (path: string, name: string) =>
    expect(readFileSync(path).equals(Buffer.from(files[name]))).toBe(true)

test(
    "--get copies a day of 700 KB exactly, with the cable pulled in the middle",
    { timeout: 240_000 },
    async () => {
        const target = join(folder, "day.csv")
        const name = "log/20260101.csv"
        const broken = new ConsoleRun([address, "--get", name, target])
        await broken.until(
            () => existsSync(target + ".part") && statSync(target + ".part").size > 200_000,
        )
        await board.unplug()
        const { status, errors } = await broken.ended
        expect(errors).toMatch(/the cable was unplugged; run the same command again to resume/)
        expect(status).toBe(3)
        expect(existsSync(target)).toBe(false)
        await board.plug()
        const whole = await runConsole([address, "--get", name, target])
        expect(whole.output).toBe("")
        const [, there] = /: 7\d\d,\d{3} bytes, (2\d\d),\d{3} of them already there\n$/.exec(
            whole.errors,
        )!
        expect(Number(there)).toBeGreaterThanOrEqual(200)
        expect(whole.status).toBe(0)
        expectSame(target, "LOG/20260101.CSV")
    },
)

test(
    "--get copies a directory and names missing paths, --get-all reads nothing twice",
    { timeout: 240_000 },
    async () => {
        const target = join(folder, "card")
        await board.free()
        const first = await runConsole([address, "--get", "LOG", join(target, "LOG")])
        expect(first.status).toBe(0)
        writeFileSync(join(target, "LOG", "20260102.CSV"), "time\r\n")
        const all = await runConsole([address, "--get-all", target])
        expect(all.errors).toMatch(/LOG\/20260101.CSV -> .*, 7\d\d,\d{3} of them already there/)
        for (const name of Object.keys(files)) expectSame(join(target, name), name)
        expect(readdirSync(join(target, "LOG"))).toEqual(["20260101.CSV", "20260102.CSV"])
        const none = await runConsole([address, "--get", "log/none.csv"])
        expect(none).toEqual({
            status: 1,
            output: "",
            errors: 'log/none.csv: it is not on the card; see "card ls"\n',
        })
        const noFolder = await runConsole([address, "--get", "nope/none.csv"])
        expect(noFolder.errors).toBe("nope/none.csv: there is no directory NOPE\n")
    },
)

test("--watch prints rows until it is interrupted", { timeout: 60_000 }, async () => {
    await board.free()
    const watching = new ConsoleRun([address, "--watch", "battery", "--every", "0.5"])
    await watching.until(() => (watching.output.match(/\tbattery\t/g) ?? []).length >= 3)
    watching.signal("SIGINT")
    expect((await watching.ended).status).toBe(130)
    expect(watching.output).toMatch(/^\d{4}-\S+Z\tbattery\t\d+\.\d{3} V/m)
    const wrong = await runConsole([address, "--watch", "nothing"])
    expect(wrong.errors).toMatch(/^error: /)
    expect(wrong.status).toBe(1)
})
