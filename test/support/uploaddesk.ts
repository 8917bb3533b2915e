import { SdCardChip } from "../../sim/chips/sdcard"
import type { MemoryStore } from "../../sim/chips/sdcardstore"
import { SdCard } from "../../src/card/sdcard"
import { Storage } from "../../src/fat/storage"
import { Key } from "../../src/settings/keys"
import { CardSocket } from "./cardsocket"
import { formattedStore } from "./cardstore"
import { CardEditor } from "./cardeditor"
import { DeviceBuffer } from "./devicebuffer"
import { ChipSpiBus, FakeTicks } from "./memorycard"
import { NodeConnector } from "./nodesocket"
import { ScriptedFtpServer } from "./uploadserver"
import { UploadWorld } from "./uploadworld"

export const header = "time,utc_offset,serial,voltage_V\r\n"

/**
 * A board with an uploader, a card that moves to a PC and back, and an FTP server. The board's time
 * stands still.
 */
export class UploadDesk {
    readonly server = new ScriptedFtpServer({ restarts: true })
    world: UploadWorld
    private readonly socket = new CardSocket()
    private readonly ticks = new FakeTicks()
    private storage: Storage
    private settings: [Key, number | string][] = []
    /** Number of records, which makes each one unique. */
    private records = 0

    private constructor(public store: MemoryStore) {
        this.storage = this.newStorage()
        this.world = this.newWorld()
        this.insert(store)
    }

    static async start(): Promise<UploadDesk> {
        const desk = new UploadDesk(await formattedStore(16))
        desk.set(Key.FtpPort, await desk.server.start())
        return desk
    }

    async stop(): Promise<void> {
        await this.server.stop()
    }

    set(key: Key, value: number | string): void {
        this.settings.push([key, value])
        this.world.settings.set(key, value)
    }

    /** Appends records as the board's logger does. @returns the file's new content */
    async log(path: string, records: number, voltage = "52.123"): Promise<string> {
        const serial = this.world.settings.text(Key.UserSerial)
        await this.storage.use("logger", async volume => {
            const file = await volume.openForAppend(path, header)
            for (let i = 0; i < records; ++i) {
                const second = String(10_000 + this.records++)
                const line = `2026-11-22 1${second.slice(1, 2)}:${second.slice(2, 3)}0:${second.slice(3)},+01:00,${serial},${voltage}\r\n`
                await file.append(DeviceBuffer.from(line) as never)
            }
            await file.syncEntry()
            await file.close()
        })
        return this.editor().read(path).toString("latin1")
    }

    /**
     * Cuts the power, or pulls the card with the board on, and lets a person work with the card at
     * a PC.
     */
    async pc(work: (editor: CardEditor) => void, powerCut = false): Promise<void> {
        await this.takeCard(powerCut)
        work(this.editor())
        this.insert(this.store)
    }

    /** Inserts another card. @returns the previous card */
    async swap(store?: MemoryStore): Promise<MemoryStore> {
        await this.takeCard(false)
        const before = this.store
        this.store = store ?? (await formattedStore(16))
        this.insert(this.store)
        return before
    }

    /** The current content of the card. */
    editor(): CardEditor {
        return new CardEditor(this.store)
    }

    async session(): Promise<void> {
        await this.world.session()
    }

    /** The answer that retention gets about a file. */
    async fullySent(path: string): Promise<boolean> {
        const [folder, name] = path.split("/")
        const backlog = folder === "LOG" ? this.world.uploader.logs : this.world.uploader.cells
        return await backlog.history.fullySent(name, this.editor().read(path).length)
    }

    /** The server's files by name. */
    onServer(): Record<string, string> {
        const files: Record<string, string> = {}
        for (const [name, content] of this.server.files) files[name] = content.toString("latin1")
        return files
    }

    private async takeCard(powerCut: boolean): Promise<void> {
        if (!powerCut) await this.storage.sync()
        this.socket.pull()
        if (!powerCut) {
            this.ticks.ms += 3000
            await this.storage.poll()
            return
        }
        this.storage = this.newStorage()
        this.world = this.newWorld()
    }

    private insert(store: MemoryStore): void {
        this.socket.insert(new SdCardChip(store))
        this.ticks.ms += 3000
    }

    private newStorage(): Storage {
        const { ticks } = this
        const bus = new ChipSpiBus(this.socket)
        const alone = async (_owner: string, work: () => Promise<unknown>) => await work()
        return new Storage(() => new SdCard(bus, ticks).openAgain(), alone, ticks, {
            set: () => {},
        })
    }

    private newWorld(): UploadWorld {
        const world = new UploadWorld(new NodeConnector(), false, this.storage)
        for (const [key, value] of this.settings) world.settings.set(key, value)
        return world
    }
}
