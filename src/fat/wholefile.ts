import { Storage } from "./storage"

const owner = "small files"
const pieceBytes = 512
/** What is longer is none of ours. */
const bytesMax = 4096

/** Small files of the card, read and replaced as a whole. */
export class WholeFiles {
    constructor(private readonly storage: Storage) {}

    /** The content, undefined when there is no such file or it is longer than 4 KiB. */
    async read(name: string): Promise<Buffer | undefined> {
        return await this.storage.use(owner, async volume => {
            const file = await volume.open(name)
            if (!file || file.sizeBytes() > bytesMax) return undefined
            const size = file.sizeBytes()
            const content = Buffer.alloc(size)
            const piece = Buffer.alloc(pieceBytes)
            for (let at = 0; at < size; at += pieceBytes) {
                const count = await file.read(at, piece, pieceBytes)
                content.blitAt(at, piece, 0, count)
            }
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
