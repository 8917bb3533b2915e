/** The runtime's warnings and panics, and what of the firmware's own lines tells of trouble. */
const trouble =
    /^(! |PANIC|abort\(\)|\[noise|(> )?(fault|scheduler|supervisor|reset|logger|console|ftp: (failed|waits)|journal: record))/

const choices = ["off", "errors", "on"] as const

/**
 * How much of the board's log a person wants to see while typing: `log off|errors|on`, a line of
 * the terminal's own.
 */
export class LogChoice {
    private choice: (typeof choices)[number] = "on"

    /** @param line of the log, with or without the runtime's mark of the firmware's lines */
    shows(line: string): boolean {
        return this.choice === "on" || (this.choice === "errors" && trouble.test(line))
    }

    /** Carries out such a line. @returns what it says; undefined for any other line */
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
