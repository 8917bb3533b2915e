import type { WifiBoard } from "./wifiboard"

let board: WifiBoard

/** The board whose service and time the next `ServiceWifi` gets. */
export function useWifiBoard(one: WifiBoard): void {
    board = one
}

/**
 * What src/board/wifi.ts uses of "@devicescript/core", on a model of the ESP32's station: one board
 * at a time.
 */
export const natives = {
    // What a constructor returns is the object.
    Wifi: class {
        constructor() {
            return board.client()
        }
    },
    sleep: (ms: number) => board.ticks.sleep(ms),
}
