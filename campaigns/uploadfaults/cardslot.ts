import { Fault, FaultCode } from "../../src/core/fault"
import type { CardStorage, CardVolume, OpenFile } from "../../src/upload/cardreader"
import { MemoryCard, pattern } from "../../test/support/uploadcard"

/** Power loss at this append to the history, and how much of the line is on the card by then. */
export interface HistoryCut {
    append: number
    kept: "nothing" | "half" | "all"
}

const never = new Promise<never>(() => {})

/** The board's card slot: cards can be exchanged and pulled, and power can fail, at any moment. */
export class CardSlot implements CardStorage {
    card = new MemoryCard()
    absent = false
    /** Files that grow by this many bytes at the next uses, one per use. */
    growth: { path: string; bytes: number }[] = []
    historyCut: HistoryCut | undefined
    onPowerCut: () => void = () => {}
    private mounts = 1
    private power = 1

    generation(): number {
        return this.mounts
    }

    insert(card: MemoryCard): void {
        this.card = card
        this.absent = false
        this.mounts++
    }

    pull(): void {
        this.absent = true
        this.mounts++
    }

    /** Running work never learns of it. */
    powerCut(): void {
        this.power++
        this.mounts++
        this.card.release()
    }

    async use<T>(owner: string, work: (volume: CardVolume) => Promise<T>): Promise<T> {
        const { power } = this
        if (this.absent) throw new Fault(FaultCode.CardAbsent, "no card: insert one")
        this.grow()
        const result = await this.card.use(owner, async volume => await work(this.guard(volume)))
        return power === this.power ? result : await never
    }

    private grow(): void {
        const growth = this.growth.shift()
        if (!growth || !this.card.files.has(growth.path)) return
        const before = this.card.bytes(growth.path)
        const more = pattern(growth.bytes, before.length + 77)
        this.card.put(growth.path, Buffer.concat([before, more]))
    }

    private guard(volume: CardVolume): CardVolume {
        return {
            open: async path => {
                const file = await volume.open(path)
                return file && this.bound(file)
            },
            openForAppend: async (path, header, accepts) =>
                this.bound(await volume.openForAppend(path, header, accepts)),
            list: (path, visit) => volume.list(path, visit),
            sync: () => volume.sync(),
        }
    }

    /** Files of an earlier mount are stale, as on the FAT volume. */
    private bound(file: OpenFile): OpenFile {
        const { mounts } = this
        const check = (): void => {
            if (mounts !== this.mounts)
                throw new Fault(FaultCode.StaleHandle, "the card was changed: open the file again")
        }
        return {
            ...file,
            read: async (offset, into, length) => {
                check()
                return await file.read(offset, into, length)
            },
            append: async data => {
                check()
                const cut = this.historyCut
                if (!cut || --cut.append > 0) return await file.append(data)
                this.historyCut = undefined
                const share = { nothing: 0, half: 0.5, all: 1 }[cut.kept]
                const kept = data.slice(0, Math.floor(data.length * share))
                if (kept.length > 0) await file.append(kept)
                this.onPowerCut()
            },
        }
    }
}
