import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { CardSlot } from "../../../sim/cardslot"
import { Bq76952Chip } from "../../../sim/chips/bq76952"
import type { SpiChip } from "../../../sim/chips/chip"
import { BusPort } from "../../../sim/port"
import { Pack } from "../../../sim/pack"
import { generator } from "../../../sim/random"

/** A large frame from the runtime: topic, zero byte, data. */
function frame(topic: string, data: number[] = [0]): Uint8Array {
    return Uint8Array.from([...Buffer.alloc(16), ...Buffer.from(topic), 0, ...data])
}

/** An SPI chip that records its calls. */
class Witness implements SpiChip {
    readonly seen: string[] = []

    configure(hz: number): void {
        this.seen.push(`${hz} Hz`)
    }

    select(on: boolean): void {
        this.seen.push(on ? "low" : "high")
    }

    transfer(out: Uint8Array): Uint8Array {
        this.seen.push(`${out.length} bytes`)
        return out
    }
}

describe("the simulated board's wires", () => {
    it("carry the bus's rate, the chip select and the transfers in order", () => {
        const chip = new Witness()
        const port = new BusPort(chip, [])
        for (const topic of ["spi-select 0", "spi-clock 20000000", "spi-select 1", "spi"])
            port.fromBoard(frame(topic))
        port.exchange(new Uint8Array(22))
        expect(chip.seen).toEqual(["high", "20000000 Hz", "low", "22 bytes"])
    })

    it("end a write with a STOP before the following read, like the ESP32, by default", () => {
        for (const [repeatedStart, bytes] of [
            [undefined, "685d0b3100"],
            [false, "685d0b3100"],
            [true, "68330b3100"],
        ] as const) {
            const pack = new Pack({ spread: 0 })
            pack.setCell(1, 2.92)
            let ms = 0
            const monitor = new Bq76952Chip(pack, { nowMs: () => (ms += 1000), crc: true })
            const port = new BusPort(new Witness(), [monitor], { repeatedStart })
            port.fromBoard(frame("i2c", [0x14]))
            const answer = Uint8Array.of(8, 0, 0, 0, 0)
            port.exchange(answer)
            expect(Buffer.from(answer).toString("hex")).toBe(bytes)
        }
    })
})

describe("the card slot", () => {
    function withImage(work: (path: string) => void): void {
        const folder = mkdtempSync(join(tmpdir(), "bms-mini-slot-"))
        try {
            const path = join(folder, "card.img")
            writeFileSync(path, "")
            truncateSync(path, 64 * 1024 * 1024)
            work(path)
        } finally {
            rmSync(folder, { recursive: true })
        }
    }

    const command = (index: number, argument: number) => {
        const bytes = [24, 16, 8, 0].map(shift => (argument >>> shift) & 255)
        const ff = new Array<number>(16).fill(0xff)
        return Uint8Array.of(0xff, 0x40 + index, ...bytes, index === 0 ? 0x95 : 0x87, ...ff)
    }

    function start(slot: CardSlot): void {
        slot.select(false)
        slot.transfer(new Uint8Array(10).fill(0xff))
        slot.select(true)
        slot.transfer(command(0, 0))
        slot.transfer(command(8, 0x1aa))
        for (let i = 0; i < 3; ++i) {
            slot.transfer(command(55, 0))
            slot.transfer(command(41, 0x40000000))
        }
    }

    /** Bytes from a read command to its token. */
    function tokenAt(slot: CardSlot): number {
        slot.transfer(command(17, 512))
        return slot.transfer(new Uint8Array(30000).fill(0xff)).indexOf(0xfe)
    }

    it("passes its timing to every card, and the bus's rate also to later cards", () => {
        withImage(path => {
            const read = { ms: [1, 1] as const }
            const timing = { nowMs: () => 0, random: generator(1), read }
            const slot = new CardSlot(path, timing)
            slot.configure(20_000_000)
            start(slot)
            // 1 ms is 2500 bytes at 20 MHz, minus those of the command.
            expect(tokenAt(slot)).toBeGreaterThan(2470)
            expect(tokenAt(slot)).toBeLessThan(2490)
            slot.insert()
            start(slot)
            expect(tokenAt(slot)).toBeGreaterThan(2470)
            slot.select(false)
            slot.configure(400_000)
            start(slot)
            expect(tokenAt(slot)).toBeLessThan(50)
            slot.pull()
            slot.configure(20_000_000)
            expect(tokenAt(slot)).toBe(-1)
        })
    })

    it("has no delays without a timing", () => {
        withImage(path => {
            const slot = new CardSlot(path)
            start(slot)
            slot.transfer(command(17, 512).subarray(0, 7))
            expect(slot.transfer(new Uint8Array(20).fill(0xff)).indexOf(0xfe)).toBe(4)
            slot.pull()
        })
    })
})
