import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openLine } from "../../console/ports"
import {
    demoEnded,
    faultsOf,
    openScreen,
    PageBrowser,
    seriousFindings,
    startTabBoard,
} from "../support/pagebrowser"
import { freePort } from "../support/freeport"
import { SerialSimulation } from "../support/serialsimulation"
import { hasTool } from "../support/tools"

const screens = [
    "Overview",
    "Cells",
    "Service",
    "Errors journal",
    "Card",
    "Console",
    "Firmware",
    "Simulation",
    "Fleet",
]

const chip = (page: Page, name: string) => page.locator(".chip").getByText(name, { exact: true })

/** Presses Tab until this element has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
    for (let presses = 0; presses < 80; presses++) {
        await page.keyboard.press("Tab")
        const focused = await page.evaluate(() => {
            const one = document.activeElement as HTMLInputElement | null
            return one?.labels?.[0]?.textContent || one?.ariaLabel || one?.textContent || ""
        })
        if (name.test(focused)) return
    }
    throw new Error(`Tab does not reach ${name}`)
}

/** Enters one line on the screen Console. */
async function type(page: Page, line: string): Promise<void> {
    await page.getByLabel("Console line").fill(line)
    await page.getByLabel("Console line").press("Enter")
}

interface FakeSerialWindow {
    fakeSerial: { opened: unknown[]; signals: unknown[] }
    unplug(): void
}

/** Runs in the page: a browser's serial port, wired to the server's WebSocket. */
function fakeSerial(): void {
    const told: FakeSerialWindow["fakeSerial"] = { opened: [], signals: [] }
    let socket: WebSocket | undefined
    const port = {
        readable: null as ReadableStream | null,
        writable: null as WritableStream | null,
        getInfo: () => ({ usbVendorId: 0x10c4, usbProductId: 0xea60 }),
        setSignals: async (signals: unknown) => void told.signals.push(signals),
        close: async () => socket?.close(),
        async open(options: unknown) {
            told.opened.push(options)
            const token = sessionStorage.getItem("bms-token")
            const url = `${location.origin.replace("http", "ws")}/board?token=${token}`
            const opened = (socket = new WebSocket(url))
            opened.binaryType = "arraybuffer"
            await new Promise(resolve => (opened.onmessage = resolve))
            port.readable = new ReadableStream({
                start(controller) {
                    opened.onmessage = ({ data }) => controller.enqueue(new Uint8Array(data))
                    opened.onclose = () => {
                        port.readable = null
                        controller.error(
                            new DOMException("The device has been lost.", "NetworkError"),
                        )
                    }
                },
            })
            port.writable = new WritableStream({ write: bytes => opened.send(bytes) })
        },
    }
    const serial = { getPorts: async () => [port], requestPort: async () => port }
    Object.defineProperty(navigator, "serial", { value: serial })
    Object.assign(window, { fakeSerial: told, unplug: () => socket?.close() })
}

/** A main log of about this many bytes, one record per second. */
function largeDay(bytes: number): string {
    const head =
        "time,utc_offset,serial,voltage_V,current_A,soc_pct,cell_min_V,cell_max_V,cell_min_no,cell_max_no,temp_min_C,temp_max_C,errors_hex\r\n"
    const lines: string[] = []
    for (let second = 0, size = head.length; size < bytes; second++) {
        const time = new Date((1_795_305_600 + second) * 1000).toISOString().slice(0, 19)
        const volts = (52 + Math.sin(second / 5000)).toFixed(3)
        lines.push(
            `${time.replace("T", " ")},+00:00,ACME-7,${volts},5.700,59.1,3.306,3.307,1,2,21.9,22.0,0x00000000\r\n`,
        )
        size += lines[0].length
    }
    return head + lines.join("")
}

