import type { Connection } from "./connection"
import { pause } from "./pause"
import { imageAlignBytes, parseVersion, ProgramManager, toHex } from "./programmanager"
import { ConsoleError } from "./transport"

/** The first bytes of each program, starting with "DevS". */
const imageMagic = [0x44, 0x65, 0x76, 0x53, 0x0a, 0x6e, 0x29, 0xf1]
const versionOffset = 8
const imageHeaderBytes = 32
/**
 * A slow board takes a second to check the program, and another until its firmware logs the cause.
 */
const startMs = 15_000
/** Another kind of program logs no cause: the wait for it is shorter. */
const causeMs = 8_000
const lookMs = 50

export interface DeployOptions {
    /** Gets the fraction written, 0 to 1. */
    onProgress: (done: number) => void
    /** Also if the board already runs this program. */
    again?: boolean
}

/** A board's log lines about the program it starts. */
export class StartLog {
    /** The program's name and version, as logged by the runtime. */
    started: string | undefined
    /** The firmware's first line, and the cause of the start. */
    version: string | undefined
    cause: string | undefined
    /** Why there is no program or why it died, in the board's words. */
    complaint: string | undefined

    /** Discards lines about the previous program. */
    forget(): void {
        this.started = this.version = this.cause = this.complaint = undefined
    }

    take(line: string): void {
        const said = (pattern: RegExp) => pattern.exec(line)?.[1]
        this.started = said(/^\* start: (.*)/) ?? this.started
        this.version = said(/^> (BMS Mini v.*)/) ?? this.version
        this.cause = said(/^> start: (.*)/) ?? this.cause
        const complains = said(/(verification failure.*|PANIC.*|no free pages.*)/)
        this.complaint = complains ?? this.complaint
    }
}

/** The SHA-256 of a program, as the board computes it. */
export async function hashOf(image: Uint8Array): Promise<string> {
    const hash = await crypto.subtle.digest("SHA-256", Uint8Array.from(image))
    return toHex(new Uint8Array(hash))
}

/** Throws ConsoleError if it is no program or an incomplete one. @param name of the file */
export function checkImage(image: Uint8Array, name: string): void {
    const begins = imageMagic.every((byte, at) => image[at] === byte)
    if (!begins || image.length < imageHeaderBytes)
        throw new ConsoleError(`${name} is not a program: "npm run build" makes built/main.devs`)
    if (image.length % imageAlignBytes !== 0)
        throw new ConsoleError(`${name} is not complete: "npm run build" rebuilds it`)
}

/**
 * Sends a program to the board at the other end of a connection and waits until it runs.
 * @param log gets the board's log lines meanwhile
 * @returns the result, for a person. Throws ConsoleError, which says what to do.
 */
export async function deploy(
    connection: Connection,
    manager: ProgramManager,
    image: Uint8Array,
    log: StartLog,
    options: DeployOptions,
): Promise<string> {
    const runtime = await manager.runtimeVersion()
    const needed = parseVersion(image.subarray(versionOffset))
    if (needed.major !== runtime.major || needed.minor > runtime.minor)
        throw new ConsoleError(
            `the board's runtime accepts programs of version ${runtime.major}.${runtime.minor}, this one is of ` +
                `${needed.major}.${needed.minor}: reflash the runtime (docs/guide/flashing.md)`,
        )
    const wanted = await hashOf(image)
    const same = (await manager.programHash()) === wanted
    if (same && !options.again && (await manager.running()))
        return 'it already runs that program, nothing was sent ("--again" sends it anyway)'
    const beganMs = performance.now()
    log.forget()
    await write(manager, image, options.onProgress)
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(1)
    if ((await manager.programHash()) !== wanted)
        throw new ConsoleError(`the program arrived incomplete: ${again}`)
    const size = `${image.length.toLocaleString("en")} bytes in ${seconds} s`
    const start = await startOf(connection, log)
    // To the board, a program stopped without notice has died.
    return `${size}, ${same ? start.replace(/ start: .*/, " started again") : start}`
}

const again = "the board may have no program now; run the same command again"

async function write(
    manager: ProgramManager,
    image: Uint8Array,
    onProgress: (done: number) => void,
): Promise<void> {
    let reached = 0
    try {
        await manager.deploy(image, done => onProgress((reached = done)))
    } catch (failure) {
        const where = `at ${Math.floor(reached * 100)} %`
        const { message } = failure as Error
        throw new ConsoleError(`${where}, ${message}: ${again}`, { cause: failure })
    }
}

/** Waits for the program's start. */
async function startOf(connection: Connection, log: StartLog): Promise<string> {
    const until = async (there: () => unknown, timeoutMs: number) => {
        for (const endMs = Date.now() + timeoutMs; !there() && Date.now() < endMs;)
            await Promise.race([pause(lookMs), connection.lost])
    }
    await until(() => log.started ?? log.complaint, startMs)
    if (log.started === undefined)
        throw new ConsoleError(
            `the program was written, but it does not start: ${log.complaint ?? "no message from the board"}; ` +
                "press its reset button, or deploy another program",
        )
    await until(() => log.cause ?? log.complaint, causeMs)
    if (log.cause !== undefined) return `${log.version ?? log.started}, start: ${log.cause}`
    if (log.complaint !== undefined)
        throw new ConsoleError(`the program was written and started, then died: ${log.complaint}`)
    return `${log.started} runs`
}
