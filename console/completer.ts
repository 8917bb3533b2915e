import { Catalog, type CommandSchema } from "./catalog"
import { flags } from "./manual"
import { idlePause as pause } from "./pause"
import type { LineResult } from "./transport"

/** Timeouts of Tab; the board's description is long and must arrive complete. */
const answerMs = 1_500
const descriptionMs = 8_000
const pathsAgeMs = 10_000
/** Literal arguments. */
const literals = ["all", "yes", "off", "errors", "on"]
const dayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "all", "none"]

/** The candidates and the end of the line they replace, in readline's format. */
export type Completions = [string[], string]

/** The completer's view of the board. */
export interface Asked {
    execute(line: string, onText: (text: string) => void): Promise<LineResult>
    cancel(): Promise<void>
}

/**
 * Completes lines from the board's own description. It asks the board only when nothing else runs,
 * with a timeout, and never inside an import block, where a question would be a wrong line of the
 * block.
 */
export class Completer {
    catalog: Catalog | undefined
    private described = false
    /** The board requires a log-in: do not ask again until there was one. */
    private refused = false
    private stopped = false
    /** Inside an import: each line belongs to its block. */
    inBlock = false
    private asking: Promise<void> | undefined
    private readonly paths = new Map<string, { names: string[]; atMs: number }>()

    /** @param own commands of the terminal itself */
    constructor(
        private readonly board: () => Asked | undefined,
        private readonly own: readonly CommandSchema[] = [],
    ) {}

    /** Loads the board's description if it is not known yet; ends early if `stop` is called. */
    async learn(): Promise<void> {
        if (this.described || this.refused || this.inBlock) return
        this.asking ??= this.ask().finally(() => (this.asking = undefined))
        await this.asking
    }

    /** Takes a description loaded elsewhere. */
    know(catalog: Catalog): void {
        this.catalog = catalog
        this.described = true
    }

    /** A person's line has priority: abandons the current question. */
    async stop(): Promise<void> {
        if (!this.asking) return
        const asking = this.asking
        this.stopped = true
        await this.board()
            ?.cancel()
            .catch(() => undefined)
        await Promise.race([asking, pause(answerMs)])
    }

    /** A line was run: it may have begun a block, or logged in. */
    ran(line: string, { status }: LineResult): void {
        const word = line.trim().split(/\s+/)[0]
        if (status === 0 && word === "import") this.inBlock = true
        if (word === "end" || word === "abort") this.inBlock = false
        if (status === 0 && word === "login") this.refused = false
        if (word === "card") this.paths.clear()
    }

    /** Another board, or the same after a reset. */
    forget(): void {
        this.inBlock = this.described = this.refused = false
        this.paths.clear()
    }

    /**
     * The board's description, loaded if not known yet; undefined if the board does not answer in
     * time.
     */
    async known(): Promise<Catalog | undefined> {
        if (!this.described) await Promise.race([this.learn(), pause(descriptionMs)])
        return this.catalog
    }

    async complete(line: string): Promise<Completions> {
        await this.known()
        const words = line.trimStart().split(/\s+/)
        const typed = words.pop()!
        const candidates = this.inBlock ? this.inImport(words) : await this.candidates(words, typed)
        const start = typed.toLowerCase()
        const list = typed.slice(0, typed.lastIndexOf(",") + 1)
        const whole = candidates.map(one => (dayNames.includes(one) ? list + one : one))
        const fitting = [...new Set(whole)].filter(one => one.toLowerCase().startsWith(start))
        if (fitting.length !== 1 || fitting[0].endsWith("/")) return [fitting.sort(), typed]
        return [[fitting[0] + (this.takesMore([...words, fitting[0]]) ? " " : "")], typed]
    }

    private async ask(): Promise<void> {
        const board = this.board()
        if (!board) return
        this.stopped = false
        const described = await this.printed(board, "describe")
        // It was incomplete: the next Tab asks again.
        if (!described || this.stopped) return
        if (described.status === 0) {
            try {
                this.catalog = Catalog.fromDescription(described.text)
                this.described = true
            } catch {
                // Cut short, or in another format: nothing is learnt.
            }
            return
        }
        this.refused = true
        const help = await this.printed(board, "help")
        if (help?.status === 0) this.catalog ??= Catalog.fromHelp(help.text)
    }

