import { Fault, FaultCode } from "../core/fault"
import { Ticks } from "../core/seams"
import { Key } from "../settings/keys"
import { Settings } from "../settings/settings"
import { Session } from "./session"

const idleMs = 600000
const lockMs = 60000
const triesMax = 5
const saltBytes = 8
const digestBytes = 20
const rounds = 300

/** What the log-in needs of cryptography. */
export interface Hashing {
    /** SHA-256 of the two, one after the other. */
    digest(first: Buffer, second: Buffer): Buffer
    random(bytes: number): Buffer
}

/**
 * The console's password. Stored as hexadecimal text: 8 bytes of salt, then the first 20 bytes of
 * SHA-256 over the password and the salt, hashed again 300 times with the salt.
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
        if (session.proof !== this.settings.text(Key.ConsolePassword))
            throw new Fault(FaultCode.LoginNeeded, "log in first: login <password>")
    }

    login(session: Session, password: string): void {
        const nowMs = this.ticks.nowMs()
        const waitMs = this.lockedUntilMs - nowMs
        if (waitMs > 0) this.fail(`locked after ${triesMax} wrong tries: wait ${Math.ceil(waitMs / 1000)} s`)
        const stored = this.settings.text(Key.ConsolePassword)
        const salt = Buffer.from(stored.slice(0, saltBytes * 2), "hex")
        if (stored.length !== 0 && this.hash(salt, password) !== stored) {
            this.wrongTries += 1
            if (this.wrongTries === triesMax) {
                this.wrongTries = 0
                this.lockedUntilMs = nowMs + lockMs
            }
            this.fail("wrong password")
        }
        this.wrongTries = 0
        session.proof = stored
    }

    /** Stores a new password, "" for none; every other console is logged out by it. */
    async change(session: Session, password: string): Promise<void> {
        const hash = password.length === 0 ? "" : this.hash(this.hashing.random(saltBytes), password)
        await this.settings.set(Key.ConsolePassword, hash)
        session.proof = hash
    }

    private hash(salt: Buffer, password: string): string {
        let digest = this.hashing.digest(Buffer.from(password), salt)
        for (let i = 0; i < rounds; ++i) digest = this.hashing.digest(digest, salt)
        return salt.toString("hex") + digest.slice(0, digestBytes).toString("hex")
    }

    private fail(message: string): never {
        throw new Fault(FaultCode.LoginNeeded, message)
    }
}