describe.skipIf(!hasTool("chromium"))("the page in a browser", () => {
    let browser: PageBrowser
    let simulation: SerialSimulation | undefined
    let address: string

    beforeAll(async () => {
        address = `127.0.0.1:${await freePort()}`
        browser = await PageBrowser.start(() => openLine(address))
    })
    afterAll(async () => {
        await browser?.end()
        await simulation?.end()
    })

    it("shows the tab's simulated board, contacts no other host, and is small", async () => {
        const page = await browser.visitor()
        await startTabBoard(page, browser.origin)
        await page.locator(".plot canvas").first().waitFor()
        expect(await page.locator(".reading-value").nth(1).textContent()).toMatch(/^5\d\.\d\dV$/)
        await openScreen(page, "Cells")
        await page.getByRole("button", { name: /^Cell 16, 33\d\d mV/ }).click()
        await page.getByRole("heading", { name: "Cell 16, since the page was opened" }).waitFor()

        const hosts = new Set(browser.requests.map(one => new URL(one).host))
        expect([...hosts]).toEqual([new URL(browser.origin).host])
        expect(browser.errors).toEqual([])
        const kb = (names: string[]) =>
            names.reduce(
                (sum, name) => sum + gzipSync(readFileSync(join(browser.built, name))).length,
                0,
            ) / 1024
        const assets = readdirSync(join(browser.built, "assets")).map(name => `assets/${name}`)
        const first = assets.filter(name => /assets\/index/.test(name))
        expect(kb(["index.html", ...first])).toBeLessThan(150)
        expect(kb(["index.html", "runtime.wasm", "simulator.devs", ...assets])).toBeLessThan(450)
        await page.context().close()
    })

    it("sets up a board with the keyboard alone and shows what the board refuses", async () => {
        const page = await browser.visitor()
        await page.goto(browser.origin)
        const reach = (name: RegExp) => tabTo(page, name)
        await reach(/^Start$/)
        await page.keyboard.press("Enter")
        await page.locator(".reading-value").first().waitFor()
        await reach(/^Service$/)
        await page.keyboard.press("Enter")
        await page.getByLabel("Battery serial number").waitFor()
        await reach(/^Battery serial number/)
        await page.keyboard.press("Control+A")
        await page.keyboard.type("ACME 7")
        // The page reports the errors that it knows at once.
        await page.getByRole("alert").getByText("1–16 of A-Z").waitFor()
        await page.keyboard.press("Control+A")
        await page.keyboard.type("ACME-7")
        await reach(/^Address/)
        await page.keyboard.type("Door 4")
        await reach(/^Save$/)
        await page.keyboard.press("Enter")
        await page.getByRole("status").getByText("Saved.").waitFor()
        await page.locator(".brand").getByText("ACME-7").waitFor()

        // Only the board knows limits that depend on each other.
        await page.getByRole("link", { name: "Battery", exact: true }).click()
        await page.getByLabel("Cell undervoltage", { exact: true }).fill("4000")
        await page.getByRole("button", { name: "Save" }).click()
        await page.locator(".field.refused .refusal").first().waitFor()
        expect(await page.locator(".savebar").textContent()).toContain("nothing was changed")
        await page.getByRole("button", { name: "Discard" }).click()
        expect(await page.getByLabel("Cell undervoltage", { exact: true }).inputValue()).toBe(
            "2500",
        )

        // Another board's backup is loaded, except for its serial number.
        const backup = join(browser.folder, "settings.txt")
        writeFileSync(backup, "import\nset user.serial ACME-9\nset battery.capacity 123456\nend\n")
        await page.getByRole("link", { name: "User settings" }).click()
        const [chooser] = await Promise.all([
            page.waitForEvent("filechooser"),
            page.getByRole("button", { name: "Load settings from a file" }).click(),
        ])
        await chooser.setFiles(backup)
        await page.getByRole("dialog").getByRole("button", { name: "Keep this board's" }).click()
        await page.getByText("1 change", { exact: true }).waitFor()
        await page.getByRole("button", { name: "Save", exact: true }).click()
        await page.getByText("1 change", { exact: true }).waitFor({ state: "detached" })
        await page.getByRole("link", { name: "Battery", exact: true }).click()
        expect(await page.getByLabel("Capacity").inputValue()).toBe("123456")
        expect(browser.errors).toEqual([])
        await page.context().close()
    })

    it("shows an error flag, its entry and its remedy, and opens its day", async () => {
        const page = await browser.visitor({ colorScheme: "dark" })
        await startTabBoard(page, browser.origin)
        await demoEnded(page)
        await page.getByRole("button", { name: "Cell 7 too high" }).click()
        await chip(page, "Cell overvoltage").click()
        await page.getByText("stop charging.").first().waitFor()
        await openScreen(page, "Errors journal")
        await page.locator("tr.appeared").getByText("cell 7: 3.7").first().waitFor()

        await openScreen(page, "Console")
        await page.getByLabel("Console line").fill("card l")
        await page.getByLabel("Console line").press("Tab")
        await page.waitForFunction(
            () => (document.activeElement as HTMLInputElement).value === "card ls ",
        )
        await type(page, "card sing")
        await page.locator(".refused").getByText("error:").waitFor()

        await openScreen(page, "Card")
        await page.getByRole("button", { name: /^Open LOG/ }).click()
        await page.getByRole("heading", { level: 3, name: "Voltage" }).waitFor()
        expect(await page.getByText("Cell overvoltage").count()).toBeGreaterThan(0)
        // The plot shows the value under the pointer.
        const plot = page.locator(".plot .u-over").first()
        await plot.hover({ position: { x: 300, y: 50 } })
        await page
            .locator(".plot .u-value")
            .getByText(/^5\d\.\d{3} V$/)
            .first()
            .waitFor()

        expect(await faultsOf(page, screens)).toEqual([])
        await page.setViewportSize({ width: 360, height: 740 })
        await page.emulateMedia({ colorScheme: "light" })
        expect(await faultsOf(page, screens)).toEqual([])
        expect(browser.errors).toEqual([])
        await page.context().close()
    })

    it("deploys to the tab's board, which comes back after a reset and at the next visit", async () => {
        const page = await browser.visitor()
        await startTabBoard(page, browser.origin)
        await demoEnded(page)
        await openScreen(page, "Firmware")
        await page.getByText("The board has the program of this page.").waitFor()
        await page.getByRole("button", { name: "Deploy again" }).click()
        await page.getByRole("dialog").getByRole("button", { name: "Deploy" }).click()
        await page.getByText(/bytes in .* started again/).waitFor({ timeout: 60_000 })

        await openScreen(page, "Console")
        await type(page, "set user.serial KEPT-8")
        await page.locator(".terminal .printed").getByText("ok").first().waitFor()
        await type(page, "reset now")
        await openScreen(page, "Overview")
        await page.getByText("console", { exact: true }).waitFor({ timeout: 60_000 })

        // Changes are stored within a second or two.
        await page.locator(".brand").getByText("KEPT-8").waitFor()
        await openScreen(page, "Card")
        await page.getByRole("button", { name: /^Open LOG/ }).waitFor()
        await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 2500)))
        await page.reload()
        await page.locator(".brand").getByText("KEPT-8").waitFor({ timeout: 60_000 })
        expect(browser.errors).toEqual([])
        await page.context().close()
    })

    it("opens a file of 8 MB and a fleet without a board", async () => {
        const page = await browser.visitor()
        await page.goto(browser.origin)
        expect(await seriousFindings(page)).toEqual([])
        const file = join(browser.folder, "ACME-7-LOG-20261122.CSV")
        writeFileSync(file, largeDay(8_000_000))
        await page.getByRole("button", { name: "Open", exact: true }).click()
        await page.locator("#day-files").setInputFiles(file)
        await page.getByRole("heading", { level: 1, name: "ACME-7, 2026-11-22" }).waitFor()
        expect(await page.locator(".plot canvas").count()).toBe(5)
        expect(await page.locator(".facts").textContent()).toContain("Records8")

        await openScreen(page, "Fleet")
        await page.locator("#fleet-files").setInputFiles(file)
        await page.getByRole("button", { name: "Open the last day of ACME-7" }).click()
        await page.getByRole("heading", { level: 1, name: "ACME-7, 2026-11-22" }).waitFor()
        expect(browser.errors).toEqual([])
        await page.context().close()
    })

    it("works offline after the first visit, with the board started once", async () => {
        const page = await browser.visitor()
        await startTabBoard(page, browser.origin)
        // Files loaded before the service worker was ready are loaded again through it.
        await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
        await page.reload()
        await page.locator(".reading-value").first().waitFor()
        await page.context().setOffline(true)
        await page.reload()
        await page.locator(".reading-value").first().waitFor()
        expect(browser.errors).toEqual([])
        await page.context().close()
    })

    it("opens a serial port without a reset, and again after the cable was unplugged", async () => {
        simulation ??= await SerialSimulation.start(address)
        const page = await browser.visitor()
        await page.addInitScript(fakeSerial)
        await page.goto("about:blank")
        await page.goto(browser.server.address)
        await page.getByRole("button", { name: "Choose a port" }).click()
        await page.locator(".reading-value").first().waitFor()
        const serial = await page.evaluate(() => (window as unknown as FakeSerialWindow).fakeSerial)
        expect(serial.opened).toEqual([{ baudRate: 1_500_000, bufferSize: 65_536 }])
        expect(serial.signals).toEqual([{ dataTerminalReady: false, requestToSend: false }])

        await page.evaluate(() => (window as unknown as FakeSerialWindow).unplug())
        await page.getByText("The connection is lost.").waitFor()
        await page.getByText("The connection is lost.").waitFor({ state: "detached" })
        expect(browser.errors).toEqual([])
        await page.context().close()
    })

    it("reaches this PC's simulator only with the server's token", async () => {
        simulation ??= await SerialSimulation.start(address)
        const page = await browser.visitor()
        // A foreign page knows no token.
        await page.goto(browser.origin)
        const refused = await page.evaluate(
            () =>
                new Promise(resolve => {
                    const socket = new WebSocket(location.origin.replace("http", "ws") + "/board")
                    socket.onopen = () => resolve(false)
                    socket.onerror = () => resolve(true)
                }),
        )
        expect(refused).toBe(true)
        browser.errors.length = 0
        await page.goto("about:blank")
        await page.goto(browser.server.address)
        await page.getByRole("button", { name: "Connect" }).click()
        await page.locator(".reading-value").first().waitFor()
        expect(page.url()).not.toContain("token")
        simulation.simulation.powerCut()
        await page.getByText("power-on", { exact: true }).waitFor({ timeout: 60_000 })

        // The page asks for a password when the board wants one.
        await simulation.ask("passwd hunter22")
        await page.getByLabel("Console password").fill("wrong")
        await page.getByRole("button", { name: "Log in" }).click()
        await page.getByRole("alert").getByText("wrong password").waitFor()
        await page.getByLabel("Console password").fill("hunter22")
        await page.getByRole("button", { name: "Log in" }).click()
        await page.locator(".reading-value").first().waitFor()
        await simulation.ask("login hunter22")
        await simulation.ask('passwd ""')
        expect(browser.errors).toEqual([])
        await page.context().close()
    })
})
