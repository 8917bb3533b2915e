import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { SimFtpServer, type SimFtpServerOptions } from "../../../sim/net/ftpserver"
import { SimHosts } from "../../../sim/net/hosts"
import type { Link } from "../../../sim/net/link"
import { esp32Network } from "../../../sim/net/options"
import { Chance } from "../../../sim/random"
import { VirtualClock } from "../../support/virtualclock"
import { pattern } from "../../support/uploadcard"

// The simulation's FTP server by its lines: a client's commands and the replies.

/** 2026-11-22 12:00:00 UTC. */
const noonMs = 1_795_348_800_000

let root: string
let clock: VirtualClock
let hosts: SimHosts
let server: SimFtpServer
let received: string[]

beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "bms-simftp-"))
})

afterEach(() => {
    rmSync(root, { recursive: true, force: true })
})

function start(options: Partial<SimFtpServerOptions> = {}): void {
    clock = new VirtualClock()
    hosts = new SimHosts(clock, esp32Network, new Chance(1))
    received = []
    server = new SimFtpServer(clock, hosts.host("ftp.sim"), { root, epochMs: noonMs, ...options })
    server.on("received", (name, bytes) => received.push(`${name} ${bytes}`))
}

function dial(port: number): Link | undefined {
    let link: Link | undefined
    hosts.dial(hosts.host("ftp.sim"), port, connected => (link = connected))
    clock.advance(400)
    return link
}

/** A client on the server's control connection. */
class Client {
    readonly link = dial(21)!

    /** Sends lines at once and lets `ms` pass. @returns the lines received since the last call */
    say(text: string, ms = 1000): string[] {
        if (text) this.link.write(Buffer.from(text + "\r\n"))
        clock.advance(ms)
        const data = this.link.read(1 << 20)
        return data ? Buffer.from(data).toString().trimEnd().split("\r\n") : []
    }

    logIn(): this {
        this.say("USER anonymous\r\nPASS x@\r\nTYPE I")
        return this
    }

    passivePort(): number {
        return Number(/\(\|\|\|(\d+)\|\)/.exec(this.say("EPSV")[0])![1])
    }

    data(): Link {
        return dial(this.passivePort())!
    }

    store(command: string, bytes: Uint8Array): string[] {
        const data = this.data()
        const replies = this.say(command)
        sendAll(data, bytes)
        return [...replies, ...this.say("")]
    }

    fetch(command: string): Buffer {
        const data = this.data()
        this.say(command)
        const parts: Uint8Array[] = []
        do {
            clock.advance(50)
            for (let part = data.read(5000); part; part = data.read(5000)) parts.push(part)
        } while (data.over === "")
        return Buffer.concat(parts)
    }
}

function sendAll(link: Link, bytes: Uint8Array, close = true): void {
    let taken = false
    link.write(bytes, () => (taken = true))
    for (let i = 0; i < 1000 && !taken; ++i) clock.advance(50)
    if (close) link.close()
}

const file = (name: string): Buffer => readFileSync(join(root, name))

describe("logging in (RFC 959 §5.4)", () => {
    it("greets, accepts any user if none is configured, and says good-bye", () => {
        start()
        const client = new Client()
        expect(client.say("")).toEqual([expect.stringMatching(/^220 /)])
        expect(client.say("PWD")).toEqual(["530 Log in first."])
        expect(client.say("PASS x")).toEqual(["503 Send USER first."])
        expect(client.say("USER anonymous")).toEqual([expect.stringMatching(/^331 /)])
        expect(client.say("PASS a@b")).toEqual([expect.stringMatching(/^230 /)])
        expect(client.say("QUIT")).toEqual([expect.stringMatching(/^221 /)])
        expect(client.link.over).toBe("ended")
    })

    it("accepts only its one user, by name and password", () => {
        start({ user: "bms", password: "right" })
        const client = new Client()
        client.say("")
        for (const [user, password, code] of [
            ["bms", "wrong", "530"],
            ["anonymous", "right", "530"],
            ["bms", "", "530"],
            ["bms", "right", "230"],
        ]) {
            const [, reply] = client.say(`USER ${user}\r\nPASS ${password}`)
            expect(reply.slice(0, 3)).toBe(code)
        }
        expect(client.say("USER other\r\nPWD")[1]).toMatch(/^530 /)
    })

    it("ends a session after five idle minutes", () => {
        start()
        const client = new Client().logIn()
        expect(client.say("NOOP", 299_000)).toEqual(["200 OK."])
        expect(client.say("NOOP", 299_000)).toEqual(["200 OK."])
        expect(client.say("", 2000)).toEqual([expect.stringMatching(/^421 /)])
        expect(client.link.over).toBe("ended")
    })
})

