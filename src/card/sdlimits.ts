// Counts, times and modes of the SD card driver.

export const enum Limit {
    /** Longest read access and write: the standard allows 100 and 500 ms, cards take more. */
    ReadMs = 1000,
    BusyMs = 3000,
    /** Bytes of a short transfer: a command, twice the longest NCR, R1 and four more bytes. */
    ShortBytes = 29,
    /** A longer poll would not help: the interpreter scans slower than the wire transfers. */
    PollBytes = 20,
    /** Polls, some 4 ms in all, before the first sleep, which lasts to the next tick of 10 ms. */
    QuickPolls = 8,
    StartClockHz = 400000,
    ClockHz = 20000000,
    /** The clock is halved at each retry, but not below this. */
    ClockHzMin = 5000000,
    /** CMD0s sent to a socket that does not answer, in each of three attempts. */
    WakeTries = 4,
    /** CMD0s sent to a card that is busy with work from before the board's reset: 2 s at least. */
    BusyTries = 80,
    /**
     * ACMD41s sent until the card has started (section 4.2.3: one second, some need two), 10 ms or
     * more each.
     */
    StartTries = 300,
    /**
     * Mask: every 64 operations, at least 0.2 s, a rest lets the main loop turn before its watchdog
     * bites.
     */
    WorksMost = 63,
    Tries = 3,
    /** More blocks than an SDHC card can have (C_SIZE 65375) make it SDXC. */
    SdhcBlocksMax = 66945024,
}

/** What an operation does besides writing blocks. */
export const enum Look {
    Read = 1,
    /** The same, and checks its checksum. */
    Checked = 3,
    /** Checks the card's status. */
    Status = 4,
    /** Wakes and identifies the card first. */
    Start = 8,
}