    /** A line's output; undefined if the answer did not end. */
    private async printed(
        board: Asked,
        line: string,
    ): Promise<{ status: number; text: string } | undefined> {
        let text = ""
        try {
            const { status } = await board.execute(line, (piece): void => void (text += piece))
            return { status, text }
        } catch {
            return undefined
        }
    }

    private inImport(words: string[]): string[] {
        if (words.length === 0) return ["set", "end", "abort"]
        return words[0] === "set" ? this.forSet(words.slice(1)) : []
    }

    private async candidates(words: string[], typed: string): Promise<string[]> {
        const catalog = this.catalog
        if (!catalog) return []
        const next = [...catalog.commands, ...this.own]
            .filter(one => words.every((word, i) => one.words[i] === word))
            .map(one => one.words[words.length])
            .filter(word => word !== undefined)
        const command = catalog.commandOf(words) ?? this.ownCommand(words)
        if (!command) return next
        const values = words.slice(command.words.length)
        if (command.words[0] === "set") return this.forSet(values)
        const argument = command.arguments[values.length] ?? ""
        const kinds = argument.replace(/[<>[\]]/g, "").split("|")
        const lists = await Promise.all(kinds.map(kind => this.ofKind(kind, typed)))
        return [...next, ...lists.flat()]
    }

    private async ofKind(kind: string, typed: string): Promise<string[]> {
        const catalog = this.catalog!
        if (kind === "key") return catalog.keys()
        if (kind === "section") return catalog.sections()
        if (kind === "command") return this.topics(catalog)
        if (literals.includes(kind)) return [kind]
        if (kind === "directory") return (await this.list("")).filter(name => name.endsWith("/"))
        if (kind !== "file") return []
        const slash = typed.lastIndexOf("/")
        const folder = typed.slice(0, slash + 1).toUpperCase()
        return (await this.list(folder)).map(name => folder + name)
    }

    /** The topics of `help`. */
    private topics(catalog: Catalog): string[] {
        const commands = [...catalog.commands, ...this.own].map(one => one.words[0])
        if (this.own.length === 0) return commands
        return [...commands, "keys", ...catalog.keys(), ...Object.keys(flags)]
    }

    private ownCommand(words: readonly string[]): CommandSchema | undefined {
        return this.own.find(one => one.words.every((word, i) => word === words[i]))
    }

    private forSet(values: string[]): string[] {
        if (values.length === 0) return this.catalog?.writableKeys() ?? []
        const setting = values.length === 1 ? this.catalog?.setting(values[0]) : undefined
        if (setting?.type === "flag") return ["on", "off"]
        if (setting?.type === "enum") return setting.unit.split(",")
        return setting?.type === "days" ? dayNames : []
    }

    /**
     * The names in a directory of the card ("LOG/", "" for the root); directories end with a slash.
     */
    private async list(folder: string): Promise<string[]> {
        const known = this.paths.get(folder)
        if (known && Date.now() - known.atMs < pathsAgeMs) return known.names
        const board = this.board()
        if (!board || this.asking) return []
        const listing = this.printed(board, `card ls ${folder.slice(0, -1)}`.trim())
        const listed = await Promise.race([listing, pause(answerMs)])
        if (!listed || listed.status !== 0) {
            // It is still being printed, perhaps from a slow card: stop waiting.
            await board.cancel().catch(() => undefined)
            return []
        }
        const entries = listed.text.split("\n").map(line => line.trim().split(/\s+/))
        const names = entries
            .filter(words => words.length === 2)
            .map(([name, size]) => (size === "<DIR>" ? name + "/" : name))
        this.paths.set(folder, { names, atMs: Date.now() })
        return names
    }

    private takesMore(words: string[]): boolean {
        const catalog = this.catalog
        const command = catalog?.commandOf(words) ?? this.ownCommand(words)
        const given = words.length - (command?.words.length ?? words.length)
        const longer = [...(catalog?.commands ?? []), ...this.own].some(
            one =>
                one.words.length > words.length && words.every((word, i) => one.words[i] === word),
        )
        return longer === true || (command !== undefined && given < command.arguments.length)
    }
}
