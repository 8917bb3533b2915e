import { describe, expect, it } from "vitest"
import { SdCardChip } from "../../../sim/chips/sdcard"
import { CardLife, morning, type CardLifeOptions } from "../../support/cardlife"
import { formattedStore, textOn, timesOn } from "../../support/cardstore"

const today = "LOG/20261122.CSV"
const cells = "CELL/20261122.CSV"

async function boardOnCard(options: CardLifeOptions) {
    const store = await formattedStore(16)
    const card = new SdCardChip(store)
    return { store, card, board: await CardLife.start(card, options) }
}

describe("two boards whose cards are exchanged", () => {
    it("log on without losing a record, even of the very same second", async () => {
        for (let late = 0; late < 4; ++late) {
            const one = await boardOnCard({ serial: "BMS-1A2B", periodSeconds: 5, cells: true })
            const two = await boardOnCard({ serial: "BMS-9F9F", periodSeconds: 5, cells: true })
            await one.board.run(20)
            await two.board.run(20)
            one.board.socket.pull()
            // The other board still logs a record or two on its own card.
            await one.board.run(5 * late)
            await two.board.run(5 * late)
            two.board.socket.pull()
            one.board.socket.insert(two.card)
            two.board.socket.insert(one.card)
            for (const { board } of [one, two]) {
                await board.settle()
                await board.run(20)
                await board.sync()
            }
            const texts = [await textOn(one.store, today), await textOn(two.store, today)].join("")
            for (const { board } of [one, two]) {
                const serial = board === one.board ? "BMS-1A2B" : "BMS-9F9F"
                const lines = texts.split("\r\n").filter(line => line.includes(serial))
                const seconds = lines.map(
                    line => Date.parse(line.slice(0, 10) + "T" + line.slice(11, 19) + "Z") / 1000,
                )
                expect(seconds.sort(), `${serial}, ${late}`).toEqual(board.made)
            }
        }
    })
})

describe("a clock that is set back", () => {
    for (const away of ["the power is cut", "the card is pulled"])
        it(`costs no record when ${away} soon afterwards`, async () => {
            for (let after = 1; after <= 3; ++after) {
                const { store, card, board } = await boardOnCard({ cells: true })
                await board.run(10)
                await board.moveClock(-3600)
                await board.run(after)
                const made = [...board.made]
                let next = board
                if (away === "the card is pulled") {
                    board.socket.pull()
                    await board.run(3)
                    board.socket.insert(card)
                } else {
                    // After less time the clock would continue from the time in flash.
                    const startSeconds = board.seconds() + 3
                    next = await CardLife.start(new SdCardChip(store), {
                        startSeconds,
                        flash: board.flash,
                        cells: true,
                    })
                }
                await next.settle()
                await next.run(5)
                await next.sync()
                const all = next === board ? board.made : [...made, ...next.made]
                expect(await timesOn(store, today), `${after}`).toEqual(all)
                expect(await timesOn(store, cells), `${after}`).toEqual(all)
            }
        })

    it("logs a second again when it recurs", async () => {
        const { store, board } = await boardOnCard({ periodSeconds: 10 })
        await board.run(25)
        await board.moveClock(-10)
        await board.run(30)
        await board.sync()
        const times = (await timesOn(store, today)).map(second => second - morning)
        expect(times).toEqual(board.made.map(second => second - morning))
    })
})

describe("a card that returns on the next day", () => {
    it("gets each queued record in the file of its own day", async () => {
        const startSeconds = Date.UTC(2026, 10, 22, 23, 59, 50) / 1000
        const { store, card, board } = await boardOnCard({ cells: true, startSeconds })
        await board.run(4)
        board.socket.pull()
        await board.run(12)
        board.socket.insert(card)
        expect(await board.settle()).toBeLessThanOrEqual(5)
        await board.run(5)
        await board.sync()
        const midnight = Date.UTC(2026, 10, 23) / 1000
        for (const log of ["LOG", "CELL"]) {
            const old = await timesOn(store, `${log}/20261122.CSV`)
            const fresh = await timesOn(store, `${log}/20261123.CSV`)
            expect([...old, ...fresh]).toEqual(board.made)
            expect(fresh[0]).toBe(midnight)
        }
    })
})

describe("a card that is out too long", () => {
    it("costs the oldest records, which are counted, reported and flagged", async () => {
        const { store, card, board } = await boardOnCard({})
        await board.run(5)
        board.socket.pull()
        await board.run(60)
        expect(board.flags()).toBe("SD_CARD, RECORDS_LOST")
        board.socket.insert(card)
        await board.settle()
        const lost = board.logger.recordsLost()
        expect(lost).toBeGreaterThan(25)
        expect(board.lines.at(-1)).toBe(
            `logger: ${lost} records lost while the card could not be written`,
        )
        await board.run(15)
        await board.sync()
        expect(board.flags()).toBe("none")
        const kept = [...board.made.slice(0, 5), ...board.made.slice(5 + lost)]
        expect(await timesOn(store, today)).toEqual(kept)
    })
})
