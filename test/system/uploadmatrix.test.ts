import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { Key } from "../../src/settings/keys"
import { esp32Socket, NodeConnector } from "../support/nodesocket"
import {
    directServerNames,
    type FtpServerName,
    ftpServerNames,
    type FtpTestServer,
    hasServer,
    startServer,
} from "../support/servers/ftpserver"
import { hasSquid, type SquidServer, startSquid } from "../support/servers/squid"
import { pattern } from "../support/uploadcard"
import { UploadBoard } from "../support/uploadboard"

vi.mock("@devicescript/core", async () => (await import("../support/simnatives")).natives)
const { temperTable } = await import("../support/tempermatrix")

// Every server, in both modes, with files of every awkward size, and the simulation's server in
// every temper. BMS_WRITE_DOCS=1 npx vitest run test/system/uploadmatrix.test.ts rewrites
// docs/reference/upload-matrix.md.

const documentPath = "docs/reference/upload-matrix.md"
const writing = process.env.BMS_WRITE_DOCS === "1"

const day = "LOG/20261122.CSV"
const sizes = [0, 1, 511, 512, 4096, 1 << 20]
const titles = ["0 B", "1 B", "511 B", "512 B", "4 KiB", "1 MiB"]
const modes = ["direct", "gateway"] as const
type Mode = (typeof modes)[number]

/** Servers that abort are a matter of luck, so the document says how often they delivered. */
const rounds = writing ? 5 : 1

const delivered = "delivered"
/** Errors that an aborting server may cause, by their letter in the document. */
const namedErrors = {
    a: "server stops the transfer when the control connection closes: set ftp.gateway",
    b: "the transfer keeps breaking off: set ftp.gateway, or find a better connection",
    c: "the server gives no size: if it never does, set ftp.gateway",
    d: "vanished from the server after each upload: make the server keep it, or set ftp.gateway",
}

function isNamed(outcome: string): boolean {
    return Object.values(namedErrors).some(error => outcome.includes(error))
}

const names = ftpServerNames.filter(hasServer)
const running = new Map<FtpServerName, FtpTestServer>()
let squid: SquidServer | undefined

beforeAll(async () => {
    for (const server of await Promise.all(names.map(name => startServer(name))))
        running.set(server.name, server)
    const ftpPorts = [...running.values()].map(server => server.port)
    if (hasSquid()) squid = await startSquid({ ftpPorts })
})
afterAll(async () => {
    await Promise.all([squid?.stop(), ...[...running.values()].map(server => server.stop())])
})

/** A board with one file to send, and one server for it. */
class Delivery {
    private constructor(
        private readonly server: FtpTestServer,
        private readonly board: UploadBoard,
        private readonly whole: Buffer,
        private readonly serial: string,
    ) {}

    static async start(
        server: FtpTestServer,
        mode: Mode,
        bytes: number,
        serial: string,
    ): Promise<Delivery> {
        const tcp = new NodeConnector(esp32Socket)
        const board = await UploadBoard.start({ tcp, manual: true, realTime: true })
        const whole = Buffer.from(pattern(bytes))
        await board.put(day, whole)
        await board.set(Key.UserSerial, serial)
        await board.set(Key.FtpPort, server.port)
        await board.set(Key.FtpUser, server.user)
        await board.set(Key.FtpPassword, server.password)
        const delivery = new Delivery(server, board, whole, serial)
        if (mode === "gateway") await delivery.useGateway()
        return delivery
    }

    async useGateway(): Promise<void> {
        await this.board.set(Key.FtpGateway, `127.0.0.1:${squid!.port}`)
    }

    /** One session. @returns the file's outcome. @throws when the server's files are wrong */
    async run(): Promise<string> {
        const outcome = await this.board.session().then(
            () => delivered,
            (thrown: Error) => thrown.message,
        )
        await this.judge(outcome)
        return outcome
    }

    /** The server must have at most one file: a beginning of ours with all confirmed bytes. */
    private async judge(outcome: string): Promise<void> {
        const { server, serial, whole } = this
        const mine = readdirSync(server.folder).filter(name => name.startsWith(serial + "-"))
        const where = `${server.name} ${serial}`
        expect(mine.length, `${where}: files on the server`).toBeLessThanOrEqual(1)
        const there = mine.length > 0 ? readFileSync(join(server.folder, mine[0])) : Buffer.alloc(0)
        const same = there.equals(whole.subarray(0, there.length))
        expect(same, `${where}: the server has a beginning of ours`).toBe(true)
        const history = await this.board.text("LOGSENT.TXT")
        const [, bytes, , name] = history.split("\r\n").at(-2)!.split(",")
        expect(name).toBe(serial + "-LOG-20261122.CSV")
        expect(Number(bytes), `${where}: confirmed`).toBeLessThanOrEqual(there.length)
        if (outcome !== delivered) return
        expect(mine, where).toEqual([name])
        expect([Number(bytes), there.length], where).toEqual([whole.length, whole.length])
    }
}

const lines: string[] = []

/** The outcome of one file. After an error the board gets the gateway and must deliver. */
async function deliver(server: FtpTestServer, mode: Mode, bytes: number, round: number) {
    const serial = `${mode[0].toUpperCase()}${bytes}R${round}`
    const delivery = await Delivery.start(server, mode, bytes, serial)
    const outcome = await delivery.run()
    // An empty file that was started has nothing left to send.
    if (outcome === delivered || mode === "gateway" || !squid || bytes === 0) return outcome
    await delivery.useGateway()
    expect(await delivery.run(), `${server.name} ${serial}: through it`).toBe(delivered)
    return outcome
}

