import { DataTransfer, PassivePort } from "./ftpdata"
import { FtpFolder, OpenFile } from "./ftpfolder"
import type { FtpShelf, FtpTemper } from "./ftptemper"
import type { SimHost } from "./hosts"
import type { TcpEnd } from "./tcp"
import type { BoardTime } from "./time"

/** A log-in without activity ends after this time. */
const IDLE_MS = 300_000
const LINE_BYTES_MAX = 1024
const READ_BYTES = 4096

export interface FtpSessionParts {
    time: BoardTime
    /** Accepts the data connections. */
    host: SimHost
    /** Folder on disk that a log-in sees as "/". */
    root: string
    /** If set, only this user gets in. */
    user?: string
    password?: string
    temper: FtpTemper
    shelf: FtpShelf
    /** Unix ms of now. */
    dateMs(): number
    received(name: string, bytes: number): void
    ended(): void
}

/** What a command needs: a log-in unless `free`, an argument. */
interface Command {
    run: (argument: string) => void
    free?: boolean
    argument?: boolean
}

/**
 * One log-in at the simulation's FTP server: RFC 959 in stream mode, RFC 2428 (EPSV), RFC 3659
 * (SIZE, REST), RFC 2389 (FEAT). It opens no connections itself, so PORT and EPRT are refused.
 * Files keep their line ends, whatever the TYPE. A transfer continues to its end when the control
 * connection closes, as vsftpd's does.
 */
export class FtpSession {
    private readonly folder: FtpFolder
    private readonly commands: Record<string, Command>
    private input = ""
    /** A line was too long: the rest of it is skipped. */
    private skipping = false
    private user: string | undefined
    private loggedIn = false
    private restart = 0
    private extendedOnly = false
    private passive: PassivePort | undefined
    /** The current transfer; commands wait for its end. */
    private transfer: DataTransfer | "waiting" | undefined
    private patience: object | undefined
    private greeted = false
    private gone = false

    constructor(
        private readonly control: TcpEnd,
        private readonly parts: FtpSessionParts,
    ) {
        this.folder = new FtpFolder(parts.root)
        this.commands = { ...this.logInCommands(), ...this.fileCommands(), ...this.transfers() }
        control.onChange = () => this.read()
        this.moved()
        const { greetingMs } = parts.temper
        if (greetingMs === undefined) this.greet()
        else parts.time.setTimeout(() => this.greet(), greetingMs)
    }

    private greet(): void {
        if (this.gone) return
        this.greeted = true
        this.sayBytes(this.parts.temper.greeting ?? "220 BMS Mini simulator")
        this.read()
    }

    /** The server stops: everything breaks off. */
    cut(): void {
        this.control.abort()
        this.leave()
        if (this.transfer instanceof DataTransfer) this.transfer.abort()
    }

    private logInCommands(): Record<string, Command> {
        return {
            USER: {
                free: true,
                argument: true,
                run: name => {
                    this.loggedIn = false
                    this.user = name
                    this.say("331 Password, please.")
                },
            },
            PASS: { free: true, run: password => this.logIn(password) },
            QUIT: {
                free: true,
                run: () => {
                    this.say("221 Goodbye.")
                    this.control.close()
                    this.leave()
                },
            },
            NOOP: { free: true, run: () => this.say("200 OK.") },
            SYST: { free: true, run: () => this.say("215 UNIX Type: L8") },
            FEAT: {
                free: true,
                run: () => this.say("211-Features:", " EPSV", " REST STREAM", " SIZE", "211 End"),
            },
            TYPE: { argument: true, run: type => this.answer(/^(A( N)?|I|L 8)$/i.test(type), 504) },
            MODE: { argument: true, run: mode => this.answer(/^S$/i.test(mode), 504) },
            STRU: { argument: true, run: structure => this.answer(/^F$/i.test(structure), 504) },
        }
    }

    private fileCommands(): Record<string, Command> {
        const { folder } = this
        return {
            PWD: { run: () => this.say(`257 "${folder.current.replaceAll('"', '""')}"`) },
            CWD: { argument: true, run: name => this.enter(name) },
            CDUP: { run: () => this.enter("..") },
            MKD: {
                argument: true,
                run: name => {
                    const path = folder.absolute(name).replaceAll('"', '""')
                    if (folder.makeFolder(name)) this.say(`257 "${path}" is there.`)
                    else this.say("550 The folder cannot be made.")
                },
            },
            RMD: { argument: true, run: name => this.done(folder.removeFolder(name)) },
            DELE: { argument: true, run: name => this.done(folder.remove(name)) },
            SIZE: {
                argument: true,
                run: name => {
                    const { shelf, temper, time } = this.parts
                    const hidden = shelf.hides(folder.absolute(name), time.nowMs())
                    const bytes = hidden ? undefined : folder.size(name)
                    this.say(
                        bytes === undefined
                            ? (temper.missing ?? "550 No such file.")
                            : `213 ${bytes}`,
                    )
                },
            },
        }
    }

