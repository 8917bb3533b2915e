import type { SdCardTiming } from "./sdcardpace"
import type { SdCardTraits } from "./sdcardtraits"

/** SDSC is addressed in bytes, the others in blocks of 512. */
export type SdCardType = "SDSC1" | "SDSC" | "SDHC" | "SDXC"

export interface SdCardOptions {
    /** By the store's size when left out. SDSC1 is a card from before CMD8. */
    type?: SdCardType
    /** For a time, which another host can end, or for ever. */
    writeProtected?: boolean
    writeProtectedForEver?: boolean
    /** 0xff bytes between a command and its answer (NCR, 1–8 by the standard). */
    responseDelayBytes?: number
    /** 0xff bytes between a read's R1 and its data token. */
    readDelayBytes?: number
    /** 0x00 bytes while a written block is programmed. */
    busyBytes?: number
    /** Reads and busy times take board time, not bytes on the wire. */
    timing?: SdCardTiming
    /** ACMD41 answers "still initialising" so many times. */
    initPolls?: number
    /** What real cards are reported to do besides. */
    traits?: SdCardTraits
}