describe("commands and their replies", () => {
    it("supports only stream mode and file structure", () => {
        start()
        const client = new Client().logIn()
        const codes = (lines: string) => client.say(lines).map(line => line.slice(0, 3))
        expect(codes("TYPE A\r\nTYPE A N\r\nTYPE I\r\nTYPE L 8\r\nTYPE E")).toEqual([
            "200",
            "200",
            "200",
            "200",
            "504",
        ])
        expect(codes("MODE S\r\nMODE B\r\nSTRU F\r\nSTRU R")).toEqual(["200", "504", "200", "504"])
        expect(client.say("SYST\r\nNOOP")).toEqual(["215 UNIX Type: L8", "200 OK."])
    })

    it("lists its features, one per line (RFC 2389)", () => {
        start()
        const client = new Client()
        client.say("")
        expect(client.say("feat")).toEqual([
            expect.stringMatching(/^211-/),
            " EPSV",
            " REST STREAM",
            " SIZE",
            expect.stringMatching(/^211 /),
        ])
    })

    it("refuses unknown commands, missing arguments, and endless lines", () => {
        start()
        const client = new Client().logIn()
        expect(client.say("constructor")).toEqual(["502 Unknown command."])
        expect(client.say("PORT 1,2,3,4,5,6\r\nEPRT |1|192.0.2.1|5|")).toEqual([
            "502 Use EPSV.",
            "502 Use EPSV.",
        ])
        expect(client.say("SIZE\r\nSTOR \r\nREST x")).toEqual([
            "501 An argument is missing.",
            "501 An argument is missing.",
            "501 REST takes a number.",
        ])
        client.link.write(Buffer.from("x".repeat(5000)))
        expect(client.say("")).toEqual(["500 Line too long."])
        expect(client.say("SYST\r\nNOOP")).toEqual(["200 OK."])
    })

    it("carries out pipelined commands in order", () => {
        start()
        const client = new Client().logIn()
        expect(client.say("MKD A\r\nCWD A\r\nPWD\r\nCDUP\r\nPWD\nNOOP")).toEqual([
            '257 "/A" is there.',
            "250 OK.",
            '257 "/A"',
            "250 OK.",
            '257 "/"',
            "200 OK.",
        ])
    })
})

describe("folders", () => {
    it("are made, entered, listed and removed", () => {
        start()
        const client = new Client().logIn()
        expect(client.say("CWD none")).toEqual(["550 No such folder."])
        expect(client.say("MKD none/below")[0]).toMatch(/^550 /)
        client.say("MKD logs")
        expect(client.say("MKD logs")[0]).toMatch(/^550 /)
        client.say("CWD logs")
        client.store("STOR a.csv", pattern(10))
        expect(statSync(join(root, "logs/a.csv")).size).toBe(10)
        expect(client.fetch("NLST").toString()).toBe("a.csv\r\n")
        expect(client.fetch("LIST -a").toString()).toBe(
            "-rw-r--r-- 1 ftp ftp           10 Nov 22  2026 a.csv\r\n",
        )
        expect(client.fetch("LIST /").toString()).toMatch(/^drwxr-xr-x .* logs\r\n$/)
        expect(client.say("RMD /logs\r\nDELE a.csv\r\nRMD /logs\r\nRMD /")).toEqual([
            "550 It cannot be removed.",
            "250 Done.",
            "250 Done.",
            "550 It cannot be removed.",
        ])
    })

    it("do not lead out of the server's root", () => {
        const inside = join(root, "inside")
        start({ root: inside })
        writeFileSync(join(root, "secret"), "secret")
        const client = new Client().logIn()
        expect(
            client.say("SIZE ../secret\r\nSIZE /../../secret\r\nDELE ../secret\r\nCWD .."),
        ).toEqual([
            "550 No such file.",
            "550 No such file.",
            "550 It cannot be removed.",
            "250 OK.",
        ])
        client.store("STOR ../stray", pattern(3))
        expect(existsSync(join(root, "stray"))).toBe(false)
        expect(existsSync(join(inside, "stray"))).toBe(true)
        expect(readFileSync(join(root, "secret"), "utf8")).toBe("secret")
    })
})

