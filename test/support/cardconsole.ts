import { SdCard } from "../../src/card/sdcard"
import { Alarm } from "../../src/core/alarm"
import { formatVolume } from "../../src/fat/format"
import { Storage } from "../../src/fat/storage"
import { Volume } from "../../src/fat/volume"
import { SdCardChip, type SdCardOptions } from "../../sim/chips/sdcard"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { ConsoleBench } from "./consoleparts"
import { DeviceBuffer } from "./devicebuffer"
import { blankStore, ChipSpiBus, MemoryBlockDevice } from "./memorycard"
import { SleepTicks } from "./sleepticks"

/** File contents by path. */
type Files = Record<string, string | Uint8Array>

/** A freshly formatted card with files on it. */
export async function cardWith(files: Files, mebibytes = 16): Promise<MemoryStore> {
    const store = blankStore(mebibytes)
    const device = new MemoryBlockDevice(store)
    await formatVolume(device, "BMSMINI    ")
    const volume = await Volume.mount(device, new SleepTicks())
    for (const [path, content] of Object.entries(files)) {
        const file = await volume.openForAppend(path, "")
        await file.append(DeviceBuffer.from(content) as unknown as Buffer)
        await file.close()
    }
    await volume.sync()
    return store
}

/**
 * A console with a real card: the firmware's storage, file system and driver on an emulated
 * card.
 */
export class CardConsole extends ConsoleBench {
    readonly chip: SdCardChip
    readonly cardTicks = new SleepTicks()
    readonly card: Storage
    /** Number of times the card was taken; `whenFree` runs each time it is free again. */
    uses = 0
    whenFree = async (_uses: number): Promise<void> => {}
    private held = false
    private alarmed = false

    constructor(store: MemoryStore, options: SdCardOptions = {}) {
        super()
        this.chip = new SdCardChip(store, options)
        const exclusive = async (owner: string, work: () => Promise<unknown>) => {
            if (this.held) throw new Error(`${owner} came while the card was taken`)
            this.held = true
            this.uses++
            try {
                return await work()
            } finally {
                this.held = false
                await this.whenFree(this.uses)
            }
        }
        const alarms = {
            set: (alarm: Alarm, active: boolean) => {
                if (alarm === Alarm.SdCard) this.alarmed = active
            },
        }
        const open = () => new SdCard(new ChipSpiBus(this.chip), this.cardTicks).openAgain()
        this.card = new Storage(open, exclusive, this.cardTicks, alarms)
        Object.assign(this.parts, { storage: this.card })
    }

    /** The lines that a command prints. */
    async lines(line: string): Promise<string[]> {
        return (await this.run(line)).split("\n").slice(0, -1)
    }

    /** Polls the card every 2 s, as the task does. */
    async poll(times: number): Promise<void> {
        for (let i = 0; i < times; ++i) {
            this.cardTicks.ms += 2000
            await this.card.poll()
        }
    }

    /** True while SD_CARD is up. */
    alarm(): boolean {
        return this.alarmed
    }
}
