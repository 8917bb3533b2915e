import { Fault, FaultCode } from "../core/fault"
import { Hashing, Ticks } from "../core/seams"
import { Key } from "../settings/keys"
import { Settings } from "../settings/settings"
import { Session } from "./session"
import { refuse } from "./words"

const idleMs = 600000
const lockMs = 60000
const triesMax = 5
const saltBytes = 8
const rounds = 300

/**
 * The console's password. Stored as hexadecimal text: 8 bytes of salt, then SHA-256 over the
 * password and the salt, hashed 300 more times with the salt. Five wrong tries lock the log-in of
 * all consoles for a minute.
 */
export class Access {
    private wrongTries = 0
    private lockedUntilMs = 0

    constructor(
        private readonly ticks: Ticks,
        private readonly settings: Settings,
        private readonly hashing: Hashing,
    ) {}

    /** Call it at each line: ten minutes after the end of the previous line a log-in expires. */
    touch(session: Session): void {
        if (this.ticks.nowMs() - session.lastMs > idleMs) session.proof = ""
    }

    /** Throws Fault LoginNeeded unless no password is set or this console has logged in. */
    check(session: Session): void {
        const stored = this.settings.text(Key.ConsolePassword)
        // "defaults" may have removed it since the log-in.
        if (!stored || session.proof === stored) return
        session.block = undefined
        throw new Fault(FaultCode.LoginNeeded, "log in first: login <password>")
    }

    login(session: Session, password: string): void {
        const nowMs = this.ticks.nowMs()
        const stored = this.settings.text(Key.ConsolePassword)
        const salt = Buffer.from(stored.slice(0, saltBytes * 2), "hex")
        const waitMs = this.lockedUntilMs - nowMs
        if (waitMs > 0) refuse(`locked after five wrong tries; wait ${Math.ceil(waitMs / 1000)} s`)
        if (stored && this.hash(salt, password) !== stored) {
            this.wrongTries += 1
            if (this.wrongTries % triesMax === 0) this.lockedUntilMs = nowMs + lockMs
            refuse("wrong password")
        }
        this.wrongTries = 0
        session.proof = stored
    }

    /** Stores a new password, "" for none; this logs out all other consoles. */
    async changePassword(session: Session, password: string): Promise<void> {
        let hash = ""
        if (password) hash = this.hash(this.hashing.random(saltBytes), password)
        await this.settings.apply([Key.ConsolePassword], [hash])
        session.proof = hash
    }

    private hash(salt: Buffer, password: string): string {
        let digest = Buffer.from(password)
        for (let i = 0; i <= rounds; ++i) digest = this.hashing.digest(digest, salt)
        return salt.toString("hex") + digest.toString("hex")
    }
}
