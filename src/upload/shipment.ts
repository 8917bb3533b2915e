import { Fault, FaultCode } from "../core/fault"
import { TcpStream } from "../core/seams"
import { CardReader } from "./cardreader"
import { History } from "./history"

const sectorBytes = 512
const namesMax = 99

/** A server that can be asked for a file's size, -1 when there is none. */
export interface RemoteFiles {
    size(name: string): Promise<number>
}

/** One log file on its way to the server: what is to be sent, and what of it is known to be there. */
export class Shipment {
    /** Where reading stands. */
    position = 0

    constructor(
        readonly fileName: string,
        readonly sizeBytes: number,
        /** Confirmed bytes, or a `Sent`. */
        public sentBytes: number,
        /** "" while the file has none yet. */
        public remoteName: string,
        /** The remote name without ".CSV" that it would like to have. */
        private readonly remoteStem: string,
        private readonly reader: CardReader,
        private readonly history: History,
    ) {}

    /** Notes in the history that so many bytes have arrived. */
    async record(bytes: number): Promise<void> {
        this.sentBytes = bytes
        await this.history.append(this.fileName, bytes, this.remoteName)
    }

    /**
     * Takes the first name that is free on the server and notes it with 0 bytes: from then on what has
     * this name there is ours.
     */
    async takeFreeName(server: RemoteFiles): Promise<void> {
        let name = this.remoteStem
        for (let number = 2; (await server.size(name + ".CSV")) >= 0; ++number) {
            if (number > namesMax)
                throw new Fault(FaultCode.FtpRefused, "the server has no free name for " + name)
            name = this.remoteStem + "-" + number
        }
        this.remoteName = name + ".CSV"
        await this.record(0)
    }

    /** Sends the bytes from `start` to the listed size, sector by sector. */
    async copyTo(stream: TcpStream, start: number): Promise<void> {
        this.position = start
        while (this.position < this.sizeBytes) {
            const roomBytes = sectorBytes - (this.position % sectorBytes)
            const piece = Buffer.alloc(Math.min(roomBytes, this.sizeBytes - this.position))
            if ((await this.reader.read(this.position, piece)) !== piece.length)
                throw new Fault(FaultCode.NotFound, this.fileName + " is shorter than it was")
            await stream.send(piece)
            this.position += piece.length
        }
    }
}
