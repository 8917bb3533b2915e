import { Fault, FaultCode } from "../core/fault"
import { Ticks } from "../core/seams"
import { Key } from "../settings/keys"
import { Settings } from "../settings/settings"
import { Session } from "./session"
import { refuse } from "./words"

const idleMs = 600000
const lockMs = 60000
const triesMax = 5
const saltBytes = 8
const rounds = 300

/** What the log-in needs of cryptography. */
export interface Hashing {
    /** SHA-256 of the two, one after the other. */
    digest(first: Buffer, second: Buffer): Buffer
    random(bytes: number): Buffer
}

/**
 * The console's password. Stored as hexadecimal text: 8 bytes of salt, then SHA-256 over the password
 * and the salt, hashed again 300 times with the salt.
 * Five wrong tries lock the log-in for a minute, for every console.
 */
export class Access {
    private wrongTries = 0
    private lockedUntilMs = 0

    constructor(
        private readonly ticks: Ticks,
        private readonly settings: Settings,
        private readonly hashing: Hashing,
    ) {}

    /** Throws Fault LoginNeeded unless no password is set or this console has logged in; ten idle minutes end a log-in. */
    check(session: Session): void {
        const nowMs = this.ticks.nowMs()
        if (nowMs - session.lastMs > idleMs) session.proof = ""
        session.lastMs = nowMs
        if (session.proof === this.settings.text(Key.ConsolePassword)) return
        session.block = undefined
        throw new Fault(FaultCode.LoginNeeded, "log in first: login <password>")
    }

    login(session: Session, password: string): void {
        const nowMs = this.ticks.nowMs()
        const stored = this.settings.text(Key.ConsolePassword)
        const salt = Buffer.from(stored.slice(0, saltBytes * 2), "hex")
        if (nowMs < this.lockedUntilMs) refuse("locked for a minute after five wrong tries")
        if (stored && this.hash(salt, password) !== stored) {
            this.wrongTries += 1
            if (this.wrongTries % triesMax === 0) this.lockedUntilMs = nowMs + lockMs
            refuse("wrong password")
        }
        this.wrongTries = 0
        session.proof = stored
        session.lastMs = nowMs
    }

    /** Stores a new password, "" for none; every other console is logged out by it. */
    async change(session: Session, password: string): Promise<void> {
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
