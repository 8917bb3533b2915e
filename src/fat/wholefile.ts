import { CardFile } from "./file"
import { Storage } from "./storage"
import { Volume } from "./volume"

const owner = "small files"

/** Small files on the card, read in pieces and replaced as a whole. */
export class WholeFiles {
    /** The file being read, its name and its mount. */
    private file: CardFile | undefined
    private name: string
    private mount: number

    constructor(private readonly storage: Storage) {}

    /**
     * Fills the buffer from a file, starting at `offset`.
     * @returns the file's length, -1 if there is no file
     */
    async read(name: string, offset: number, into: Buffer): Promise<number> {
        const self = this
        const work = async (volume: Volume) => {
            const mount = self.storage.generation()
            // A new read may follow a write.
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
     * Replaces the file by these pieces; durable on return. A power cut meanwhile may leave no
     * file.
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
