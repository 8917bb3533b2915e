import type { Event, FileSector, FlashImage } from "./trace"

/** A line, or anything else appended at once. */
export interface TextRecord {
    text: string
    offset: number
    /** Its append has returned: it must be on the card. */
    acknowledged: boolean
    /** One of its sectors was lost: it may be missing. */
    excused: boolean
}

/** "possible": it may be there; "leaving": it is being removed. */
export type Presence = "possible" | "there" | "leaving" | "gone"

/** An append-only text file: a log or the history. */
export interface TextFile {
    path: string
    presence: Presence
    header: string
    /** Headers of earlier attempts to make it that did not reach a record. */
    formerHeaders: string[]
    /** The header's sector was lost. */
    headerExcused: boolean
    records: TextRecord[]
    /** Sectors whose write was torn or lost: they may contain nonsense. */
    lostSectors: number[]
}

/** A file that is replaced as a whole. */
export interface WholeFile {
    path: string
    /** Its previous content; undefined for none. */
    before: string | undefined
    now: string | undefined
    changing: boolean
    lostSectors: number[]
}

/** The required content of the card. */
export class Model {
    readonly texts = new Map<string, TextFile>()
    readonly wholes = new Map<string, WholeFile>()
    flash: FlashImage = {}
    seconds = 0
    /** A format has begun: the card may be unchanged, without a volume, or empty. */
    formatting = false
    /** A format is complete: the previous content is gone. */
    formatted = false

    clone(): Model {
        const copy = new Model()
        for (const [path, file] of this.texts)
            copy.texts.set(path, {
                ...file,
                records: file.records.slice(),
                lostSectors: file.lostSectors.slice(),
            })
        for (const [path, file] of this.wholes)
            copy.wholes.set(path, { ...file, lostSectors: file.lostSectors.slice() })
        copy.flash = this.flash
        copy.seconds = this.seconds
        copy.formatting = this.formatting
        copy.formatted = this.formatted
        return copy
    }

    apply(event: Event): void {
        switch (event.kind) {
            case "time":
                this.seconds = event.seconds
                break
            case "flash":
                this.flash = event.flash
                break
            case "open":
                this.open(event.path, event.header)
                break
            case "append":
                this.append(event.path, event.offset, event.text)
                break
            case "appended":
                this.appended(event.path)
                break
            case "remove":
                this.setPresence(event.path, "leaving")
                break
            case "removed":
                this.setPresence(event.path, event.done ? "gone" : "there")
                break
            default:
                this.applyWhole(event)
        }
    }

    /** A sector of a text was lost. */
    lose(place: FileSector): void {
        this.wholes.get(place.path)?.lostSectors.push(place.sector)
        const file = this.texts.get(place.path)
        if (file === undefined) return
        file.lostSectors.push(place.sector)
        const from = place.sector * 512
        const to = from + 512
        if (from < file.header.length) file.headerExcused = true
        file.records = file.records.map(record => {
            const inside = record.offset < to && record.offset + record.text.length > from
            return inside ? { ...record, excused: true } : record
        })
    }

    /** Required records of required files. */
    acknowledgedRecords(): number {
        let count = 0
        for (const file of this.texts.values())
            if (file.presence === "there")
                for (const record of file.records) if (record.acknowledged) count++
        return count
    }

    private applyWhole(event: Event): void {
        if (event.kind === "replace") {
            const before = this.wholes.get(event.path)
            this.wholes.set(event.path, {
                path: event.path,
                before: before?.now,
                now: event.text,
                changing: true,
                lostSectors: [],
            })
        } else if (event.kind === "replaced") {
            this.wholes.get(event.path)!.changing = false
        } else if (event.kind === "format") {
            this.formatting = true
        } else if (event.kind === "formatted") {
            this.formatting = false
            this.formatted = true
            this.texts.clear()
            this.wholes.clear()
        }
    }

    private open(path: string, header: string): void {
        const file = this.texts.get(path)
        const known = file !== undefined && file.presence !== "gone"
        if (known && file.header !== header && file.presence === "possible") {
            file.formerHeaders = [...file.formerHeaders, file.header]
            file.header = header
        }
        if (known) return
        this.texts.set(path, {
            path,
            presence: "possible",
            header,
            formerHeaders: [],
            headerExcused: false,
            records: [],
            lostSectors: [],
        })
    }

    private append(path: string, offset: number, text: string): void {
        const { records } = this.texts.get(path)!
        const last = records.at(-1)
        // A record that failed for lack of space is tried again.
        if (last && !last.acknowledged && last.text === text) records.pop()
        // An event in a lost sector is written to the card again.
        const lost = records.findIndex(record => record.excused && record.text === text)
        if (lost >= 0) records.splice(lost, 1)
        records.push({ text, offset, acknowledged: false, excused: false })
    }

    private appended(path: string): void {
        const file = this.texts.get(path)!
        const at = file.records.length - 1
        file.records[at] = { ...file.records[at], acknowledged: true }
        file.presence = "there"
    }

    private setPresence(path: string, presence: Presence): void {
        const file = this.texts.get(path)
        if (file !== undefined) file.presence = presence
    }
}