describe("passive mode", () => {
    it("is extended (RFC 2428) or plain, on a port for one connection", () => {
        start()
        const client = new Client().logIn()
        const port = client.passivePort()
        expect(dial(port)).toBeDefined()
        expect(dial(port)).toBeUndefined()
        const plain = /^227 .*\((\d+,\d+,\d+,\d+),(\d+),(\d+)\)/.exec(client.say("PASV")[0])!
        expect(plain[1].replaceAll(",", ".")).toBe(hosts.host("ftp.sim").address)
        expect(dial(Number(plain[2]) * 256 + Number(plain[3]))).toBeDefined()
        expect(client.say("EPSV 2")).toEqual([expect.stringMatching(/^522 .*\(1\)/)])
        expect(client.say("EPSV 1")).toEqual([expect.stringMatching(/^229 /)])
        expect(client.say("EPSV ALL\r\nPASV\r\nEPSV").map(line => line.slice(0, 3))).toEqual([
            "200",
            "501",
            "229",
        ])
    })

    it("listens only on the last port", () => {
        start()
        const client = new Client().logIn()
        const first = client.passivePort()
        const second = client.passivePort()
        expect(dial(first)).toBeUndefined()
        expect(dial(second)).toBeDefined()
    })

    it("is required for a transfer, which waits a minute for the connection", () => {
        start()
        const client = new Client().logIn()
        expect(client.say("STOR a")).toEqual(["425 Send EPSV or PASV first."])
        client.passivePort()
        expect(client.say("STOR a", 59_000)).toEqual([])
        expect(client.say("NOOP", 2000)).toEqual(["425 No data connection.", "200 OK."])
    })
})

