import type { Delay } from "../random"

/** How the simulated network and the ESP32's end of it behave; all of it in board time. */
export interface NetworkOptions {
    /** From a packet's leaving until it is there. A round trip is two of them. */
    oneWay: Delay
    /** What 1,024 bytes take on the air. */
    kilobyte: Delay
    /** A name looked up and a connection made, as the board sees it. */
    connect: Delay
    /** Until lwIP gives up a name that nobody answers for. */
    lookupFailed: Delay
    /** Until lwIP gives up a SYN that nobody answers. */
    synUnanswered: Delay
    /** The hosts of the simulation take no SYN, unless told otherwise by name. */
    synBlackhole: boolean
    /**
     * Share of the socket's handovers at which the runtime receives on the old socket while its
     * worker closes it: "recv error" for a connection that nobody has any more.
     */
    receiveCloseRace: number
    /** The runtime's main loop looks at the socket that often. */
    loopMs: number
}

/**
 * An ESP32 on a good Wi-Fi network. Round trip 13–16 ms in the middle, 47–114 ms at 99 %; at most
 * 20 Mbit/s; 20–200 ms to connect. Sources: public measurements of the ESP32's Wi-Fi; the times of
 * lwIP 2.1.3 as in ESP-IDF 5.0, whose SYN is given up after some 18 s and a name server's silence
 * after 10 s.
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
