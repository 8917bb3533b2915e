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

/** GUID partition table [UEFI 5.3]: its header, then four entries a sector. */
export const enum Guid {
    /** "EFI " */
    Signature = 0x20494645,
    Entries = 72,
    EntryBytes = 128,
    /** Begins the type of partitions with files of people. */
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
    /** Bit 7: no mirroring; bits 0-3: which copy counts then. */
    Flags32 = 40,
    /** FAT16; on FAT32 it comes so many bytes later. */
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

/** What the two signatures of FSInfo are, exclusive-ored. */
export const infoSignatures = 0x41615252 ^ 0x61417272

/** Directory entry [6]. */
export const enum Entry {
    Attributes = 11,
    /**
     * Hundredths of a second of the making. Ours are made at whole ones: 1 + the log's number here
     * says that the log is being written, and what it has may be more than the entry says.
     */
    Mark = 13,
    /** Time and date of the making as one number: date * 65536 + time. */
    CreateStamp = 14,
    ClusterHigh = 20,
    /** Time and date of the last write as one number: date * 65536 + time. */
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
    /** Long names carry the four lowest bits. */
    LongName = 0x0f,
}

/** First byte of an unused entry. */
export const enum Slot {
    End = 0x00,
    Deleted = 0xe5,
}

/** 1980-01-01 00:00, the first moment FAT knows. */
export const firstStamp = 0x00210000