describe("transfers", () => {
    it("store a whole file with its date, and report it", () => {
        start()
        const client = new Client().logIn()
        expect(client.store("STOR log.csv", pattern(100_000))).toEqual([
            "150 Go ahead.",
            "226 Transfer complete.",
        ])
        expect(file("log.csv").equals(pattern(100_000))).toBe(true)
        expect(received).toEqual(["log.csv 100000"])
        expect(client.say("SIZE log.csv\r\nSIZE none")).toEqual(["213 100000", "550 No such file."])
        const writtenMs = statSync(join(root, "log.csv")).mtimeMs - noonMs
        expect(writtenMs).toBeGreaterThan(0)
        expect(writtenMs).toBeLessThanOrEqual(clock.nowMs())
        client.store("STOR log.csv", pattern(5))
        expect(file("log.csv")).toHaveLength(5)
    })

    it("accept data that came before the command", () => {
        start()
        const client = new Client().logIn()
        const data = client.data()
        sendAll(data, pattern(3000))
        expect(client.say("STOR early")).toEqual(["150 Go ahead.", "226 Transfer complete."])
        expect(file("early").equals(pattern(3000))).toBe(true)
    })

    it("append (APPE), and continue from any byte of a file (REST)", () => {
        start()
        const client = new Client().logIn()
        client.store("APPE a", pattern(1000))
        client.store("APPE a", pattern(500, 2))
        expect(file("a")).toEqual(Buffer.concat([pattern(1000), pattern(500, 2)]))
        expect(client.say("REST 200")).toEqual(["350 From byte 200 on."])
        // EPSV in between ends it: REST applies only to the next command.
        client.store("STOR a", pattern(100, 3))
        expect(file("a")).toEqual(Buffer.from(pattern(100, 3)))
        const data = client.data()
        expect(client.say("REST 60\r\nSTOR a")[0]).toMatch(/^350 /)
        sendAll(data, pattern(100, 4))
        client.say("")
        expect(file("a")).toEqual(Buffer.concat([pattern(100, 3).subarray(0, 60), pattern(100, 4)]))
        client.passivePort()
        expect(client.say("REST 161\r\nSTOR a")[1]).toMatch(/^554 /)
        expect(file("a")).toHaveLength(160)
    })

    it("keep the bytes after a part that is sent again", () => {
        start()
        writeFileSync(join(root, "a"), pattern(1000))
        const client = new Client().logIn()
        const data = client.data()
        client.say("REST 100\r\nSTOR a")
        sendAll(data, pattern(50, 9))
        client.say("")
        const whole = Buffer.from(pattern(1000))
        whole.set(pattern(50, 9), 100)
        expect(file("a")).toEqual(whole)
    })

    it("return files, also from the middle", () => {
        start()
        writeFileSync(join(root, "a"), pattern(200_000))
        const client = new Client().logIn()
        expect(client.fetch("RETR a").equals(pattern(200_000))).toBe(true)
        expect(client.say("")).toContain("226 Transfer complete.")
        expect(client.fetch("REST 199990\r\nRETR a")).toEqual(
            Buffer.from(pattern(200_000).subarray(199_990)),
        )
        expect(client.say("RETR none").at(-1)).toBe("550 No such file.")
    })

    it("are refused for invalid names", () => {
        start()
        const client = new Client().logIn()
        client.say("MKD logs")
        client.passivePort()
        expect(client.say("STOR logs\r\nSTOR none/a\r\nRETR logs\r\nLIST none")).toEqual([
            "553 File name not allowed.",
            "553 File name not allowed.",
            "550 No such file.",
            "550 No such file or folder.",
        ])
    })

    it("run to the end when the client closes the control connection", () => {
        start()
        const client = new Client().logIn()
        const port = client.passivePort()
        client.link.write(Buffer.from("STOR handover\r\n"))
        client.link.close()
        clock.advance(5000)
        const data = dial(port)!
        sendAll(data, pattern(50_000))
        clock.advance(1000)
        expect(file("handover").equals(pattern(50_000))).toBe(true)
        expect(received).toEqual(["handover 50000"])
    })

    it("keep the data of a broken connection, and report it", () => {
        start()
        const client = new Client().logIn()
        const data = client.data()
        client.say("STOR a")
        sendAll(data, pattern(4000), false)
        clock.advance(1000)
        data.vanish()
        expect(client.say("", 290_000)).toEqual([])
        expect(client.say("", 11_000)).toEqual(["426 The connection broke."])
        expect(file("a").equals(pattern(4000))).toBe(true)
        expect(received).toEqual([])
        expect(client.say("NOOP")).toEqual(["200 OK."])
    })

    it("delay commands until they end", () => {
        start()
        const client = new Client().logIn()
        const data = client.data()
        expect(client.say("STOR a\r\nSIZE a")).toEqual(["150 Go ahead."])
        sendAll(data, pattern(700))
        expect(client.say("")).toEqual(["226 Transfer complete.", "213 700"])
    })
})

describe("the server's modes", () => {
    it("down: refuses connections, and cuts open ones", () => {
        start()
        const client = new Client().logIn()
        const data = client.data()
        client.say("STOR a")
        sendAll(data, pattern(100), false)
        clock.advance(500)
        server.setMode("down")
        clock.advance(500)
        expect(client.link.over).toBe("reset")
        expect(data.over).toBe("reset")
        expect(dial(21)).toBeUndefined()
        expect(file("a")).toHaveLength(100)
        server.setMode("up")
        expect(new Client().say("")).toEqual([expect.stringMatching(/^220 /)])
    })

    it("hang: accepts connections and says nothing", () => {
        start()
        server.setMode("hang")
        const client = new Client()
        expect(client.say("USER x", 600_000)).toEqual([])
        expect(client.link.over).toBe("")
        server.setMode("up")
        clock.advance(500)
        expect(client.link.over).toBe("reset")
        expect(new Client().say("")).toHaveLength(1)
    })

    it("hang: stops waiting for a data connection, and closes its port", () => {
        start()
        const client = new Client().logIn()
        const port = client.passivePort()
        client.say("STOR a")
        server.setMode("hang")
        expect(dial(port)).toBeUndefined()
    })
})
