import { Storage } from "./storage"
import { Volume } from "./volume"

const owner = "small files"

/** Small files of the card, read in pieces and replaced as a whole. */
export class WholeFiles {
    constructor(private readonly storage: Storage) {}

    /** Fills the buffer with what a file has from `offset` on. @returns the file's length, -1 without one */
    async read(name: string, offset: number, into: Buffer): Promise<number> {
        const work = async (volume: Volume) => {
            const file = await volume.open(name)
            if (!file) return -1
            await file.read(offset, into, into.length)
            return file.byteCount()
        }
        return await this.storage.use(owner, work, true)
    }

    /** Replaces the file by these pieces; durable on return. A power cut in between may leave none. */
    async write(name: string, pieces: Buffer[]): Promise<void> {
        await this.storage.use(owner, async volume => {
            await volume.remove(name)
            const file = await volume.openForAppend(name, "")
            try {
                for (const piece of pieces) await file.append(piece)
            } finally {
                await file.close()
            }
        })
    }
}
