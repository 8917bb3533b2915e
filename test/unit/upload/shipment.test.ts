import { describe, expect, it } from "vitest"
import { FaultCode } from "../../../src/core/fault"
import type { TcpStream } from "../../../src/core/seams"
import { Shipment } from "../../../src/upload/shipment"
import { DeviceBuffer } from "../../support/devicebuffer"
import { MemoryCard, pattern } from "../../support/uploadcard"

const path = "LOG/20261122.CSV"
const sizeBytes = 5 * 512 + 100

/** A file on the inserted card, and the bytes that the server gets. */
function listed() {
    const card = new MemoryCard()
    card.put(path, pattern(sizeBytes, 1))
    const sent: number[] = []
    const stream = {
        send: async (data: Uint8Array) => void sent.push(...data),
    } as unknown as TcpStream
    const folder = {
        storage: card,
        history: undefined as never,
        folder: "LOG",
        flash: undefined as never,
        outgoing: DeviceBuffer.alloc(512) as never,
    }
    return { card, sent, stream, shipment: new Shipment(folder, 26112200, sizeBytes) }
}

describe("a file on its way to the server", () => {
    it("arrives whole", async () => {
        const { stream, sent, shipment } = listed()
        await shipment.copyTo(stream, 0)
        expect(Buffer.from(sent).equals(pattern(sizeBytes, 1))).toBe(true)
    })

    it("has no bytes of another card inserted in between", async () => {
        for (let change = 1; change <= 6; ++change) {
            const { card, stream, sent, shipment } = listed()
            card.onUse = uses => {
                if (uses !== change) return
                card.mounts++
                card.put(path, pattern(sizeBytes, 2))
            }
            await expect(shipment.copyTo(stream, 0)).rejects.toMatchObject({
                code: FaultCode.NotMounted,
            })
            const begun = pattern(sizeBytes, 1).subarray(0, (change - 1) * 512)
            expect(Buffer.from(sent).equals(begun), `${change}`).toBe(true)
        }
    })
})
