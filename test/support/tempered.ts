import { Key } from "../../src/settings/keys"
import { SimUpload } from "./simupload"
import { type NamedTemper, temperedDays } from "./tempers"
import { pattern } from "./uploadcard"

/** The delivery of three files to a server within some minutes of board time. */
export interface TemperedRun {
    world: SimUpload
    /** Time from the start until all three were there and confirmed. */
    doneMs: number | undefined
    /** The days whose file is on the server, whole and once. */
    delivered: string[]
    /** The errors of its sessions. */
    errors: string[]
}

const lookMs = 5000

/** Runs the board with that server, at a period of a minute, until all is there or time is up. */
export async function runTempered(one: NamedTemper, minutes: number): Promise<TemperedRun> {
    const { temper, directory = "", password } = one
    const access = password === undefined ? {} : { user: "anonymous", password: "right" }
    const world = await SimUpload.start({}, 1, { temper, ...access })
    world.settings.set(Key.FtpDirectory, directory)
    if (password !== undefined) world.settings.set(Key.FtpPassword, password)
    temperedDays.forEach((day, i) => world.card.put(`LOG/${day}.CSV`, pattern(3000 + 4500 * i, i)))
    let doneMs: number | undefined
    while (doneMs === undefined && world.clock.nowMs() < minutes * 60_000) {
        await world.run(lookMs)
        if (world.uploader.sender.filesConfirmed === temperedDays.length)
            doneMs = world.clock.nowMs()
    }
    const wrong = world.differences(directory).join()
    const delivered = temperedDays.filter(day => !wrong.includes(day))
    const failed = world.lines.map(line => /ftp: failed: (.*)$/.exec(line)?.[1] ?? "")
    return { world, doneMs, delivered, errors: failed.filter(error => error !== "") }
}
