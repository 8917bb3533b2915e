import type { Delay } from "../random"

/** Behaviour of the simulated network and the ESP32's end of it; all in board time. */
export interface NetworkOptions {
    /** One packet's delay. A round trip is two of them. */
    oneWay: Delay
    /** Air time of 1,024 bytes. */
    kilobyte: Delay
    /** Name look-up and connect, as the board sees it. */
    connect: Delay
    /** lwIP's timeout for a name that no server answers for. */
    lookupFailed: Delay
    /** lwIP's timeout for an unanswered SYN. */
    synUnanswered: Delay
    /** Simulated hosts ignore SYNs, unless set by name. */
    synBlackhole: boolean
    /**
     * Share of socket handovers in which the runtime receives on the old socket while its worker
     * closes it: "recv error" for a connection that no longer exists.
     */
    receiveCloseRace: number
    /** The period at which the runtime's main loop checks the socket. */
    loopMs: number
}

/**
 * An ESP32 on a good Wi-Fi network. Round trip 13–16 ms typically, 47–114 ms at 99 %; at most 20
 * Mbit/s; 20–200 ms to connect. Sources: public measurements of the ESP32's Wi-Fi; lwIP 2.1.3's
 * timeouts as in ESP-IDF 5.0: some 18 s for a SYN, 10 s for a silent name server.
 */
export const esp32Network: NetworkOptions = {
    oneWay: { ms: [6, 8.5], tail: { share: 0.01, ms: [40, 105] } },
    kilobyte: { ms: [0.41, 0.7], tail: { share: 0.02, ms: [1, 8] } },
    connect: { ms: [20, 60], tail: { share: 0.1, ms: [60, 200] } },
    lookupFailed: { ms: [10_000, 10_000] },
    synUnanswered: { ms: [18_000, 18_000] },
    synBlackhole: false,
    receiveCloseRace: 0,
    loopMs: 10,
}