    private transfers(): Record<string, Command> {
        return {
            EPSV: { run: kind => this.enterExtendedPassive(kind) },
            PASV: {
                run: () => {
                    if (this.extendedOnly) return this.say("501 Only EPSV after EPSV ALL.")
                    const { address } = this.parts.host
                    const port = this.listen("PASV")
                    const numbers = [...address.split("."), port >> 8, port & 255].join(",")
                    this.say(`227 Entering Passive Mode (${numbers}).`)
                },
            },
            REST: {
                argument: true,
                run: position => {
                    if (!/^\d+$/.test(position)) return this.say("501 REST takes a number.")
                    this.restart = Number(position)
                    this.say(`350 From byte ${this.restart} on.`)
                },
            },
            STOR: { argument: true, run: name => this.store(name, this.restart) },
            APPE: { argument: true, run: name => this.store(name, this.folder.size(name) ?? 0) },
            RETR: { argument: true, run: name => this.retrieve(name, this.restart) },
            LIST: { run: name => this.list(this.folder.lines(name.replace(/^-\S+ ?/, ""))) },
            NLST: { run: name => this.list(this.folder.names(name)) },
        }
    }

    private read(): void {
        // A running transfer is finished first; its reply may then go nowhere.
        if (this.transfer && this.parts.temper.dropsTransfers && this.control.over !== "")
            this.dropTransfer()
        if (this.transfer || !this.greeted) return
        for (;;) {
            const data = this.control.read(READ_BYTES)
            if (!data) break
            this.input += Buffer.from(data).toString("latin1")
            this.moved()
        }
        this.obeyWhatCame()
        if (this.control.over !== "" && !this.transfer) {
            this.control.close()
            this.leave()
        }
    }

    private obeyWhatCame(): void {
        while (!this.transfer && !this.gone) {
            const end = this.input.indexOf("\n")
            if (end < 0) break
            const line = this.input.slice(0, end).replace(/\r$/, "")
            this.input = this.input.slice(end + 1)
            if (!this.skipping) this.obey(Buffer.from(line, "latin1").toString("utf8"))
            this.skipping = false
        }
        if (this.transfer || this.input.length <= LINE_BYTES_MAX) return
        this.input = ""
        if (!this.skipping) this.say("500 Line too long.")
        this.skipping = true
    }

    private obey(line: string): void {
        const blank = line.indexOf(" ")
        const verb = (blank < 0 ? line : line.slice(0, blank)).toUpperCase()
        const argument = blank < 0 ? "" : line.slice(blank + 1)
        const command = Object.hasOwn(this.commands, verb) ? this.commands[verb] : undefined
        const instead = this.parts.temper.answer?.(verb, argument)
        if (instead !== undefined) this.sayInstead(instead)
        else if (!command)
            this.say(/^(PORT|EPRT)$/.test(verb) ? "502 Use EPSV." : "502 Unknown command.")
        else if (!command.free && !this.loggedIn) this.say("530 Log in first.")
        else if (command.argument && argument === "") this.say("501 An argument is missing.")
        else command.run(argument)
        // REST applies to the next command only (RFC 3659 §5.1).
        if (verb !== "REST") this.restart = 0
    }

    private logIn(password: string): void {
        const { user } = this.parts
        if (this.user === undefined) return this.say("503 Send USER first.")
        this.loggedIn =
            user === undefined || (this.user === user && password === this.parts.password)
        this.user = undefined
        this.say(this.loggedIn ? "230 Logged in." : "530 Login incorrect.")
    }

    private enter(name: string): void {
        if (!this.folder.isFolder(name)) return this.say("550 No such folder.")
        this.folder.current = this.folder.absolute(name)
        this.say("250 OK.")
    }

    private enterExtendedPassive(kind: string): void {
        if (/^ALL$/i.test(kind)) {
            this.extendedOnly = true
            this.say("200 Only EPSV from now on.")
        } else if (kind !== "" && kind !== "1")
            this.say("522 Network protocol not supported, use (1)")
        else this.say(`229 Entering Extended Passive Mode (|||${this.listen("EPSV")}|)`)
    }

    private listen(verb: "EPSV" | "PASV"): number {
        const { host, time, temper } = this.parts
        this.passive?.close()
        this.passive = new PassivePort(host, time, temper.dataPort?.(verb))
        return this.passive.port
    }

