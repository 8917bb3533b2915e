import { expect } from "vitest"
import { emptyWriteAbort } from "../../sim/abortwords"
import { asBytes, defaultNetwork } from "../../sim/wifi/air"
import type { DriverOptions } from "../../sim/wifi/driver"
import type { Wifi } from "../../src/core/seams"
import { WifiBoard } from "./wifiboard"

const { name, password } = defaultNetwork

/** Joined, known to be so, and without a reset. */
export function expectJoined(board: WifiBoard, network: string, resets = 0): void {
    expect(board.driver.network).toBe(asBytes(network))
    expect(board.wifi.network()).toBe(network)
    expect(board.wifi.connected()).toBe(true)
    expect(board.resets).toBe(resets)
}

/** Boards in the reach of three networks. @param createWifi makes `ServiceWifi` on the service that the board gives */
export class WifiBoards {
    constructor(private readonly createWifi: (board: WifiBoard) => Wifi) {}

    /** Out of the box, at its first power-on. */
    fresh(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
        const board = this.make(seed, options)
        board.reset()
        board.resets = 0
        return board
    }

    /** Set up before, at a later power-on. */
    setUp(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
        const board = this.make(seed, options)
        board.stored = { ssid: name, psk: password }
        board.ssid = name
        board.password = password
        board.reset()
        board.resets = 0
        return board
    }

    /** In its network for a while. */
    async joined(seed?: number, options?: Partial<DriverOptions>): Promise<WifiBoard> {
        const board = this.setUp(seed, options)
        await board.seconds(60)
        expectJoined(board, name)
        board.events.length = 0
        board.alarms.length = 0
        return board
    }

    /** In the open network, which took its one reset. */
    async joinedOpen(seed?: number): Promise<WifiBoard> {
        const board = this.fresh(seed)
        await board.seconds(60)
        board.set("open", "")
        await board.seconds(90)
        expectJoined(board, "open", 1)
        expect(board.aborts).toEqual([emptyWriteAbort])
        board.events.length = 0
        board.alarms.length = 0
        return board
    }

    /** Before its first power-on. */
    make(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
        const board: WifiBoard = new WifiBoard(() => this.createWifi(board), seed, options)
        board.air.addNetwork("other", "its password")
        board.air.addNetwork("open")
        return board
    }
}
