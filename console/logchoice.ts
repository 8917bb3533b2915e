/** The runtime's warnings and panics, and the firmware's lines about trouble. */
const trouble =
    /^(! |PANIC|abort\(\)|\[noise|(> )?(fault|scheduler|supervisor|reset|logger|console|ftp: (failed|waits)|journal: record))/

const choices = ["off", "errors", "on"] as const

/**
 * How much of the board's log is shown while a person types: `log off|errors|on`, a line of the
 * terminal itself.
 */
export class LogChoice {
    private choice: (typeof choices)[number] = "on"

    /** @param line of the log, with or without the runtime's mark for firmware lines */
    shows(line: string): boolean {
        return this.choice === "on" || (this.choice === "errors" && trouble.test(line))
    }

    /** Carries out such a line. @returns its output; undefined for any other line */
    obey(line: string): string | undefined {
        const [command, wanted, ...rest] = line.trim().split(/\s+/)
        if (command !== "log") return undefined
        const found = choices.find(one => one === wanted)
        if (rest.length > 0 || (wanted !== undefined && !found))
            return "error: log off, log errors (warnings and failures only) or log on"
        this.choice = found ?? this.choice
        return `log ${this.choice}`
    }
}
