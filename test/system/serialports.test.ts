import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { bridgeCommand, encodeFrame, LineDecoder } from "../../console/framing"
import { openLine } from "../../console/ports"
import { SerialOffer } from "../../sim/serial"
import { UsbBridge } from "../../sim/usbbridge"
import { runConsole } from "../support/consolerun"
import { freePort } from "../support/freeport"

const run = runConsole

let folder: string
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "serialports-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe("the serial console without a board", () => {
    it("lists the ports and says how to open one", async () => {
        const { status, output } = await run([])
        expect(status).toBe(0)
        expect(output).toContain("npm run console -- PORT")
    })

    it("says that a port is missing", async () => {
        const { status, errors } = await run([join(folder, "nothing")])
        expect(status).toBe(3)
        expect(errors).toMatch(/there is no port .*nothing: is the cable plugged in/)
    })

    it("says that a file is no serial port", async () => {
        const path = join(folder, "file")
        writeFileSync(path, "text")
        const { status, errors } = await run([path])
        expect(status).toBe(3)
        expect(errors).toContain("cannot be opened as a serial port")
    })

    it("refuses lines from a file without a port", async () => {
        const { status, errors } = await run(["--exec", "lines.txt"])
        expect(status).toBe(2)
        expect(errors).toContain("--exec needs a port")
    })

    it("says what to do when no simulator offers the address", async () => {
        const { status, errors } = await run(["127.0.0.1:1"])
        expect(status).toBe(3)
        expect(errors).toMatch(/127.0.0.1:1 cannot be reached .*npm start -- --serial/)
    })
})

describe("the serial port that the simulator offers", () => {
    const bridge = () => new UsbBridge(() => {})

    it("needs socat for a path, and says so", async () => {
        const path = process.env.PATH
        process.env.PATH = folder
        try {
            await expect(SerialOffer.open(join(folder, "port"), bridge())).rejects.toThrow(
                /--serial needs the program socat: "apt install socat", or offer HOST:PORT/,
            )
        } finally {
            process.env.PATH = path
        }
    })

    it("refuses a path where a file exists", async () => {
        const path = join(folder, "file")
        writeFileSync(path, "text")
        await expect(SerialOffer.open(path, bridge())).rejects.toThrow(
            /a file with that name exists/,
        )
        expect(readFileSync(path, "utf8")).toBe("text")
    })

    it("is also offered on TCP, with the same bytes, to one client at a time", async () => {
        const address = `127.0.0.1:${await freePort()}`
        const offer = await SerialOffer.open(address, bridge())
        try {
            const first = await openLine(address)
            const second = await openLine(address)
            const refused = new Promise(resolve => second.stream.once("close", resolve))
            second.stream.resume().on("error", () => undefined)
            await refused
            const answered = new Promise<Uint8Array>(resolve => {
                const decoder = new LineDecoder({ onFrame: resolve, onLogLine: () => {} })
                first.stream.on("data", (bytes: Buffer) => decoder.push(bytes))
            })
            first.stream.write(encodeFrame(bridgeCommand(0x81)))
            expect((await answered)[14]).toBe(0x81)
            await first.close()
            await expect(SerialOffer.open(address, bridge())).rejects.toThrow(/EADDRINUSE/)
        } finally {
            await offer.close()
        }
    })
})
