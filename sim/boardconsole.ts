import type { ClientOptions } from "../console/client"
import type { SimClock } from "./clock"
import type { Chance } from "./random"

type Timer = ReturnType<SimClock["setTimeout"]>

/**
 * A console client that lives in the board's time, with numbers by the seed: not by the host's, as
 * the one at a serial port does.
 * @param stream of chance; each console of a board has its own
 */
export function boardConsole(
    clock: SimClock,
    epochMs: number,
    chance: Chance,
    stream: string,
): ClientOptions {
    const random = chance.stream(stream)
    const number = () => Math.floor(random() * 0x10000)
    return {
        session: number(),
        request: number(),
        time: {
            nowMs: () => epochMs + clock.nowMs(),
            sleep: ms => clock.sleep(ms),
            setInterval: (run, ms) => {
                const interval: { timer?: Timer } = {}
                const arm = () => {
                    interval.timer = clock.setTimeout(() => {
                        arm()
                        run()
                    }, ms)
                }
                arm()
                return interval
            },
            clearInterval: handle =>
                clock.clearTimeout((handle as { timer?: Timer } | undefined)?.timer),
        },
    }
}