/** Outcomes of one server and mode, by size and round. With more rounds, one size at a time. */
async function measure(name: FtpServerName, mode: Mode, times: number): Promise<string[][]> {
    const measureSize = async (bytes: number): Promise<string[]> => {
        const startMs = Date.now()
        const each = Array.from({ length: times }, (_, round) =>
            deliver(running.get(name)!, mode, bytes, round),
        )
        const found = await Promise.all(each)
        const what = `${name.padEnd(15)} ${mode.padEnd(8)} ${String(bytes).padStart(7)} B`
        lines.push(`${what} ${String(Date.now() - startMs).padStart(6)} ms  ${found.join(" | ")}`)
        return found
    }
    if (times === 1) return await Promise.all(sizes.map(measureSize))
    const outcomes: string[][] = []
    for (const bytes of sizes) outcomes.push(await measureSize(bytes))
    return outcomes
}

/** The outcomes, or for a server that aborts the deliveries and the letters of the errors. */
function cell(found: string[], aborts: boolean): string {
    const good = found.filter(outcome => outcome === delivered).length
    if (!aborts) return [...new Set(found)].join(", ")
    const letters = Object.entries(namedErrors).filter(([, error]) =>
        found.some(outcome => outcome.includes(error)),
    )
    return `${good} of ${found.length} ${letters.map(([letter]) => letter).join(" ")}`.trim()
}

function row(name: string, mode: Mode, cells: string[]): string {
    return `| ${[name, mode, ...cells].join(" | ")} |`
}

function page(table: string[], tempers: string[]): string {
    const errors = Object.entries(namedErrors).map(([letter, error]) => `- ${letter}: ${error}`)
    return [
        "# Servers, modes and sizes",
        "",
        "Written by `BMS_WRITE_DOCS=1 npx vitest run test/system/uploadmatrix.test.ts`; the test compares it. One file of each",
        "size is sent to each real server, by the uploader over one socket with the ESP32's queue, and compared byte for byte.",
        "",
        `| server | mode | ${titles.join(" | ")} |`,
        `|---|---|${titles.map(() => "---|").join("")}`,
        ...table,
        "",
        "In direct mode the last four abort a transfer when its control connection ends. A small file may be stored before they",
        "notice, so the table says how many files of how many were delivered, and the error of the others:",
        "",
        ...errors,
        "",
        "In every case the server then has one copy of a beginning of the file, no missing byte is confirmed, and with",
        "`ftp.gateway` set the next session delivers the file unless it is empty.",
        "",
        "## Tempers",
        "",
        "The simulator's own server with each temper of the tests (`test/support/tempers.ts`): how many of three files of each",
        "size are confirmed after at most four sessions, in direct mode and board time, and what `ftp` then says.",
        "",
        ...tempers,
        "",
    ].join("\n")
}

describe.skipIf(names.length === 0)("the uploader with real servers and files of all sizes", () => {
    const aborting = names.filter(name => !directServerNames.includes(name))
    const table = new Map<string, string>()

    async function fill(from: FtpServerName[], mode: Mode, times = 1): Promise<string[]> {
        const aborts = mode === "direct" && !directServerNames.includes(from[0])
        const found = await Promise.all(
            from.map(async name => [name, await measure(name, mode, times)] as const),
        )
        for (const [name, outcomes] of found) {
            const cells = outcomes.map(each => cell(each, aborts))
            table.set(`${name} ${mode}`, row(name, mode, cells))
        }
        return found.flatMap(([, outcomes]) => outcomes.flat())
    }

    it("delivers directly to servers that finish a transfer", async () => {
        const outcomes = await fill(
            names.filter(name => !aborting.includes(name)),
            "direct",
        )
        expect([...new Set(outcomes)]).toEqual([delivered])
    })

    it.runIf(hasSquid())("delivers to every server through Squid", async () => {
        expect([...new Set(await fill(names, "gateway"))]).toEqual([delivered])
    })

    it(
        "delivers directly to servers that abort, or names the remedy, which works",
        { timeout: writing ? 600_000 : 60_000 },
        async () => {
            const outcomes = await fill(aborting, "direct", rounds)
            const others = outcomes.filter(outcome => outcome !== delivered && !isNamed(outcome))
            expect(others).toEqual([])
        },
    )

    it("matches docs/reference/upload-matrix.md", async () => {
        console.log(lines.join("\n"))
        const tempers = await temperTable()
        const measured = ftpServerNames.flatMap(name =>
            modes.flatMap(mode => table.get(`${name} ${mode}`) ?? []),
        )
        const whole = measured.length === ftpServerNames.length * modes.length
        if (writing && whole) writeFileSync(documentPath, page(measured, tempers))
        const documented = readFileSync(documentPath, "utf8").split("\n")
        const settled = measured.filter(line => !/\d of \d/.test(line))
        for (const line of [...settled, ...tempers]) expect(documented).toContain(line)
        // With all servers here, compares the whole page except for the luck of those that abort.
        if (!whole) return
        const plain = (text: string): string => text.replaceAll(/\d of \d( [a-d])*/g, "n of m")
        expect(plain(documented.join("\n"))).toBe(plain(page(measured, tempers)))
    })
})
