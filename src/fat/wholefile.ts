import { CardFile } from "./file"
import { Storage } from "./storage"
import { Volume } from "./volume"

const owner = "small files"

/** Small files of the card, read in pieces and replaced as a whole. */
export class WholeFiles {
    /** The file that is being read, of that name, on that mount. */
    private file: CardFile | undefined
    private name: string
    private mount: number

    constructor(private readonly storage: Storage) {}

    /**
     * Fills the buffer with what a file has from `offset` on. @returns the file's length, -1
     * without one
     */
    async read(name: string, offset: number, into: Buffer): Promise<number> {
        const self = this
        const work = async (volume: Volume) => {
            const mount = self.storage.generation()
            // Who begins anew may do so behind a write.
            if (offset === 0 || name !== self.name || mount !== self.mount)
                self.file = await volume.open(name)
            self.name = name
            self.mount = mount
            const { file } = self
            if (!file) return -1
            await file.read(offset, into, into.length)
            return file.byteCount()
        }
        return await this.storage.use(owner, work, true)
    }

    /**
     * Replaces the file by these pieces; durable on return. A power cut in between may leave none.
     */
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
