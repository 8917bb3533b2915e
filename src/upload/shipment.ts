import { Fault, FaultCode } from "../core/fault"
import { Flash, TcpStream } from "../core/seams"
import { cardReader, CardStorage } from "./cardreader"
import { History, logName, namesMax, Sent, SentFile } from "./history"
import { isReserved, loadMarks, reserve, settle } from "./reservednames"

export const sectorBytes = 512
/** Less than a sector is sent in parts: several small buffers fit where one large one does not. */
const partBytes = 128

/** The destination of the board's files. */
export interface RemoteFiles {
    /** Prefix of the names of the board's files. */
    readonly serial: string
    /** Its number in the history; `direct`: its number without the gateway. */
    number(direct: boolean): number
    /** Size of a file in bytes, -1 if there is none. */
    size(name: string): Promise<number>
}

/** The folder of one kind of log, and its history. */
export interface LogFolder {
    readonly storage: CardStorage
    readonly history: History
    /** "LOG", "CELL" or "EVT": the folder on the card, and the word in remote names. */
    readonly folder: string
    readonly flash: Flash
    /** The buffer for bytes from the card to the server. */
    readonly outgoing: Buffer
}

/** A log file being delivered: what to send, and what is known to have arrived. */
export class Shipment extends SentFile {
    /** The read position. */
    position = 0
    /** The mount of the card that it was listed on. */
    private readonly generation: number

    constructor(
        private readonly from: LogFolder,
        key: number,
        sizeBytes: number,
    ) {
        super(key, sizeBytes)
        this.generation = from.storage.generation()
    }

    /**
     * Call it before delivery: discards a name at another server, or of another board, as not ours.
     */
    claim(files: RemoteFiles): void {
        const { server } = this
        this.server = files.number(false)
        if (
            (server >= 0 && server !== this.server && server !== files.number(true)) ||
            !this.remoteName.startsWith(this.stem(files))
        ) {
            this.sentBytes = Sent.Unknown
            this.remoteName = ""
        }
    }

    /** Notes in the history that this many bytes have arrived. */
    async noteArrived(bytes: number): Promise<void> {
        await this.from.history.addLine(this, bytes, this.generation)
        if (bytes > 0) settle(this.remoteName, this.salt())
    }

    /**
     * Call it after a failed delivery: notes that anything that may have arrived is this file's.
     */
    async noteBegun(): Promise<void> {
        const { sentBytes } = this
        if (this.position === 0 || sentBytes < 0 || !(this.markedBytes < this.sizeBytes)) return
        this.markedBytes = undefined
        try {
            await this.noteArrived(sentBytes)
        } catch (thrown) {
            // The next session takes another name.
        }
    }

    /**
     * Takes the first free name on the server, `<serial>-LOG-YYYYMMDD.CSV`, then `…-2.CSV`, and
     * notes it with 0 bytes: from then on a file with this name there is ours.
     */
    async takeFreeName(server: RemoteFiles): Promise<void> {
        const stem = this.stem(server)
        const { flash } = this.from
        const salt = this.salt()
        const marks = await loadMarks(flash)
        let name = stem + ".CSV"
        let number = 2
        for (; isReserved(marks, name, salt) || (await server.size(name)) >= 0; ++number) {
            if (number > namesMax)
                throw new Fault(FaultCode.FtpFileRefused, "the server has no free name for " + name)
            name = stem + "-" + number + ".CSV"
        }
        // Before the card has it: no other card may take it as free.
        await reserve(flash, marks, name, salt)
        this.remoteName = name
        this.markedBytes = undefined
        try {
            await this.noteArrived(0)
        } catch (thrown) {
            settle(name, salt)
            throw thrown
        }
    }

    private salt(): number {
        return this.key ^ this.server
    }

    private stem(server: RemoteFiles): string {
        return server.serial + "-" + this.from.folder + "-" + logName(this.key).slice(0, 8)
    }

    /** Sends the bytes from `start` to the listed size, sector by sector. */
    async copyTo(stream: TcpStream, start: number): Promise<void> {
        const name = logName(this.key)
        const path = this.from.folder + "/" + name
        const read = cardReader(this.from.storage, path, this.generation)
        const { outgoing } = this.from
        this.position = start
        while (this.position < this.sizeBytes) {
            const roomBytes = sectorBytes - (this.position % sectorBytes)
            const bytes = Math.min(roomBytes, this.sizeBytes - this.position)
            if ((await read(this.position, outgoing, bytes)) !== bytes)
                throw new Fault(FaultCode.NotFound, name + " is shorter than it was")
            if (bytes === sectorBytes) await stream.send(outgoing)
            else
                for (let at = 0; at < bytes; at += partBytes)
                    await stream.send(outgoing.slice(at, Math.min(bytes, at + partBytes)))
            this.position += bytes
        }
    }
}
