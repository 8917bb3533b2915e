// Offsets on the medium: Microsoft FAT specification, August 2005 (sections in brackets).

export const blockBytes = 512
export const entryBytes = 32

/** Master boot record. */
export const enum Mbr {
    Partitions = 446,
    PartitionBytes = 16,
    FirstBlock = 8,
    Signature = 510,
}

/** GUID partition table [UEFI 5.3]: its header, then four entries per sector. */
export const enum Guid {
    /** "EFI " */
    Signature = 0x20494645,
    Entries = 72,
    EntryBytes = 128,
    /** First word of the type GUID of data partitions. */
    BasicData = 0xebd0a0a2,
    FirstBlock = 32,
}

/** Boot sector with the BIOS parameter block [3]. */
export const enum Boot {
    SystemName = 3,
    BlockBytes = 11,
    ClusterBlocks = 13,
    ReservedBlocks = 14,
    FatCount = 16,
    RootEntries = 17,
    Blocks16 = 19,
    FatBlocks16 = 22,
    Blocks32 = 32,
    FatBlocks32 = 36,
    /** Bit 7: no mirroring; bits 0-3: the copy that then counts. */
    Flags32 = 40,
    /** FAT16; on FAT32 it is SerialShift32 bytes later. */
    Serial16 = 39,
    SerialShift32 = 28,
    RootCluster = 44,
    InfoBlock = 48,
}

/** FSInfo sector [5]. */
export const enum Info {
    Signature1 = 0,
    Signature2 = 484,
    FreeCount = 488,
    NextFree = 492,
}

/** XOR of FSInfo's two signatures. */
export const infoSignatures = 0x41615252 ^ 0x61417272

/** Directory entry [6]. */
export const enum Entry {
    Attributes = 11,
    /**
     * Hundredths of a second of the creation time. We create files at whole seconds: here 1 + the
     * log's number means that the log is being written and may hold more than its entry says.
     */
    Mark = 13,
    /** Creation time as one number: date * 65536 + time. */
    CreateStamp = 14,
    ClusterHigh = 20,
    /** Time of the last write as one number: date * 65536 + time. */
    WriteStamp = 22,
    ClusterLow = 26,
    Size = 28,
}

export const enum Attribute {
    ReadOnly = 0x01,
    Hidden = 0x02,
    System = 0x04,
    Label = 0x08,
    Directory = 0x10,
    Archive = 0x20,
    /** Entries of long names have the four lowest bits set. */
    LongName = 0x0f,
}

/** First byte of an unused entry. */
export const enum Slot {
    End = 0x00,
    Deleted = 0xe5,
}

/** 1980-01-01 00:00, FAT's earliest time. */
export const firstStamp = 0x00210000
