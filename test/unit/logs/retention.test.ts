import { beforeEach, describe, expect, it } from "vitest"
import { Retention } from "../../../src/logs/retention"
import { MemoryStorage, MemoryVolume } from "../../support/memoryvolume"
import { SentLines } from "../../support/sentlines"

let nowMs: number
let onServer: SentLines
let storage: MemoryStorage
let volume: MemoryVolume
let retention: Retention

beforeEach(() => {
    nowMs = 0
    onServer = new SentLines()
    storage = new MemoryStorage()
    volume = storage.volume!
    const ticks = { nowMs: () => nowMs, sleep: async () => {} }
    retention = new Retention(ticks, onServer.histories)
})

function put(...paths: string[]): void {
    for (const path of paths) volume.put(path, "records of " + path)
}

async function makeRoom(): Promise<boolean> {
    return await retention.makeRoom(storage, "20261122")
}

describe("retention", () => {
    it("deletes the oldest sent file of either log, one at a time", async () => {
        put("LOG/20261121.CSV", "LOG/20261119.CSV", "CELL/20261118.CSV", "CELL/20261120.CSV")
        put("CELL/26111801.CSV")
        for (const path of volume.paths()) onServer.sent.add(path)
        const order: string[] = []
        for (let before = volume.paths(); ; before = volume.paths()) {
            if (!(await makeRoom())) break
            order.push(...before.filter(path => !volume.paths().includes(path)))
        }
        expect(order).toEqual([
            "CELL/20261118.CSV",
            "CELL/26111801.CSV",
            "LOG/20261119.CSV",
            "CELL/20261120.CSV",
            "LOG/20261121.CSV",
        ])
    })

    it("skips files that were not sent whole", async () => {
        put("LOG/20261119.CSV", "LOG/20261120.CSV")
        onServer.begun.add("LOG/20261119.CSV")
        onServer.sent.add("LOG/20261120.CSV")
        expect(await makeRoom()).toBe(true)
        expect(volume.paths()).toEqual(["LOG/20261119.CSV"])
        expect(await makeRoom()).toBe(false)
        expect(volume.paths()).toEqual(["LOG/20261119.CSV"])
    })

    it("leaves today's files, later ones and foreign ones alone", async () => {
        put("LOG/20261122.CSV", "LOG/26112201.CSV", "CELL/20261123.CSV")
        put("LOG/PHOTO.JPG", "LOG/20261101.TXT", "20261101.CSV", "DCIM/20261101.CSV")
        for (const path of volume.paths()) onServer.sent.add(path)
        expect(await makeRoom()).toBe(false)
        expect(volume.paths().length).toBe(7)
    })

    it("searches at most once a minute while there is nothing to delete", async () => {
        put("LOG/20261119.CSV")
        expect(await makeRoom()).toBe(false)
        onServer.sent.add("LOG/20261119.CSV")
        nowMs = 59999
        expect(await makeRoom()).toBe(false)
        nowMs = 60000
        expect(await makeRoom()).toBe(true)
    })

    it("finds the one sent file among 1,460 by reading its own history twice", async () => {
        for (let day = 0; day < 1460; ++day) {
            const date = new Date(Date.UTC(2022, 10, 21 + day)).toISOString().slice(0, 10)
            put(`LOG/${date.replaceAll("-", "")}.CSV`)
        }
        onServer.sent.add("LOG/20261119.CSV")
        // Missing files, up to five years older than the last day.
        for (let day = 10; day <= 28; ++day) onServer.sent.add(`LOG/202112${day}.CSV`)
        expect(await makeRoom()).toBe(true)
        expect(volume.paths().length).toBe(1459)
        expect(volume.paths()).not.toContain("LOG/20261119.CSV")
        expect(onServer.readings).toBe(3)
    })

    it("checks four files that contradict their lines, and next time the ones after", async () => {
        for (let day = 1; day <= 20; ++day) put(`LOG/202611${String(day).padStart(2, "0")}.CSV`)
        for (const path of volume.paths()) onServer.begun.add(path)
        expect(await makeRoom()).toBe(false)
        expect(onServer.readings).toBe(2 + 4)
        onServer.sent.add("LOG/20261107.CSV")
        expect(await makeRoom()).toBe(true)
        expect(onServer.readings).toBe(2 + 4 + 2 + 3)
        expect(volume.paths().length).toBe(19)
    })

    it("finds a file sent in the meantime before the end of the last search", async () => {
        put("LOG/20261118.CSV", "LOG/20261119.CSV", "LOG/20261120.CSV")
        onServer.sent.add("LOG/20261119.CSV")
        expect(await makeRoom()).toBe(true)
        onServer.sent.add("LOG/20261118.CSV")
        expect(await makeRoom()).toBe(true)
        expect(volume.paths()).toEqual(["LOG/20261120.CSV"])
    })

    it("finds the second file of a day whose first one must be sent again", async () => {
        put("LOG/20261119.CSV", "LOG/26111901.CSV")
        onServer.sent.add("LOG/26111901.CSV")
        expect(await makeRoom()).toBe(true)
        expect(volume.paths()).toEqual(["LOG/20261119.CSV"])
    })

    it("deletes only from the card whose history says that the file was sent", async () => {
        put("LOG/20261119.CSV")
        onServer.sent.add("LOG/20261119.CSV")
        const other = new MemoryVolume()
        other.put("LOG/20261119.CSV", "records that nobody has yet")
        const [history] = onServer.histories
        const fullySent = history.fullySent.bind(history)
        history.fullySent = async (name, sizeBytes) => {
            const sent = await fullySent(name, sizeBytes)
            storage.insert(other)
            return sent
        }
        expect(await makeRoom()).toBe(false)
        expect(other.paths()).toEqual(["LOG/20261119.CSV"])
    })
})
