// What the driver of the SD card counts and waits for, and what it does with a block.

export const enum Limit {
    /** Longest read access and write: the standard has 100 and 500 ms, cards take more. */
    ReadMs = 1000,
    BusyMs = 3000,
    /** Bytes of a short transfer: a command, twice the longest NCR, R1 and four bytes more. */
    ShortBytes = 29,
    /**
     * A longer poll would be no better: looking through what came takes the interpreter longer than
     * the wire.
     */
    PollBytes = 20,
    /**
     * So many polls, some 4 ms, come before the first sleep, which lasts to the next tick of 10 ms.
     */
    QuickPolls = 8,
    StartClockHz = 400000,
    ClockHz = 20000000,
    /** A clock that damages data is halved, but not below this. */
    ClockHzMin = 5000000,
    /** As often is CMD0 sent to a socket that does not answer, three times over. */
    WakeTries = 4,
    /** The same to a card that is busy with what it did before the board's reset: 2 s at least. */
    BusyTries = 80,
    /**
     * ACMD41 is sent until the card has started (section 4.2.3: one second, some need two), each 10
     * ms at least.
     */
    StartTries = 300,
    /**
     * Behind so many works, at least 0.2 s, there is a rest: the main loop turns, or its watchdog
     * bites.
     */
    WorksMost = 63,
    Tries = 3,
    /** More blocks than an SDHC card can have (C_SIZE 65375) make it SDXC. */
    SdhcBlocksMax = 66945024,
}

/** What is done with a block, behind writing it. */
export const enum Look {
    Read = 1,
    /** The same, and its checksum is looked at. */
    Checked = 3,
    /** Asks the card how it is. */
    Status = 4,
    /** Wakes the card before, and reads what it is. */
    Start = 8,
}
