import { expect, it } from "vitest"
import { type Random, Chance } from "../../../sim/random"
import type { MemoryStore } from "../../../sim/chips/sdcardstore"
import { Key } from "../../../src/settings/keys"
import { NodeConnector } from "../../support/nodesocket"
import { UploadBoard } from "../../support/uploadboard"
import { ScriptedFtpServer } from "../../support/uploadserver"

// Cards that move randomly between the board and a PC. Whatever a person does there, no confirmed
// data are lost or mixed, foreign files stay untouched, and in the end a server has each log of the
// card byte for byte.

const days = ["LOG/20261120.CSV", "LOG/20261121.CSV", "LOG/20261122.CSV"]
const foreign = {
    "BMS-1-LOG-20261121.CSV": "theirs\r\n",
    "KEEP.TXT": "keep\r\n",
    "INDEX.HTM": "<html>",
}

class Story {
    readonly steps: string[] = []
    private readonly servers: ScriptedFtpServer[] = []
    private ports: number[] = []
    private stores: MemoryStore[] = []
    /** Files of the card that a person has saved at some time, with their paths. */
    private readonly saved: [path: string, content: Buffer][] = []
    /** Lines on a server after a successful session. */
    private readonly confirmed = new Set<string>()
    private desk!: UploadBoard

    constructor(private readonly random: Random) {}

    async begin(): Promise<void> {
        const other = new ScriptedFtpServer({ restarts: this.flip(0.5) })
        const first = new ScriptedFtpServer({ restarts: this.flip(0.5) })
        this.servers.push(first, other)
        this.ports = [await first.start(), await other.start()]
        this.desk = await UploadBoard.start({ tcp: new NodeConnector(), manual: true })
        await this.useServer(0)
        for (const server of this.servers)
            for (const [name, content] of Object.entries(foreign))
                server.files.set(name, Buffer.from(content))
    }

    async end(): Promise<void> {
        for (const server of this.servers) await server.stop()
    }

    async step(): Promise<void> {
        const kind = this.below(12)
        if (kind < 4) await this.log()
        else if (kind < 7) await this.session(this.flip(0.4))
        else if (kind < 10) await this.pc()
        else if (kind < 11) await this.swap()
        else if (this.flip(0.5)) await this.changeServer()
        else await this.again()
    }

    /** Finishes all cards, one after the other, with a working server. */
    async finish(): Promise<void> {
        await this.useServer(0)
        for (const store of [this.desk.store, ...this.stores]) {
            if (store !== this.desk.store) await this.desk.swap(store)
            await this.log()
            for (let i = 0; i < 2; ++i) await this.session(false)
            this.checkCard()
        }
        const there = new Set(this.lines())
        expect([...this.confirmed].filter(line => !there.has(line))).toEqual([])
    }

    private async changeServer(): Promise<void> {
        this.steps.push("server")
        await this.useServer(this.below(2))
    }

    private below(count: number): number {
        return Math.floor(this.random() * count)
    }

    private flip(share: number): boolean {
        return this.random() < share
    }

    private pick<T>(values: readonly T[]): T {
        return values[this.below(values.length)]
    }

    private async useServer(index: number): Promise<void> {
        await this.desk.set(Key.FtpPort, this.ports[index])
    }

    private async log(): Promise<void> {
        const path = this.flip(0.8) ? days[2] : this.pick(days)
        const records = 1 + this.below(30)
        this.steps.push(`log ${records} to ${path}`)
        await this.desk.log(path, records)
    }

    /** @param broken its first transfer breaks, and then the server refuses log-ins */
    private async session(broken: boolean): Promise<void> {
        this.steps.push(broken ? "broken session" : "session")
        for (const server of this.servers) {
            if (!broken) continue
            server.cutAfterBytes = 1 + this.below(1500)
            server.options.answer = verb =>
                verb === "USER" && server.cutAfterBytes === undefined ? "421 away" : undefined
        }
        const error = await this.desk.session().then(
            () => "",
            (thrown: Error) => thrown.message,
        )
        for (const server of this.servers) {
            server.cutAfterBytes = undefined
            server.options.answer = undefined
        }
        for (const { files } of this.servers)
            for (const [name, content] of Object.entries(foreign))
                expect(files.get(name)?.toString()).toBe(content)
        if (broken) {
            this.checkTaken()
            return
        }
        expect(error).toBe("")
        for (const line of this.lines()) this.confirmed.add(line)
    }

