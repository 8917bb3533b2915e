import type { LineResult } from "./transport"

/** Lines that may have changed the board's name. */
const naming = /^\s*(set\s+"?user\.serial|defaults\s|end\b|login\s)/

/** The prompt, which names the board. */
export class BoardPrompt {
    private serial = ""

    /** @param execute runs a line on the board */
    constructor(
        private readonly execute: (
            line: string,
            onText: (text: string) => void,
        ) => Promise<LineResult>,
    ) {}

    text(): string {
        return (this.serial || "bms") + ">"
    }

    /** It may be another board now. */
    forget(): void {
        this.serial = ""
    }

    /**
     * Asks for the board's identity. @returns a line for the person; undefined if there is nothing
     * to say
     */
    async greet(): Promise<string | undefined> {
        let status = ""
        try {
            const result = await this.execute("status", text => (status += text))
            if (result.status !== 0) return status.replace(/^error: /, "").trim() || undefined
        } catch {
            return undefined
        }
        const value = (name: string) => new RegExp(`^${name} +(.*)$`, "m").exec(status)?.[1] ?? "?"
        const serial = value("serial")
        this.serial = /^[\w-]{1,16}$/.test(serial) ? serial : ""
        return `${serial}, version ${value("version")}, alarms: ${value("alarms")}`
    }

    /** A line has been carried out. */
    async ran(line: string): Promise<void> {
        if (naming.test(line)) await this.greet()
    }
}
