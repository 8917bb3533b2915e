import { Alarm, AlarmSink } from "../core/alarm"
import { Board } from "../core/seams"
import { Backup, BackupFiles } from "./backup"
import { renewStore } from "./renewal"
import { Settings } from "./settings"

const dayMs = 24 * 3600000

/** Where the copy goes: only a card that is in use already is written to. */
export interface BackupCard {
    mounted(): boolean
}

/** Decides when the card gets a copy of what the flash holds, and when the flash is filled from one. */
export class BackupKeeper {
    /** Changes since the start, and how many of them the card's copy has: none of those before the start. */
    private changes = 1
    private copied = 0
    private copiedMs = 0
    /** The store was looked at, or renewed, since the start. */
    private renewed: boolean

    constructor(
        private readonly backup: Backup,
        private readonly files: BackupFiles,
        private readonly card: BackupCard,
        private readonly board: Board,
        private readonly settings: Settings,
        private readonly alarms: AlarmSink,
    ) {}

    /** What the copy holds has changed. */
    changed(): void {
        ++this.changes
    }

    /** The task's job: a copy at the first run behind a change, and once a day. */
    async keep(): Promise<void> {
        const nowMs = this.board.ticks.nowMs()
        if (!this.renewed) await renewStore(this.board.flash)
        this.renewed = true
        if (!this.card.mounted()) return
        if (this.copied === this.changes && nowMs - this.copiedMs < dayMs) return
        const changes = this.changes
        await this.backup.save(this.files)
        this.copied = changes
        this.copiedMs = nowMs
    }

    /** A flash that is empty, or went back to an older state, is filled from the card's copy and loaded anew. */
    async restore(): Promise<void> {
        const { backup, settings } = this
        const unread = settings.unread
        // Should the flash refuse a part of the copy.
        settings.unread = true
        if (await backup.restore(this.files, settings.stored)) {
            await settings.load()
            // For the journal, and until somebody has looked at them.
            this.alarms.set(Alarm.Settings, true)
        } else settings.unread = unread
    }
}
