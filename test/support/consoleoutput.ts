import { Output } from "../../src/console/call"

/** Collects what a console line prints. */
export class CollectedOutput implements Output {
    collected = ""
    flushes = 0

    async text(text: string): Promise<void> {
        this.collected += text
    }

    async bytes(data: Buffer, length: number): Promise<void> {
        this.collected += String.fromCharCode(...data.slice(0, length))
    }

    async flush(): Promise<void> {
        this.flushes++
    }
}
