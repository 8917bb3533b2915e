import type { MemoryStore } from "../../sim/chips/sdcardstore"
import type { Alarm } from "../../src/core/alarm"
import type { Key } from "../../src/settings/keys"
import type { NodeBoard } from "./nodeboard"

/** A whole board with a card in it: what tests of one of its parts have in common. */
export abstract class BoardWithCard {
    protected constructor(
        readonly board: NodeBoard,
        /** How the part's log lines begin. */
        private readonly prefix: string,
    ) {}

    get store(): MemoryStore {
        return this.board.card!
    }

    /** The part's log lines. */
    get lines(): string[] {
        return this.board.lines.filter(line => line.startsWith(this.prefix))
    }

    async finish<T>(work: Promise<T>): Promise<T> {
        return await this.board.ticks.finish(work)
    }

    async set(key: Key, value: number | string): Promise<void> {
        await this.finish(this.board.parts.settings.apply([key], [value]))
    }

    /** As NodeBoard's. */
    reports(alarm: Alarm): boolean {
        return this.board.reports(alarm)
    }

    async pass(seconds: number): Promise<void> {
        await this.board.ticks.advance(seconds * 1000)
    }
}
