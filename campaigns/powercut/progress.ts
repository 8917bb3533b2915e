import type { Cut, Start } from "./cases"
import type { Disk } from "./disk"
import type { VolumeShape } from "./fatreader"
import { modes, tornSector, type Mode } from "./faults"
import type { Model } from "./model"
import type { Event, Trace } from "./trace"

/** The state of card and model while replaying a trace. */
export class Progress {
    private readonly start: Start
    /** The card one write before the present one, and the model before and after it. */
    private readonly before: Disk
    private done = 0
    private modelBefore: Model
    private modelNow: Model
    private nextEvent = 0
    private flashEvents = 0

    constructor(
        start: Start,
        private readonly trace: Trace,
    ) {
        this.start = start
        this.before = start.disk.over()
        this.modelBefore = start.model.clone()
        this.modelNow = start.model.clone()
        this.applyEvents()
    }

    /** Advances to the next write. */
    advance(): void {
        const { trace, before } = this
        if (this.done > 0) {
            const write = trace.writes[this.done - 1]
            before.put(write.block, write.data)
        }
        this.done++
        this.modelBefore = this.modelNow.clone()
        this.applyEvents()
    }

    /** The cuts that are possible here. */
    cuts(): Cut[] {
        const { done, trace } = this
        const cuts: Cut[] = []
        const add = (mode: Mode, flashWritesMissing = 0) =>
            cuts.push({ mode, after: done, flashWritesMissing })
        for (const mode of modes) {
            if (mode === "dropped")
                for (let missing = 0; missing <= this.flashEvents; ++missing) add(mode, missing)
            else if (mode === "swapped") {
                if (done > 1 && trace.writes[done - 1].block !== trace.writes[done - 2].block)
                    add(mode)
            } else if (done > 0) add(mode)
        }
        return cuts
    }

    /** The card and its required content after a cut here. */
    after(cut: Cut): { disk: Disk; model: Model } {
        const { done, trace } = this
        const disk = this.before.over()
        const write = trace.writes[done - 1]
        if (cut.mode === "dropped") {
            if (write) disk.put(write.block, write.data)
            return { disk, model: this.modelWithout(cut.flashWritesMissing) }
        }
        if (cut.mode === "swapped") {
            const lost = trace.writes[done - 2]
            disk.put(lost.block, lost.old ?? new Uint8Array(512))
            disk.put(write.block, write.data)
            const model = this.modelNow.clone()
            if (lost.text) model.lose(lost.text)
            return { disk, model }
        }
        disk.put(write.block, tornSector(cut.mode, write.old ?? new Uint8Array(512), write.data))
        const model = this.modelBefore.clone()
        if (write.text) model.lose(write.text)
        return { disk, model }
    }

    /** The writes around the cut, as readable text. */
    story(cut: Cut, trace: Trace, writesBefore: number): string {
        const lines: string[] = []
        const { shape } = this.start
        for (
            let i = Math.max(0, cut.after - writesBefore);
            i < Math.min(trace.writes.length, cut.after + 2);
            ++i
        ) {
            for (const { at, event } of trace.events)
                if (at === i) lines.push(`      ${describeEvent(event)}`)
            const { block, text } = trace.writes[i]
            const where = text ? `${text.path} sector ${text.sector}` : placeOf(shape, block)
            const mark = i === cut.after - 1 ? "  <- " + cut.mode : ""
            lines.push(`    write ${i + 1}: block ${block}, ${where}${mark}`)
        }
        return lines.join("\n")
    }

    private applyEvents(): void {
        const { events } = this.trace
        this.flashEvents = 0
        for (; this.nextEvent < events.length; ++this.nextEvent) {
            const { at, event } = events[this.nextEvent]
            if (at > this.done) return
            this.modelNow.apply(event)
            if (event.kind === "flash") this.flashEvents++
        }
    }

    /** The model before the last `missing` flash writes after the present write. */
    private modelWithout(missing: number): Model {
        if (missing === 0) return this.modelNow.clone()
        const { events } = this.trace
        const model = this.modelBefore.clone()
        let flashWrites = this.flashEvents - missing
        for (const { at, event } of events) {
            if (at !== this.done) continue
            if (event.kind === "flash" && flashWrites-- === 0) break
            model.apply(event)
        }
        return model
    }
}

function describeEvent(event: Event): string {
    if (event.kind === "append")
        return `append to ${event.path} at ${event.offset}: ${event.text.length} bytes`
    if ("path" in event) return `${event.kind} ${event.path}`
    return event.kind
}

function placeOf(shape: VolumeShape, block: number): string {
    const inVolume = block - shape.first
    if (inVolume < shape.reserved) return `reserved sector ${inVolume}`
    const inTable = block - shape.fatStart
    if (inTable < shape.fatBlocks * shape.fatCount)
        return `table ${1 + Math.floor(inTable / shape.fatBlocks)}, sector ${inTable % shape.fatBlocks}`
    if (block < shape.dataStart) return "root directory"
    const cluster = Math.floor((block - shape.dataStart) / shape.clusterBlocks) + 2
    return `cluster ${cluster}`
}