    /**
     * Lines deleted by a session that failed to send them again must be on the card; the next one
     * confirms them.
     */
    private checkTaken(): void {
        const there = new Set(this.lines())
        const editor = this.desk.editor()
        const card = editor
            .paths()
            .map(path => editor.read(path).toString())
            .join("")
        for (const line of this.confirmed) {
            if (there.has(line)) continue
            expect(card).toContain(line)
            this.confirmed.delete(line)
        }
    }

    private async again(): Promise<void> {
        this.steps.push("resend")
        await this.desk.resend("2026-11-21")
        await this.session(false)
    }

    private async swap(): Promise<void> {
        this.steps.push("swap")
        const next = this.stores.length === 2 ? this.stores.shift() : undefined
        this.stores.push(await this.desk.swap(next))
    }

    private async pc(): Promise<void> {
        const powerCut = this.flip(0.3)
        const kind = this.below(13)
        this.steps.push(`pc ${kind}${powerCut ? ", power cut" : ""}`)
        await this.desk.pc(() => this.edit(kind), powerCut)
    }

    private edit(kind: number): void {
        const editor = this.desk.editor()
        const logs = editor.paths().filter(path => /^LOG\/\d{8}\.CSV$/.test(path))
        const log = logs.length > 0 ? this.pick(logs) : ""
        const history = editor.exists("LOGSENT.TXT") ? "LOGSENT.TXT" : ""
        const lines = (change: (lines: string[]) => string[]): void =>
            editor.edit(history, text => change(text.split(/(?<=\n)/)).join(""))
        if (kind === 0) editor.litter()
        if (kind === 1 && log) editor.move(log, "OLD.CSV")
        if (kind === 2 && editor.exists("OLD.CSV")) editor.move("OLD.CSV", this.pick(days))
        if (kind === 3 && log) editor.remove(log)
        if (kind === 4 && log) editor.move(log, this.pick(days))
        if (kind === 5 && log) editor.edit(log, text => this.cut(text))
        if (kind === 6) for (const path of [...logs, "LOGSENT.TXT"]) this.save(path)
        if (kind === 7 && this.saved.length > 0) editor.write(...this.pick(this.saved))
        if (kind === 8) for (const [path, content] of this.saved) editor.write(path, content)
        if (!history) return
        if (kind === 9) editor.remove(history)
        if (kind === 10) editor.edit(history, text => text.replaceAll("\r", ""))
        if (kind === 11) lines(all => all.filter(() => this.flip(0.7)))
        if (kind === 12) lines(all => [...all, ...all.filter(() => this.flip(0.3)), "\n\n"])
    }

    /** As after a torn sector: some whole lines, at least the header. */
    private cut(text: string): string {
        const end = text.indexOf("\n") + 1 + this.below(text.length)
        return text.slice(0, text.lastIndexOf("\n", end) + 1)
    }

    private save(path: string): void {
        const editor = this.desk.editor()
        if (!editor.exists(path)) return
        this.saved.push([path, Buffer.from(editor.read(path))])
        if (this.saved.length > 6) this.saved.shift()
    }

    /** All whole lines on the servers. */
    private lines(): string[] {
        return this.contents()
            .flatMap(content => content.split(/(?<=\n)/))
            .filter(line => line.endsWith("\n"))
    }

    private contents(): string[] {
        return this.servers.flatMap(({ files }) => [...files.values()].map(one => one.toString()))
    }

    private checkCard(): void {
        const editor = this.desk.editor()
        const there = this.contents()
        for (const path of editor.paths()) {
            if (!/^LOG\/\d{8}\.CSV$/.test(path)) continue
            const content = editor.read(path).toString()
            // Another card with a copy of this file may have continued it.
            const found = there.some(one => one.startsWith(content))
            expect(found, `${path} is on a server`).toBe(true)
        }
    }
}

it.each(Array.from({ length: 100 }, (_, seed) => seed))("random story %i ends well", async seed => {
    const story = new Story(new Chance(seed).stream("edits"))
    await story.begin()
    try {
        for (let i = 0; i < 25; ++i) await story.step()
        await story.finish()
    } catch (thrown) {
        throw new Error(`${(thrown as Error).message}\nsteps: ${story.steps.join("; ")}`)
    } finally {
        await story.end()
    }
})
