import { type TimeSource, type WallClock } from "../../src/core/seams"
import { Key } from "../../src/settings/keys"
import { DeviceTcpConnector } from "../../src/board/socket"
import { Firmware } from "../../src/firmware"
import type { Uploader } from "../../src/upload/uploader"
import { MemoryFlash } from "../../test/support/memoryflash"
import { builtForUpload } from "../../test/support/builtfirmware"
import { MapSettings } from "../../test/support/mapsettings"
import { noonSeconds } from "../../test/support/uploadboard"
import type { BoardClock } from "./boardclock"
import { type BoardSocket } from "./boardsocket"
import type { CardSlot } from "./cardslot"
import { plugIn } from "./natives"

const sessionMsMax = 1_800_000

/** How a session ended. */
export interface SessionEnd {
    how: "done" | "power cut" | "endless"
    boardMs: number
    realMs: number
    /** The uploader's last error; "" for none. */
    error: string
}

/** A board with the uploader and its real socket code. */
export class World {
    readonly settings = new MapSettings()
    readonly flash = new MemoryFlash()
    uploader: Uploader
    private powerCut: () => void = () => {}

    constructor(
        readonly clock: BoardClock,
        readonly socket: BoardSocket,
        readonly slot: CardSlot,
    ) {
        plugIn(clock, socket)
        this.settings.set(Key.FtpCells, 1)
        this.uploader = this.start()
        slot.onPowerCut = () => this.cutPower()
    }

    /** Cuts the power and restores it. */
    cutPower(): void {
        const left = this.socket.powerOff()
        this.clock.restart()
        this.slot.powerCut()
        this.uploader = this.start()
        // The other side notices at its keep-alive check.
        this.clock.after(30_000, () => left.forEach(socket => socket.resetAndDestroy()))
        this.powerCut()
    }

    /** Runs one session now. */
    async session(): Promise<SessionEnd> {
        const { clock, uploader } = this
        const startedMs = clock.nowMs
        const started = performance.now()
        uploader.requested = true
        const endless = new Promise<"endless">(resolve =>
            clock.after(sessionMsMax, () => resolve("endless")),
        )
        const cut = new Promise<"power cut">(resolve => {
            this.powerCut = () => resolve("power cut")
        })
        const done = uploader.run().then(() => "done" as const)
        const how = await Promise.race([done, cut, endless])
        const boardMs = clock.nowMs - startedMs
        if (how === "endless") this.cutPower()
        return {
            how,
            boardMs,
            realMs: performance.now() - started,
            error: how === "done" ? uploader.lastError : "",
        }
    }

    private start(): Uploader {
        const { clock } = this
        const wallClock: WallClock = {
            nowSeconds: () => noonSeconds + Math.floor(clock.nowMs / 1000),
            trusted: () => true,
            offsetMinutes: () => 60,
            offer: async (_seconds: number, _source: TimeSource) => {},
        }
        const board = {
            ticks: { nowMs: () => clock.nowMs, sleep: (ms: number) => clock.boardSleep(ms) },
            flash: this.flash,
            tcp: new DeviceTcpConnector(),
        }
        const { settings, slot: storage } = this
        const around = { settings, clock: wallClock, storage, alarms: { set: () => {} } }
        return builtForUpload(Firmware, board, around).uploader
    }
}
