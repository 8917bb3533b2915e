import type { SpiChip } from "../../sim/chips/chip"
import type { Ticks } from "../../src/core/seams"
import { ChipSpiBus } from "./memorycard"

/** A bus whose transfers each take a fixed board time plus the time of their bits. */
export class SlowSpiBus extends ChipSpiBus {
    /** The fraction of a millisecond not yet slept. */
    private restMs = 0

    constructor(
        chip: SpiChip,
        private readonly ticks: Ticks,
        private readonly transferMs: number,
    ) {
        super(chip)
    }

    override async transfer(out: Buffer): Promise<Buffer> {
        const answer = await super.transfer(out)
        const tookMs = this.restMs + this.transferMs + (out.length * 8000) / this.clockHz
        this.restMs = tookMs % 1
        if (tookMs >= 1) await this.ticks.sleep(Math.floor(tookMs))
        return answer
    }
}
