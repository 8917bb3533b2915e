import { expect } from "vitest"
import { emptyWriteAbort } from "../../sim/abortwords"
import { asBytes, defaultNetwork } from "../../sim/wifi/air"
import type { DriverOptions } from "../../sim/wifi/driver"
import { ServiceWifi } from "../../src/board/wifi"
import { WifiBoard } from "./wifiboard"
import { useWifiBoard } from "./wifinatives"

const { name, password } = defaultNetwork

/** Expects the board to be connected, to know it, and to have made this many resets. */
export function expectJoined(board: WifiBoard, network: string, resets = 0): void {
    expect(board.driver.network).toBe(asBytes(network))
    expect(board.wifi.network()).toBe(network)
    expect(board.wifi.connected()).toBe(true)
    expect(board.resets).toBe(resets)
}

/**
 * Boards in range of three networks. The test file must mock "@devicescript/core" with `natives` of
 * wifinatives.ts.
 */
export class WifiBoards {
    /** A new board at its first power-on. */
    fresh(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
        const board = this.make(seed, options)
        board.reset()
        board.resets = 0
        return board
    }

    /** A configured board at a later power-on. */
    setUp(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
        const board = this.make(seed, options)
        board.stored = { ssid: name, psk: password }
        board.ssid = name
        board.password = password
        board.reset()
        board.resets = 0
        return board
    }

    /** A board that has been in its network for a while. */
    async joined(seed?: number, options?: Partial<DriverOptions>): Promise<WifiBoard> {
        const board = this.setUp(seed, options)
        await board.seconds(60)
        expectJoined(board, name)
        board.events.length = 0
        board.alarms.length = 0
        return board
    }

    /** A board in the open network, after the one reset for it. */
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

    /** A board before its first power-on. */
    make(seed?: number, options?: Partial<DriverOptions>): WifiBoard {
        const create = () => {
            useWifiBoard(board)
            return new ServiceWifi()
        }
        const board: WifiBoard = new WifiBoard(create, seed, options)
        board.air.addNetwork("other", "its password")
        board.air.addNetwork("open")
        return board
    }
}
