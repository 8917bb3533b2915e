import { Key } from "../../src/settings/keys"
import { SimUpload } from "./simupload"
import { type NamedTemper, temperedDays } from "./tempers"
import { pattern } from "./uploadcard"

/** What became of three files at a server in so many minutes of board time. */
export interface TemperedRun {
    world: SimUpload
    /** When all three were there and confirmed, from the start on. */
    doneMs: number | undefined
    /** The days whose file is there, whole and once. */
    delivered: string[]
    /** Of its sessions. */
    errors: string[]
}

const lookMs = 5000

/** The board at that server with a period of a minute, until all is there or the time is over. */
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
