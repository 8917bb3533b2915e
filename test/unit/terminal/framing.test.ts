import { readFileSync } from "node:fs"
import { noise } from "../../support/serialnoise"
import { describe, expect, it } from "vitest"
import { UsbBridgeCmd } from "jacdac-ts"
import { bridgeCommand, encodeFrame, isBridgeFrame, LineDecoder } from "../../../console/framing"
import { UsbBridge } from "../../../sim/usbbridge"

/** The behaviour of the runtime's own code; see the file's note. */
interface Recorded {
    toHost: {
        name: string
        operations: ("pull" | { frame?: string; log?: string; panic?: string })[]
        pulled: string[]
        queued: number[]
    }[]
    toBoard: { name: string; bytes: string; accepted: string[]; pulled: string[] }[]
}
const recorded: Recorded = JSON.parse(readFileSync("test/fixtures/serial-framing.json", "utf8"))

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"))
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

/** The decoder's output for bytes in pieces of this size. */
function decode(bytes: Uint8Array, pieceBytes = bytes.length) {
    const frames: string[] = []
    const lines: string[] = []
    const decoder = new LineDecoder({
        onFrame: frame => frames.push(hexOf(frame)),
        onLogLine: line => lines.push(hexOf(line)),
    })
    for (let at = 0; at < bytes.length; at += Math.max(1, pieceBytes))
        decoder.push(bytes.subarray(at, at + Math.max(1, pieceBytes)))
    return { frames, lines }
}

/** A bridge as at the start of the recordings: packets enabled, the answer taken. */
function enabledBridge() {
    const accepted: string[] = []
    const bridge = new UsbBridge(frame => accepted.push(hexOf(frame)))
    const pulled = () => {
        const pieces: string[] = []
        for (let piece = bridge.pull(); piece.length > 0; piece = bridge.pull())
            pieces.push(hexOf(piece))
        return pieces
    }
    bridge.push(encodeFrame(bridgeCommand(UsbBridgeCmd.EnablePackets)))
    pulled()
    return { bridge, accepted, pulled }
}

describe("the runtime's output", () => {
    it.each(recorded.toHost)("is understood by the terminal: $name", recording => {
        const taken = recording.operations.flatMap(one =>
            one !== "pull" && one.frame ? [one.frame] : [],
        )
        const expected = taken.filter((_, index) => recording.queued[index] === 0)
        const log = recording.operations.flatMap(one =>
            one !== "pull" && one.log ? [one.log] : [],
        )
        const bytes = bytesOf(recording.pulled.join(""))
        for (const pieceBytes of [1, 7, 64, bytes.length]) {
            const { frames, lines } = decode(bytes, pieceBytes)
            expect(frames).toEqual(expected)
            if (log.length > 0) expect(lines.map(line => line + "0a").join("")).toBe(log.join(""))
        }
    })

    it.each(recorded.toHost.filter(one => !JSON.stringify(one.operations).includes("panic")))(
        "matches the simulated board's: $name",
        recording => {
            const { bridge, pulled } = enabledBridge()
            const pieces: string[] = []
            const queued: number[] = []
            for (const operation of recording.operations) {
                if (operation === "pull") pieces.push(...pulled())
                else if (operation.frame)
                    queued.push(bridge.sendFrame(bytesOf(operation.frame)) ? 0 : -1)
                else bridge.log(bytesOf(operation.log!))
            }
            expect(pieces).toEqual(recording.pulled)
            expect(queued).toEqual(recording.queued.map(status => (status === 0 ? 0 : -1)))
        },
    )

    it("has a mark for dropped frames", () => {
        const full = recorded.toHost.find(one => one.queued.includes(-1))!
        expect(full.pulled[0].slice(0, 8)).toBe("fefbfefc")
    })

    it("has the text of a panic after a truncated frame", () => {
        const frame = bytesOf(recorded.toHost[0].pulled[0])
        const panic = Buffer.from("\xfe\xfd\nPANIC 60005\n", "latin1")
        const { frames, lines } = decode(Buffer.concat([frame.subarray(0, 12), panic]))
        expect(frames).toEqual([])
        expect(lines.map(line => Buffer.from(line, "hex").toString())).toEqual(["", "PANIC 60005"])
    })
})

describe("the runtime's input", () => {
    it.each(recorded.toBoard)("is accepted alike by the simulated board: $name", recording => {
        for (const pieceBytes of [1, 5, 4096]) {
            const { bridge, accepted, pulled } = enabledBridge()
            const bytes = bytesOf(recording.bytes)
            for (let at = 0; at < bytes.length; at += pieceBytes)
                bridge.push(bytes.subarray(at, at + pieceBytes))
            expect(accepted).toEqual(recording.accepted)
            expect(pulled()).toEqual(recording.pulled)
        }
    })

    it.each(recorded.toBoard)("is accepted alike by the terminal: $name", recording => {
        const frames = decode(bytesOf(recording.bytes)).frames
        expect(frames.filter(frame => !isBridgeFrame(bytesOf(frame)))).toEqual(recording.accepted)
    })

    it("matches the terminal's output", () => {
        for (const { accepted } of recorded.toBoard)
            for (const frame of accepted) {
                const line = encodeFrame(bytesOf(frame))
                expect(recorded.toBoard.map(one => one.bytes).join(" ")).toContain(hexOf(line))
            }
    })

    it("begins with the command that enables frames, as in the runtime's specification", () => {
        const frame = bridgeCommand(UsbBridgeCmd.EnablePackets)
        // By hand: size 4, flags command + service class + loopback, class, broadcast mark, index
        // 0x3d, 0x81.
        expect(hexOf(frame.subarray(2))).toBe("04454a1af618aaaaaaaa003d8100")
        expect(hexOf(encodeFrame(frame)).startsWith("fefc")).toBe(true)
    })
})

describe("10 MB of random bytes", () => {
    const bytes = noise(10_000_000)
    const good = recorded.toBoard[0]

    it("to the terminal do not prevent the next frame, and hold no memory", () => {
        let longest = 0
        let last = ""
        const decoder = new LineDecoder({
            onFrame: frame => (last = hexOf(frame)),
            onLogLine: line => (longest = Math.max(longest, line.length)),
        })
        for (let at = 0; at < bytes.length; at += 4096) decoder.push(bytes.subarray(at, at + 4096))
        decoder.push(bytesOf(good.bytes))
        expect(last).toBe(good.accepted[0])
        expect(longest).toBeLessThanOrEqual(1024)
    })

    it("to the simulated board do not prevent the next frame", () => {
        const { bridge, accepted, pulled } = enabledBridge()
        for (let at = 0; at < bytes.length; at += 4096) bridge.push(bytes.subarray(at, at + 4096))
        bridge.push(bytesOf(good.bytes))
        expect(accepted.at(-1)).toBe(good.accepted[0])
        expect(pulled().join("").length / 2).toBeLessThan(10_000)
    })
})
