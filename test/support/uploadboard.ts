import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { Pack } from "../../sim/pack"
import type { Fault } from "../../src/core/fault"
import type { Volume } from "../../src/fat/volume"
import { Key } from "../../src/settings/keys"
import type { Uploader } from "../../src/upload/uploader"
import { BoardWithCard } from "./boardwithcard"
import { CardEditor } from "./cardeditor"
import { formattedStore, textOn } from "./cardstore"
import { DeviceBuffer } from "./devicebuffer"
import { NodeBoard, type OutsideTcp } from "./nodeboard"
import { setUpFlash } from "./setupflash"

/** 2026-11-22 12:00:00 UTC, in the board's first second. */
export const noonSeconds = 1795348800

export const header = "time,utc_offset,serial,voltage_V\r\n"

/** Settings of a board that sends what its card has and logs nothing; the port is the test's. */
const settings: [Key, number | string][] = [
    [Key.SdEnable, 0],
    [Key.UserSerial, "BMS-1"],
    [Key.FtpHost, "127.0.0.1"],
    [Key.TimeZone, "CET-1"],
]

/** Names under which the upload holds the card. */
const uploadOwners = ["upload", "history"]

export interface UploadBoardOptions {
    tcp: OutsideTcp
    /** It sends only when a test says so. */
    manual?: boolean
    realTime?: boolean
    /** UTC at the start of the program; noon by default. */
    start?: string
}

/** A whole board whose upload is tested, with a card that the test fills. */
export class UploadBoard extends BoardWithCard {
    /** Counts records, so that no two are equal. */
    private records = 0
    /** What each use of the card by the upload throws. */
    cardFault: Fault | undefined

    private constructor(board: NodeBoard) {
        super(board, "ftp: ")
    }

    static async start(options: UploadBoardOptions): Promise<UploadBoard> {
        const { tcp, manual, realTime } = options
        const startMs = options.start ? Date.parse(options.start) : noonSeconds * 1000
        const flash = await setUpFlash([...settings, [Key.FtpEnable, manual ? 0 : 1]])
        const card = await formattedStore(16)
        const start = new Date(startMs - 500).toISOString()
        const board = new NodeBoard({ start, flash, card, pack: new Pack(), tcp, realTime })
        const made = new UploadBoard(board)
        await made.start()
        return made
    }

    /** The power comes. */
    async start(): Promise<void> {
        await this.board.start()
        const { storage } = this.board.parts
        const use = storage.use.bind(storage)
        storage.use = async (owner, work, early) => {
            if (this.cardFault && uploadOwners.includes(owner)) throw this.cardFault
            return await use(owner, work, early)
        }
    }

    get uploader(): Uploader {
        return this.board.parts.uploader
    }

    override async finish<T>(work: Promise<T>): Promise<T> {
        return await this.board.ticks.finish(work, 24 * 3_600_000)
    }

    number(key: Key): number {
        return this.board.parts.settings.number(key)
    }

    /** Time passes at once; tasks due meanwhile run once, afterwards. */
    leap(seconds: number): void {
        this.board.ticks.block(seconds * 1000)
    }

    /** One board second, in which the upload's task runs once, and the rest of its session. */
    async look(): Promise<void> {
        await this.pass(1)
        while (this.uploader["running"]) await this.pass(0.1)
    }

    /** One session now; throws the uploader's last error. */
    async session(): Promise<void> {
        this.uploader.requested = true
        const error = await this.finish(this.uploader.finished())
        if (error !== "") throw new Error(error)
    }

    /** As `ftp resend` does. */
    async resend(day: string): Promise<number> {
        return await this.finish(this.uploader.resend(day))
    }

    /** Writes a file with the firmware's own volume. */
    async put(path: string, content: string | Uint8Array): Promise<void> {
        const bytes = DeviceBuffer.from(content as Uint8Array) as unknown as Buffer
        await this.use(async volume => {
            await volume.remove(path)
            const file = await volume.openForAppend(path, "")
            await file.append(bytes)
            await file.close()
        })
    }

    /** "" if there is no such file. */
    async text(path: string): Promise<string> {
        return (await textOn(this.store, path)) ?? ""
    }

    /** Appends records to a log. @returns its content */
    async log(path: string, records: number, voltage = "52.123"): Promise<string> {
        const serial = this.board.parts.settings.text(Key.UserSerial)
        await this.use(async volume => {
            const file = await volume.openForAppend(path, header)
            for (let i = 0; i < records; ++i) {
                const second = String(10_000 + this.records++)
                const line = `2026-11-22 1${second.slice(1, 2)}:${second.slice(2, 3)}0:${second.slice(3)},+01:00,${serial},${voltage}\r\n`
                await file.append(DeviceBuffer.from(line) as unknown as Buffer)
            }
            await file.close()
        })
        return this.editor().read(path).toString("latin1")
    }

    /** The card's current content. */
    editor(): CardEditor {
        return new CardEditor(this.store)
    }

    /** The card is pulled, and the board finds out at once: the journal has no time for it. */
    async pull(): Promise<void> {
        this.board.socket.pull()
        await this.finish(this.board.parts.storage.poll())
    }

    async insert(store = this.store): Promise<void> {
        this.board.insert(store)
        const { storage } = this.board.parts
        while (!storage.mounted()) {
            await this.finish(storage.poll())
            if (!storage.mounted()) await this.pass(0.1)
        }
        // Again: a card is trusted only at the second look.
        await this.finish(storage.poll())
    }

    /**
     * Edits the card at a PC: after a power cut, or pulled from the running board.
     */
    async pc(work: (editor: CardEditor) => unknown, powerCut = false): Promise<void> {
        if (!powerCut) await this.takeCard()
        work(this.editor())
        if (powerCut) await this.start()
        else await this.insert()
    }

    /** Inserts another card. @returns the previous one */
    async swap(store?: MemoryStore): Promise<MemoryStore> {
        const before = this.store
        await this.takeCard()
        await this.insert(store ?? (await formattedStore(16)))
        return before
    }

    /** Whether retention may delete a file. */
    async fullySent(path: string): Promise<boolean> {
        const [folder, name] = path.split("/")
        const { logs, cells } = this.uploader
        const { history } = folder === "LOG" ? logs : cells
        return await this.finish(history.fullySent(name, this.editor().read(path).length))
    }

    private async takeCard(): Promise<void> {
        await this.finish(this.board.parts.storage.sync())
        await this.pull()
    }

    /** Work with the firmware's own volume. */
    async use(work: (volume: Volume) => Promise<void>): Promise<void> {
        await this.finish(this.board.parts.storage.use("test", work))
    }
}
