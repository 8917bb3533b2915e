import { describe, expect, it } from "vitest"
import { extendedPort, passivePort } from "../../../src/upload/ftp"
import { Deadline } from "../../../src/core/deadline"
import { lineReader } from "../../../src/core/lines"
import { ReplyReader } from "../../../src/upload/ftpreply"
import { base64 } from "../../../src/upload/gateway"
import { DeviceBuffer } from "../../support/devicebuffer"

/** The replies in `text`, received in pieces of `step` bytes before the connection closes. */
async function readAll(text: string, step: number): Promise<[number, string][]> {
    const reader = new ReplyReader()
    const replies: [number, string][] = []
    const lines = lineReader(streamOf(DeviceBuffer.from(text), step), 1 << 30)
    const deadline = new Deadline({ nowMs: () => 0, sleep: async () => {} }, 1000)
    for (;;) {
        const line = await lines(deadline)
        if (line === undefined) return replies
        const code = reader.take(line)
        if (code !== 0) replies.push([code, line])
    }
}

function streamOf(bytes: DeviceBuffer, step: number) {
    let at = 0
    const receive = async () => {
        if (at >= bytes.length) return undefined
        at += step
        return bytes.slice(at - step, Math.min(bytes.length, at))
    }
    return { send: async () => {}, close: async () => {}, receive } as never
}

const cases = [
    { title: "a plain reply", text: "220 hello\r\n", replies: [[220, "220 hello"]] },
    { title: "a reply of only its code", text: "230\r\n", replies: [[230, "230"]] },
    { title: "a bare line feed", text: "200 ok\n", replies: [[200, "200 ok"]] },
    {
        title: "two replies at once",
        text: "150 go\r\n226 done\r\n",
        replies: [
            [150, "150 go"],
            [226, "226 done"],
        ],
    },
    {
        title: "several lines with codes in between",
        text: "220-welcome\r\n 220 not yet\r\n221 nor this\r\n220-nor this\r\n\r\n220 end\r\n331 pw\r\n",
        replies: [
            [220, "220 end"],
            [331, "331 pw"],
        ],
    },
    {
        title: "a banner of 60 lines",
        text: "230-a\r\n" + ("x".repeat(70) + "\r\n").repeat(60) + "230 in\r\n",
        replies: [[230, "230 in"]],
    },
    { title: "the start of a reply", text: "220 hel", replies: [] },
]

describe("the reply reader", () => {
    for (const step of [1, 2, 3, 53, 511, 513, 5000])
        it.each(cases)(`reads $title in pieces of ${step} bytes`, async ({ text, replies }) => {
            expect(await readAll(text, step)).toEqual(replies)
        })

    it.each(["HTTP/1.1 400 Bad Request\r\n", "hello\r\n", "\r\n", "12 x\r\n", "-12 x\r\n"])(
        "refuses %j as no reply",
        async text => {
            await expect(readAll(text, 5000)).rejects.toThrow("does not speak FTP")
        },
    )

    it("keeps the beginning of a line of any length, and continues after it", async () => {
        const long = "x".repeat(4000)
        const kept = "220 " + "x".repeat(156)
        for (const step of [1, 100, 5000]) {
            expect(await readAll(`220 ${long}`, step)).toEqual([])
            expect(await readAll(`220 ${long}\r\n331 pw\r\n`, step)).toEqual([
                [220, kept],
                [331, "331 pw"],
            ])
            expect(await readAll(`220-${long}\r\n 220 ${long}\r\n220 end\r\n`, step)).toEqual([
                [220, "220 end"],
            ])
        }
    })
})

describe("the data port", () => {
    it.each([
        ["229 Entering Extended Passive Mode (|||6446|)", 6446],
        ["229 ok (|||6446|).", 6446],
    ])("is read from %j", (line, port) => {
        expect(extendedPort(line)).toBe(port)
    })

    it.each([
        ["227 Entering Passive Mode (127,0,0,1,200,13).", 200 * 256 + 13],
        ["227 Entering Passive Mode 10,0,0,1,4,1", 1025],
        ["227 =0,0,0,0,0,21)", 21],
    ])("is read from %j", (line, port) => {
        expect(passivePort(line)).toBe(port)
    })

    it.each(["227 ok", "229 (6446)", "227 (1,2,3,4,x,y)", "229 |"])("is missing in %j", line => {
        expect(extendedPort(line) > 0).toBe(false)
        expect(passivePort(line) > 0).toBe(false)
    })
})

describe("base64", () => {
    it.each(["", "a", "ab", "abc", "anonymous:bms-mini@", "ü:\u00ff?"])("encodes %j", text => {
        expect(base64(DeviceBuffer.from(text))).toBe(Buffer.from(text).toString("base64"))
    })
})