    private store(name: string, position: number): void {
        const { folder, parts } = this
        const { temper, shelf, time } = parts
        const refusal = temper.refusal?.(folder.absolute(name))
        if (refusal !== undefined) return this.say(refusal)
        if (!folder.takes(name)) return this.say("553 File name not allowed.")
        if (position > (folder.size(name) ?? 0))
            return this.say("554 The file is shorter than that.")
        if (!this.passive) return this.say("425 Send EPSV or PASV first.")
        const path = folder.absolute(name)
        const file = OpenFile.forWriting(folder.onDisk(name), position)
        let room = (temper.diskBytes ?? Infinity) - folder.usedBytes()
        const write = (data: Uint8Array): void => {
            file.write(data.subarray(0, Math.max(0, room)))
            room -= data.length
        }
        this.begin(
            transfer => transfer.receive(write, () => room >= 0),
            whole => {
                const size = file.closeAt(parts.dateMs())
                if (temper.hiddenMs) shelf.hide(path, time.nowMs() + temper.hiddenMs)
                const last = path.slice(path.lastIndexOf("/") + 1)
                if (whole) {
                    parts.received(last, size)
                    if (temper.takesAway?.(last) && folder.exists(name))
                        shelf.take(last, folder.takeAway(name))
                } else if (temper.deletesBroken) folder.remove(name)
                return room < 0 ? "452 The disk is full." : undefined
            },
        )
    }

    private retrieve(name: string, position: number): void {
        const bytes = this.folder.size(name)
        if (bytes === undefined) return this.say("550 No such file.")
        if (position > bytes) return this.say("554 The file is shorter than that.")
        if (!this.passive) return this.say("425 Send EPSV or PASV first.")
        const file = OpenFile.forReading(this.folder.onDisk(name), position)
        this.begin(
            transfer => transfer.send(() => file.read(READ_BYTES)),
            () => void file.close(),
        )
    }

    private list(lines: string[] | undefined): void {
        if (!lines) return this.say("550 No such file or folder.")
        if (!this.passive) return this.say("425 Send EPSV or PASV first.")
        const pieces = lines.map(line => Buffer.from(line + "\r\n"))
        this.begin(
            transfer => transfer.send(() => pieces.shift() ?? new Uint8Array(0)),
            () => undefined,
        )
    }

    /**
     * Waits for the data connection, lets `work` use it, and answers the command: in the usual
     * words unless `finish` returns others.
     */
    private begin(
        work: (transfer: DataTransfer) => void,
        finish: (whole: boolean) => string | undefined | void,
    ): void {
        this.transfer = "waiting"
        this.parts.time.clearTimeout(this.patience)
        this.passive!.take(end => {
            this.passive = undefined
            if (!end) {
                finish(false)
                return this.transferred("425 No data connection.")
            }
            this.say("150 Go ahead.")
            const transfer = new DataTransfer(end, this.parts.time, whole => {
                const usual = whole ? "226 Transfer complete." : "426 The connection broke."
                this.transferred(finish(whole) ?? usual)
            })
            this.transfer = transfer
            work(transfer)
        })
    }

    private dropTransfer(): void {
        if (this.transfer instanceof DataTransfer) this.transfer.abort()
        else this.passive?.close()
    }

    private transferred(reply: string): void {
        this.transfer = undefined
        if (this.gone) return
        this.say(reply)
        this.moved()
        this.read()
    }

    private done(success: boolean): void {
        this.say(success ? "250 Done." : "550 It cannot be removed.")
    }

    private answer(supported: boolean, refusal: number): void {
        this.say(supported ? "200 OK." : `${refusal} Not supported.`)
    }

    private say(...lines: string[]): void {
        this.write(Buffer.from(lines.join("\r\n") + "\r\n"))
    }

    /** A temper's words, one byte per character. */
    private sayBytes(text: string): void {
        this.write(Buffer.from(text + "\r\n", "latin1"))
    }

    private sayInstead(text: string): void {
        if (text !== "") this.sayBytes(text)
        if (!text.startsWith("421")) return
        this.control.close()
        this.leave()
    }

    private write(bytes: Uint8Array): void {
        const step = this.parts.temper.pieceBytes ?? bytes.length
        for (let at = 0; at < bytes.length; at += step)
            this.control.write(bytes.subarray(at, at + step))
    }

    private moved(): void {
        this.parts.time.clearTimeout(this.patience)
        if (this.transfer || this.gone) return
        this.patience = this.parts.time.setTimeout(() => {
            this.say("421 Idle for too long.")
            this.control.close()
            this.leave()
        }, IDLE_MS)
    }

    private leave(): void {
        if (this.gone) return
        this.gone = true
        this.parts.time.clearTimeout(this.patience)
        this.passive?.close()
        this.control.onChange = () => {}
        this.parts.ended()
    }
}
