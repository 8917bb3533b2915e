import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { Key } from "../../../src/settings/keys"
import { SimGateway } from "../../support/simgateway"
import type { SimUpload as World } from "../../support/simupload"
import { pattern } from "../../support/uploadcard"

// Answers of gateways, byte for byte (RFC 9112), and their effect on the files.

vi.mock("@devicescript/core", async () => (await import("../../support/simnatives")).natives)
const { SimUpload } = await import("../../support/simupload")

const days = ["20261120", "20261121", "20261122"]
const bytes = 12_345
const noAnswer = "no HTTP/1.1 answer, check ftp.gateway"

let world: World
let gateway: SimGateway

beforeEach(async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5)
    world = await SimUpload.start()
    gateway = new SimGateway(world.network.hosts.host("gateway.sim"))
    world.settings.set(Key.FtpGateway, "gateway.sim:3128")
    world.card.put(`LOG/${days[0]}.CSV`, pattern(bytes))
})
afterEach(() => {
    world.remove()
    vi.restoreAllMocks()
})

function remote(day: string): string {
    return `BMS-1-LOG-${day}.CSV`
}

/** Replaces or removes the Content-Length field. */
function withLength(field: (length: number) => string): typeof gateway.dress {
    return answer =>
        answer.replace(/Content-Length: (\d+)\r\n/, (_line, length) => field(Number(length)))
}

/** True when the card's history confirms all of the first file. */
function confirmed(): boolean {
    return world.card.text("LOGSENT.TXT").includes(`${days[0]}.CSV,${bytes},`)
}

