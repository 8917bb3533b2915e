/** A setting as in `describe`; a board may omit what only people need. */
export interface SettingSchema {
    key: string
    type: string
    unit: string
    section?: string
    name?: string
    min?: number
    max?: number
    default?: string
    help?: string
    value?: string
    allowed?: string
}

export interface AlarmSchema {
    name: string
    active: boolean
}

/** A command as in `describe` or `help`. */
export interface CommandSchema {
    /** `card ls` */
    words: string[]
    /** `<file>`, `[lines]` */
    arguments: string[]
    help?: string
}

/** The document printed by `--json`: the lines of `describe` by kind. */
export interface Description {
    format: number
    settings: object[]
    commands: object[]
    alarms: object[]
    state: object[]
}

/** The column of the help text in a line of `help`. */
export const helpColumn = 34

const stateTypes = ["count", "timestamp", "hash"]

/** The board's commands and settings, as it describes them. */
export class Catalog {
    constructor(
        readonly commands: readonly CommandSchema[],
        readonly settings: readonly SettingSchema[] = [],
        readonly alarms: readonly AlarmSchema[] = [],
    ) {}

    /** @param text the output of `describe`; throws a SyntaxError if it is not one */
    static fromDescription(text: string): Catalog {
        const { commands, settings, alarms } = parseDescription(text)
        return new Catalog(
            (commands as { words: string; arguments: string; help?: string }[]).map(one => ({
                words: one.words.split(" "),
                arguments: one.arguments.split(" ").filter(word => word !== ""),
                help: one.help,
            })),
            settings as SettingSchema[],
            alarms as AlarmSchema[],
        )
    }

    /** @param text the output of `help`: all that a board tells before the log-in */
    static fromHelp(text: string): Catalog {
        const isArgument = (word: string) => /^[<[]/.test(word)
        const lines = text.split("\n").filter(line => line.trim() !== "")
        return new Catalog(
            lines.map(line => {
                const words = line.slice(0, helpColumn).trim().split(" ")
                return {
                    words: words.filter(word => !isArgument(word)),
                    arguments: words.filter(isArgument),
                    help: line.slice(helpColumn),
                }
            }),
        )
    }

    keys(): string[] {
        return this.settings.map(setting => setting.key)
    }

    /** The keys that `set` accepts. */
    writableKeys(): string[] {
        return this.settings.filter(one => !stateTypes.includes(one.type)).map(one => one.key)
    }

    sections(): string[] {
        return [...new Set(this.keys().map(key => key.split(".")[0]))]
    }

    setting(key: string): SettingSchema | undefined {
        return this.settings.find(setting => setting.key === key)
    }

    /** The command at the start of these words; of `card` and `card ls` the longer one. */
    commandOf(words: readonly string[]): CommandSchema | undefined {
        const fitting = this.commands.filter(one => one.words.every((word, i) => word === words[i]))
        return fitting.sort((one, other) => other.words.length - one.words.length)[0]
    }
}

/**
 * Combines the lines of `describe` into one document. Throws a SyntaxError if a line is not JSON or
 * the first is missing.
 */
export function parseDescription(text: string): Description {
    const lines = text.split("\n").filter(line => line !== "")
    const objects = lines.map(line => JSON.parse(line) as { kind?: string; format?: number })
    const [head] = objects
    if (head?.kind !== "bms-mini" || typeof head.format !== "number")
        throw new SyntaxError("the board's description lacks its first line")
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
