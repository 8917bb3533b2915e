import { beforeEach, describe, expect, it } from "vitest"
import { LogKind } from "../../src/logs/record"
import { Retention } from "../../src/logs/retention"
import { MemoryVolume } from "../support/memoryvolume"

let nowMs: number
let sent: Set<string>
let volume: MemoryVolume
let retention: Retention

beforeEach(() => {
    nowMs = 0
    sent = new Set()
    volume = new MemoryVolume()
    const ticks = { nowMs: () => nowMs, sleep: async () => {} }
    retention = new Retention(ticks, async (kind, name, sizeBytes) => {
        const path = (kind === LogKind.Main ? "LOG/" : "CELL/") + name
        return sent.has(path) && sizeBytes === volume.text(path).length
    })
})

function put(...paths: string[]): void {
    for (const path of paths) volume.put(path, "records of " + path)
}

describe("retention", () => {
    it("deletes the oldest sent file of both logs, one at a time", async () => {
        put("LOG/20261121.CSV", "LOG/20261119.CSV", "CELL/20261118.CSV", "CELL/20261120.CSV")
        put("CELL/26111801.CSV")
        for (const path of volume.paths()) sent.add(path)
        const order: string[] = []
        for (let before = volume.paths(); ; before = volume.paths()) {
            if (!(await retention.makeRoom(volume, "20261122"))) break
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

    it("passes over what was not sent whole", async () => {
        put("LOG/20261119.CSV", "LOG/20261120.CSV")
        sent.add("LOG/20261120.CSV")
        expect(await retention.makeRoom(volume, "20261122")).toBe(true)
        expect(volume.paths()).toEqual(["LOG/20261119.CSV"])
        expect(await retention.makeRoom(volume, "20261122")).toBe(false)
        expect(volume.paths()).toEqual(["LOG/20261119.CSV"])
    })

    it("leaves today's files, later ones and foreign ones alone", async () => {
        put("LOG/20261122.CSV", "LOG/26112201.CSV", "CELL/20261123.CSV")
        put("LOG/PHOTO.JPG", "LOG/20261101.TXT", "20261101.CSV", "DCIM/20261101.CSV")
        for (const path of volume.paths()) sent.add(path)
        expect(await retention.makeRoom(volume, "20261122")).toBe(false)
        expect(volume.paths().length).toBe(7)
    })

    it("searches at most once a minute while there is nothing to delete", async () => {
        put("LOG/20261119.CSV")
        expect(await retention.makeRoom(volume, "20261122")).toBe(false)
        sent.add("LOG/20261119.CSV")
        nowMs = 59999
        expect(await retention.makeRoom(volume, "20261122")).toBe(false)
        nowMs = 60000
        expect(await retention.makeRoom(volume, "20261122")).toBe(true)
    })
})
