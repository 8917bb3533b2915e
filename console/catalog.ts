/** A setting as `describe` has it. */
export interface SettingSchema {
    key: string
    type: string
    unit: string
}

/** A command as `describe` or `help` has it. */
export interface CommandSchema {
    /** `card ls` */
    words: string[]
    /** `<file>`, `[lines]` */
    arguments: string[]
}

/** The document that `--json` prints: the lines of `describe` by their kind. */
export interface Description {
    format: number
    settings: object[]
    commands: object[]
    alarms: object[]
    state: object[]
}

const stateTypes = ["count", "timestamp", "hash"]

/** What the board says of itself: its commands and settings. */
export class Catalog {
    constructor(
        readonly commands: readonly CommandSchema[],
        readonly settings: readonly SettingSchema[] = [],
    ) {}

    /** @param text what `describe` printed; throws a SyntaxError when it is no such text */
    static fromDescription(text: string): Catalog {
        const { commands, settings } = parseDescription(text)
        return new Catalog(
            (commands as { words: string; arguments: string }[]).map(one => ({
                words: one.words.split(" "),
                arguments: one.arguments.split(" ").filter(word => word !== ""),
            })),
            settings as SettingSchema[],
        )
    }

    /** @param text what `help` printed: all that a board tells before the log-in */
    static fromHelp(text: string): Catalog {
        const synopses = text.split("\n").map(line => line.slice(0, 34).trim().split(" "))
        const isArgument = (word: string) => /^[<[]/.test(word)
        return new Catalog(
            synopses
                .filter(words => words[0] !== "")
                .map(words => ({
                    words: words.filter(word => !isArgument(word)),
                    arguments: words.filter(isArgument),
                })),
        )
    }

    keys(): string[] {
        return this.settings.map(setting => setting.key)
    }

    /** The keys that `set` takes. */
    writableKeys(): string[] {
        return this.settings.filter(one => !stateTypes.includes(one.type)).map(one => one.key)
    }

    sections(): string[] {
        return [...new Set(this.keys().map(key => key.split(".")[0]))]
    }

    setting(key: string): SettingSchema | undefined {
        return this.settings.find(setting => setting.key === key)
    }

    /** The command that these words begin with; of `card` and `card ls` the longer one. */
    commandOf(words: readonly string[]): CommandSchema | undefined {
        const fitting = this.commands.filter(one => one.words.every((word, i) => word === words[i]))
        return fitting.sort((one, other) => other.words.length - one.words.length)[0]
    }
}

/** Puts the lines of `describe` into one document. Throws a SyntaxError when a line is no JSON or the first is missing. */
export function parseDescription(text: string): Description {
    const lines = text.split("\n").filter(line => line !== "")
    const objects = lines.map(line => JSON.parse(line) as { kind?: string; format?: number })
    const [head] = objects
    if (head?.kind !== "bms-mini" || typeof head.format !== "number")
        throw new SyntaxError("the board's description does not begin as one")
    const ofKind = (kind: string) =>
        objects
            .filter(one => one.kind === kind)
            .map(one => {
                delete one.kind
                return one
            })
    return {
        format: head.format,
        settings: ofKind("setting"),
        commands: ofKind("command"),
        alarms: ofKind("alarm"),
        state: ofKind("state"),
    }
}
