import type { SimHost } from "../../sim/net/hosts"
import type { DataPortTemper, FtpTemper } from "../../sim/net/ftptemper"
import type { TcpEnd } from "../../sim/net/tcp"
import type { BoardTime } from "../../sim/net/time"
import { Random } from "../../test/support/random"
import { httpAnswer, noise, reply } from "./words"

const gatewayPort = 3128
const controlPort = 21
/** The data port named by a wild server; others are closed. */
const dataPort = 50_000

/** A server's behaviour in one session. */
type Behaviour = "tempered" | "noisy" | "answering" | "mixed"

const ports: (DataPortTemper | undefined)[] = [
    undefined,
    undefined,
    undefined,
    "dead",
    "silent",
    "closing",
    "unread",
    "talking",
]

/**
 * A host that can be anything: an FTP server with a temper, one that says anything at any time, and
 * a gateway of that kind. The behaviour's number determines it.
 */
export class WildServer {
    temper: FtpTemper = {}
    private random = new Random(0)
    private behaviour: Behaviour = "tempered"
    private readonly closers: (() => void)[] = []

    /** @param serve the tempered server's own listener */
    constructor(
        private readonly time: BoardTime,
        host: SimHost,
        private readonly serve: (end: TcpEnd) => void,
    ) {
        const listen = (port: number, take: (end: TcpEnd) => void): void => {
            this.closers.push(host.listen(port, take).close)
        }
        listen(controlPort, end => this.control(end))
        listen(dataPort, end => this.data(end))
        listen(gatewayPort, end => this.wild(end, httpAnswer))
    }

    close(): void {
        for (const close of this.closers) close()
    }

    /** Changes the server's behaviour. @returns its description */
    become(number: number): string {
        const random = new Random(number * 7919 + 1)
        this.random = random
        this.behaviour = random.pick(["tempered", "noisy", "answering", "mixed"] as const)
        this.temper = temperOf(random)
        return `${number}: ${this.behaviour}, ${JSON.stringify(this.temper).slice(0, 200)}`
    }

    private control(end: TcpEnd): void {
        const { random, behaviour } = this
        if (behaviour === "tempered" || (behaviour === "mixed" && random.chance(0.6)))
            return this.serve(end)
        if (behaviour !== "noisy") this.say(end, random.chance(0.8) ? "220 hi\r\n" : reply(random))
        this.wild(end, behaviour === "noisy" ? noise : likely)
    }

    private data(end: TcpEnd): void {
        const { random } = this
        if (random.chance(0.3)) this.say(end, noise(random))
        if (random.chance(0.2)) return this.finish(end)
        end.onChange = () => {
            while (end.read(4096));
            if (end.over !== "") end.close()
        }
    }

    /** Answers anything with output of `words`, at some time, and ends somehow. */
    private wild(end: TcpEnd, words: (random: Random, asked: string) => string): void {
        const { random } = this
        const lines = 1 + random.below(20)
        let said = 0
        const speak = (asked: string): void => {
            if (said++ >= lines || random.chance(0.04)) return this.finish(end)
            if (random.chance(0.05)) return
            this.say(end, words(random, asked))
        }
        const later = (asked: string): void => {
            const ms = random.chance(0.97) ? random.below(300) : random.below(40_000)
            this.time.setTimeout(() => speak(asked), ms)
        }
        if (words === noise) later("")
        end.onChange = () => {
            let asked = ""
            for (let data = end.read(4096); data; data = end.read(4096))
                asked += Buffer.from(data).toString("latin1")
            if (end.over !== "") return end.close()
            if (asked !== "") later(asked)
        }
        if (random.chance(0.1)) this.time.setTimeout(() => this.finish(end), random.below(3000))
    }

    private say(end: TcpEnd, text: string): void {
        const data = Buffer.from(text, "latin1")
        const step = this.random.chance(0.2) ? 1 + this.random.below(20) : data.length
        // Limits the number of pieces: each is an event of the board.
        if (data.length / step > 200) end.write(data)
        else for (let at = 0; at < data.length; at += step) end.write(data.subarray(at, at + step))
    }

    private finish(end: TcpEnd): void {
        if (this.random.chance(0.5)) end.close()
        else end.abort()
    }
}

/** Mostly the expected reply, so that a session gets past its log-in. */
function likely(random: Random, asked: string): string {
    const verb = asked.slice(0, 4)
    const right: Record<string, string> = {
        USER: "331 password",
        PASS: "230 in",
        TYPE: "200 binary",
        SIZE: random.pick(["213 0", "550 none", `213 ${random.below(5000)}`, "450 busy"]),
        EPSV: `229 (|||${random.pick([dataPort, dataPort, 1])}|)`,
        PASV: `227 (1,2,3,4,${dataPort >> 8},${dataPort & 255})`,
        DELE: "250 gone",
        FEAT: random.pick(["211-F\r\n REST STREAM\r\n211 End", "500 what?"]),
        REST: random.pick(["350 from there", "500 what?"]),
        STOR: random.pick(["", "150 go on", "550 in use", "452 full"]),
        APPE: "150 go on",
        QUIT: "221 bye",
    }
    if (random.chance(0.1) || !(verb in right)) return reply(random)
    // The right reply, with a tail.
    if (random.chance(0.05)) return right[verb] + random.pick(["\r\n", "", "-"]) + noise(random)
    return right[verb] === "" ? "" : right[verb] + "\r\n"
}

/** The right reply to a log-in command, followed by noise. */
function tail(random: Random, verb: string): string | undefined {
    const right: Record<string, string> = { USER: "331", PASS: "230", TYPE: "200" }
    return verb in right ? right[verb] + random.pick(["-", " in\r\n"]) + noise(random) : undefined
}

function temperOf(random: Random): FtpTemper {
    const temper: FtpTemper = {}
    const sometimes = (share: number, set: () => void): void => {
        if (random.chance(share)) set()
    }
    const epsv = random.pick(ports)
    const pasv = random.pick(ports)
    sometimes(0.5, () => (temper.dataPort = verb => (verb === "EPSV" ? epsv : pasv)))
    sometimes(0.1, () => (temper.greetingMs = random.below(70_000)))
    sometimes(0.1, () => (temper.greeting = `220-${noise(random)}\r\n220 x`))
    sometimes(0.2, () => (temper.pieceBytes = 1 + random.below(9)))
    sometimes(0.2, () => (temper.hiddenMs = random.below(9000)))
    sometimes(0.2, () => (temper.missing = random.pick(["450 x", "451 x", "551 x", "500 x"])))
    sometimes(0.2, () => (temper.takesAway = () => random.chance(0.5)))
    sometimes(0.2, () => (temper.diskBytes = random.below(20_000)))
    sometimes(0.2, () => (temper.refusal = () => (random.chance(0.5) ? "550 In use" : undefined)))
    sometimes(0.2, () => (temper.connectionsMax = 1 + random.below(2)))
    sometimes(0.2, () => (temper.dropsTransfers = true))
    sometimes(0.2, () => (temper.deletesBroken = true))
    sometimes(0.4, () => {
        const share = random.pick([0.02, 0.1, 0.3])
        const words = random.pick([reply, reply, noise, tail])
        temper.answer = verb => (random.chance(share) ? words(random, verb) : undefined)
    })
    return temper
}
