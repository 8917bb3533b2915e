import { Storage } from "./storage"

const owner = "small files"
/** What is longer is none of ours. */
const bytesMax = 4096

/** Small files of the card, read and replaced as a whole. */
export class WholeFiles {
    constructor(private readonly storage: Storage) {}

    /** The content, undefined when there is no such file or it is longer than 4 KiB. */
    async read(name: string): Promise<Buffer | undefined> {
        return await this.storage.use(owner, async volume => {
            const file = await volume.open(name)
            if (!file) return undefined
            const size = file.sizeBytes()
            if (size > bytesMax) return undefined
            const content = Buffer.alloc(size)
            await file.read(0, content, size)
            return content
        })
    }

    /** Replaces the file; durable on return. A power cut in between may leave none. */
    async write(name: string, content: Buffer): Promise<void> {
        await this.storage.use(owner, async volume => {
            await volume.remove(name)
            const file = await volume.openForAppend(name, "")
            await file.append(content)
            await file.sync()
            await file.close()
        })
    }
}
