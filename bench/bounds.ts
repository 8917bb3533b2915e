import { readFileSync } from "node:fs"
import { SdCardChip } from "../sim/chips/sdcard"
import { usualSdCardTiming } from "../sim/chips/sdcardpace"
import type { BlockStore } from "../sim/chips/sdcardstore"
import { SimClock } from "../sim/clock"
import { type CpuName, cpus } from "../sim/cpu"
import { BusPort } from "../sim/port"
import { Chance } from "../sim/random"
import { Vm } from "../sim/vm"
import { firmware } from "../tools/firmware"

/** The duration of one loop, in board ms. */
export interface Bound {
    name: string
    tookMs: number
    /** The longest time it held the card's lock. */
    heldMs: number
    sectorReads: number
    failure?: string
}

/** Parses the board program's messages about its loops. */
class Meter {
    readonly bounds: Bound[] = []
    finish!: (failure?: Error) => void
    readonly finished = new Promise<void>((done, failed) => {
        this.finish = failure => (failure ? failed(failure) : done())
    })
    private began: { atMs: number; reads: number; failure?: string } = { atMs: 0, reads: 0 }

    constructor(
        private readonly clock: SimClock,
        private readonly chip: SdCardChip,
    ) {}

    take(line: string): void {
        const [word, name, ms] = line.split(" ")
        const atMs = this.clock.nowMs()
        const reads = this.chip.counters.sectorReads
        const { began } = this
        if (word === "begin") this.began = { atMs, reads }
        else if (word === "failed") began.failure = line.slice(7)
        else if (word === "end")
            this.bounds.push({
                name,
                tookMs: atMs - began.atMs,
                heldMs: Number(ms),
                sectorReads: reads - began.reads,
                ...(began.failure && { failure: began.failure }),
            })
        else if (word === "done") this.finish()
    }
}

/** Runs the loops of bench/device/bounds.ts over a card, in board time. */
export async function measureBounds(store: BlockStore, cpu: CpuName): Promise<Bound[]> {
    const { imagePath } = await firmware("bench/device/bounds.ts")
    const clock = new SimClock("max")
    const chance = new Chance(1)
    const timing = {
        ...usualSdCardTiming,
        nowMs: () => clock.nowMs(),
        random: chance.stream("card delays"),
    }
    const chip = new SdCardChip(store, { timing })
    const port = new BusPort(chip, [], { chance })
    const meter = new Meter(clock, chip)
    let flash = new Uint8Array()
    const vm = await Vm.start(
        {
            clock,
            cpu: cpus[cpu],
            chance,
            epochMs: Date.UTC(2026, 0, 1),
            deviceId: "1989f4eee0ebe206",
            loadFlash: () => flash,
            saveFlash: data => (flash = data.slice()),
            exchange: buffer => port.exchange(buffer),
            onFrame: frame => {
                if (frame[2] === 0xff) port.fromBoard(frame)
            },
            onLog: line => {
                if (line.startsWith("> ")) meter.take(line.slice(2))
            },
            onReboot: () => meter.finish(new Error("bounds: the runtime restarted")),
            onAbort: words => meter.finish(new Error(`bounds: ${words[0]}`)),
            onPanic: code => meter.finish(new Error(`bounds: panic ${code}`)),
        },
        readFileSync(imagePath),
    )
    await meter.finished
    vm.cut()
    clock.stop()
    return meter.bounds
}
