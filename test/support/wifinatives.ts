import type { WifiBoard } from "./wifiboard"

let board: WifiBoard

/** The board whose service and time the next `ServiceWifi` gets. */
export function useWifiBoard(one: WifiBoard): void {
    board = one
}

/**
 * The parts of "@devicescript/core" that src/board/wifi.ts uses, on a model of the ESP32's station,
 * for one board at a time.
 */
export const natives = {
    // The object that a constructor returns replaces the new one.
    Wifi: class {
        constructor() {
            return board.client()
        }
    },
    sleep: (ms: number) => board.ticks.sleep(ms),
}
