import type { Board } from "../../src/core/seams"
import { NodeHashing } from "./nodehashing"

type Needed = "ticks" | "spi" | "i2c" | "flash" | "tcp" | "wifi" | "serveConsole" | "reboot"

/** A board in Node with the given parts; all other parts are the same for every test. */
export function bareBoard(given: Pick<Board, Needed> & Partial<Board>): Board {
    return {
        light: { set: async () => {} },
        hashing: new NodeHashing(),
        shortId: "AB12",
        version: "0.1.0",
        program: 1,
        spawn: work => void Promise.resolve().then(work),
        log: () => {},
        ...given,
    }
}
