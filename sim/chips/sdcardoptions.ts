import type { SdCardTiming } from "./sdcardpace"
import type { SdCardTraits } from "./sdcardtraits"

/** SDSC is addressed in bytes, the others in blocks of 512. */
export type SdCardType = "SDSC1" | "SDSC" | "SDHC" | "SDXC"

export interface SdCardOptions {
    /** By the store's size if omitted. SDSC1 is a card from before CMD8. */
    type?: SdCardType
    /** Temporarily, until a host ends it, or forever. */
    writeProtected?: boolean
    writeProtectedForEver?: boolean
    /** 0xff bytes between a command and its answer (NCR, 1–8 by the standard). */
    responseDelayBytes?: number
    /** 0xff bytes between a read's R1 and its data token. */
    readDelayBytes?: number
    /** 0x00 bytes while a written block is being programmed. */
    busyBytes?: number
    /** Reads and busy times take board time, not bytes on the wire. */
    timing?: SdCardTiming
    /** ACMD41 answers "still initialising" this many times. */
    initPolls?: number
    /** Further behaviour reported of real cards. */
    traits?: SdCardTraits
}
