import type { ClientOptions } from "../console/client"
import type { SimClock } from "./clock"
import type { Chance } from "./random"

type Timer = ReturnType<SimClock["setTimeout"]>

/**
 * A console client in board time, with numbers drawn from the seed; the one at a serial port uses
 * the host's.
 * @param stream name of the random stream; each console of a board has its own
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
