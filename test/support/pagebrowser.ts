import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import axe from "axe-core"
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"
import { buildPage } from "../../page/build"
import { PageServer } from "../../page/server"
import type { OpenLine } from "../../console/ports"
import { requireTool } from "./tools"

/** The page in a real browser, from its own server. Notes every request. */
export class PageBrowser {
    readonly folder = mkdtempSync(join(tmpdir(), "page-"))
    /** Addresses that the page has requested, and errors that it did not show. */
    readonly requests: string[] = []
    readonly errors: string[] = []

    private constructor(
        readonly built: string,
        readonly server: PageServer,
        private readonly browser: Browser,
    ) {}

    /** @param board the serial line behind the page's WebSocket */
    static async start(board: () => Promise<OpenLine>): Promise<PageBrowser> {
        const built = await buildPage()
        const server = await PageServer.start({ folder: built, port: 0, board })
        const browser = await chromium.launch({
            executablePath: requireTool("chromium"),
            args: ["--no-sandbox", "--disable-dev-shm-usage"],
        })
        return new PageBrowser(built, server, browser)
    }

    get origin(): string {
        return new URL(this.server.address).origin
    }

    /** A first-time visitor. */
    async visitor(options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
        const context: BrowserContext = await this.browser.newContext({
            viewport: { width: 1400, height: 900 },
            reducedMotion: "reduce",
            acceptDownloads: true,
            ...options,
        })
        const page = await context.newPage()
        page.on("request", request => void this.requests.push(request.url()))
        page.on("websocket", socket => void this.requests.push(socket.url()))
        page.on("pageerror", error => void this.errors.push(error.message))
        page.on("console", message => {
            if (message.type() === "error") this.errors.push(message.text())
        })
        return page
    }

    async end(): Promise<void> {
        await this.browser.close()
        await this.server.close()
        rmSync(this.folder, { recursive: true, force: true })
    }
}

interface AxeFinding {
    id: string
    impact: string
    nodes: { html: string }[]
}

/** The serious and critical findings of axe-core, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
    // A script as text goes through the debugger, to which the page's policy does not apply.
    await page.evaluate(axe.source)
    const violations = (await page.evaluate(
        "axe.run().then(found => found.violations)",
    )) as AxeFinding[]
    return violations
        .filter(one => one.impact === "serious" || one.impact === "critical")
        .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`)
}

/** Starts the simulated board in the tab and waits for its first value. */
export async function startTabBoard(page: Page, origin: string): Promise<void> {
    await page.goto(origin)
    await page.getByRole("button", { name: "Start" }).click()
    await page.locator(".reading-value").first().waitFor()
}

/** Opens a screen by its name in the navigation. */
export async function openScreen(page: Page, name: string): Promise<void> {
    await page.getByRole("navigation", { name: "Screens" }).getByRole("link", { name }).click()
    await page.getByRole("heading", { level: 1, name }).waitFor()
}

/**
 * Waits until the demo settings of a new board are typed; then the test has the board, at ten
 * times the speed.
 */
export async function demoEnded(page: Page): Promise<void> {
    await openScreen(page, "Simulation")
    // From now on the test waits in board time.
    await page.getByLabel("10×").check()
    await page.getByLabel("The simulation's messages").getByText("ftp.enable on\nok").waitFor()
}

/** Checks each screen for serious findings and for overflow of the window. @returns the faults */
export async function faultsOf(page: Page, screens: readonly string[]): Promise<string[]> {
    const faults: string[] = []
    for (const name of screens) {
        await openScreen(page, name)
        for (const one of await seriousFindings(page)) faults.push(`${name}: ${one}`)
        const over = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        if (over > 0) faults.push(`${name}: ${over} pixels wider than the window`)
    }
    return faults
}