describe("an answer's head", () => {
    it.each<[string, (length: number) => string]>([
        ["without a blank", n => `Content-Length:${n}\r\n`],
        ["with blanks and tabs around", n => `Content-Length: \t ${n} \t \r\n`],
        ["in lower case", n => `content-length: ${n}\r\n`],
        ["in upper case", n => `CONTENT-LENGTH: ${n}\r\n`],
        ["with leading zeros", n => `Content-Length: 00${n}\r\n`],
        ["after another length", n => `X-Request-Content-Length: 7\r\nContent-Length: ${n}\r\n`],
        ["before another length", n => `Content-Length: ${n}\r\nContent-Length-X: 7\r\n`],
        ["with a bare line feed", n => `Content-Length: ${n}\n`],
        ["after a field without a value", n => `Via:\r\nContent-Length: ${n}\r\n`],
    ])("may have its length %s", async (_title, field) => {
        gateway.dress = withLength(field)
        expect(await world.session()).toBe("")
        expect(confirmed()).toBe(true)
        expect(gateway.files.get(remote(days[0]))).toEqual(Buffer.from(pattern(bytes)))
    })

    it.each([
        ["100 Continue", "HTTP/1.1 100 Continue\r\n\r\n"],
        ["103 Early Hints", "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"],
        ["two of them", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nContent-Length: 9\r\n\r\n"],
    ])("may follow %s", async (_title, interim) => {
        gateway.dress = answer => interim + answer
        expect(await world.session()).toBe("")
        expect(confirmed()).toBe(true)
    })

    it("may be HTTP/1.0", async () => {
        gateway.dress = answer => answer.replace("HTTP/1.1", "HTTP/1.0")
        expect(await world.session()).toBe("")
        expect(confirmed()).toBe(true)
    })

    it.each<[string, (length: number) => string]>([
        ["is missing", () => ""],
        ["has another field name", n => `X-Request-Content-Length: ${n}\r\n`],
        ["has a blank before its colon", n => `Content-Length : ${n}\r\n`],
        ["is inside another field", n => `X: Content-Length: ${n}\r\n`],
    ])("confirms nothing if its length %s", async (_title, field) => {
        gateway.dress = withLength(field)
        expect(await world.session()).toMatch(/^the server did not get the whole file/)
        expect(confirmed()).toBe(false)
    })

    it.each<[string, (length: number) => string]>([
        ["a repeated length", n => `Content-Length: ${n}\r\nContent-Length: ${n}\r\n`],
        ["two lengths", n => `Content-Length: 7\r\nContent-Length: ${n}\r\n`],
        ["a list of lengths", n => `Content-Length: ${n}, ${n}\r\n`],
        ["a length with too many digits", () => "Content-Length: 12345678901\r\n"],
        ["a negative length", () => "Content-Length: -5\r\n"],
        ["an invalid length", n => `Content-Length: ${n}x\r\n`],
        ["a folded field", n => `Content-Length: ${n}\r\nX: a\r\n b\r\n`],
        ["a folded field, with a tab", n => `X: a\r\n\tb\r\nContent-Length: ${n}\r\n`],
    ])("with %s is refused, and does not make a name free", async (_title, field) => {
        gateway.dress = withLength(field)
        gateway.files.set(remote(days[0]), Buffer.from("theirs"))
        expect(await world.session()).toContain(noAnswer)
        expect(gateway.asked.some(line => line.startsWith("PUT"))).toBe(false)
        expect(gateway.files.get(remote(days[0]))!.toString()).toBe("theirs")
        expect(confirmed()).toBe(false)
    })

    it.each(["220 FTP here\r\n", "ICY 200 OK\r\n", "HTTP/2 200\r\n", "SSH-2.0-x\r\n"])(
        "that begins with %j is refused",
        async first => {
            gateway.dress = answer => first + answer
            expect(await world.session()).toContain(noAnswer)
        },
    )

    it("that is endless ends the session, not the program", async () => {
        for (const endless of ["X: y\r\n".repeat(2000), "\n".repeat(8000), " ".repeat(9000)]) {
            gateway.dress = () => "HTTP/1.1 200 OK\r\n" + endless
            expect(await world.session()).not.toBe("")
            expect(confirmed()).toBe(false)
        }
    })
})

describe("one file", () => {
    beforeEach(() =>
        days.forEach((day, i) => world.card.put(`LOG/${day}.CSV`, pattern(900 + i, i))),
    )

    /** Squid's answer to a refused STOR. */
    function refusing(names: string[], words: string): typeof gateway.dress {
        return (answer, method, name) => {
            if (method !== "PUT" || !names.includes(name)) return answer
            gateway.files.delete(name)
            return `HTTP/1.1 502 Bad Gateway\r\n\r\n<html><pre>${words}\n</pre></html>`
        }
    }

    it.each(["550 In use", "553 Not that name", "452 Disk full"])(
        "refused by the server with %s does not delay the younger ones",
        async words => {
            gateway.dress = refusing([remote(days[0])], words)
            expect(await world.session()).toBe(
                "the FTP server did not let the gateway finish: " + words,
            )
            expect([...gateway.files.keys()]).toEqual([remote(days[1]), remote(days[2])])
            gateway.dress = answer => answer
            expect(await world.session()).toBe("")
            expect(gateway.files.size).toBe(3)
        },
    )

    it("refused for another reason ends the session", async () => {
        gateway.dress = refusing([remote(days[0])], "425 No data connection")
        expect(await world.session()).toContain("425 No data connection")
        expect(gateway.files.size).toBe(0)
    })

    it("that arrives incomplete does not delay the younger ones", async () => {
        gateway.dress = (answer, method, name) =>
            method === "HEAD" && name === remote(days[0])
                ? answer.replace(/Content-Length: \d+/, "Content-Length: 5")
                : answer
        expect(await world.session()).toContain("the server did not get the whole file")
        expect(gateway.files.size).toBe(3)
        expect(world.uploader.sender.filesConfirmed).toBe(2)
    })

    it("that is removed at once is confirmed by its 201, and sent once", async () => {
        gateway.takesAway = true
        await world.run(6 * 3_600_000)
        expect(gateway.asked.filter(line => line.startsWith("PUT"))).toHaveLength(3)
        expect(world.uploader).toMatchObject({
            sender: { filesConfirmed: 3 },
            pacing: { failures: 0 },
        })
        expect(world.alarms).toBe(0)
    })
})

describe("ftp.directory", () => {
    it.each([
        ["", ""],
        ["logs", "logs/"],
        ["a/b_c-1.2", "a/b_c-1.2/"],
        ["My Logs/\u00fc", "%4D%79%20%4C%6F%67%73/%C3%BC/"],
        ["50%?#", "%35%30%25%3F%23/"],
    ])("%j is encoded in the address as %j", async (directory, path) => {
        world.settings.set(Key.FtpDirectory, directory)
        expect(await world.session()).toBe("")
        const name = path + remote(days[0])
        expect(gateway.asked).toEqual(["HEAD ", "HEAD " + name, "PUT " + name, "HEAD " + name])
        expect(decodeURIComponent(name)).toBe((directory && directory + "/") + remote(days[0]))
    })

    it("is reported if it neither exists nor can be made", async () => {
        world.settings.set(Key.FtpDirectory, "file/x")
        gateway.dress = (answer, method) =>
            method === "PUT"
                ? "HTTP/1.1 500 Internal Server Error\r\n\r\n<pre>550 Not a directory\n</pre>"
                : answer
        expect(await world.session()).toBe(
            "the folder is missing and cannot be made, check ftp.directory: 550 Not a directory",
        )
    })
})
