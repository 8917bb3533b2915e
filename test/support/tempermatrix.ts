import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Key } from "../../src/settings/keys"
import { SimUpload } from "./simupload"
import { kindTempers, type NamedTemper, temperedDays, unkindTempers } from "./tempers"
import { pattern } from "./uploadcard"

const sizes = [1, 512, 4096, 65_536]
const titles = ["1 B", "512 B", "4 KiB", "64 KiB"]
const sessionsMax = 4

interface Outcome {
    cell: string
    error: string
}

/** Sends three files of this size to a server of this temper, in a few sessions of board time. */
async function outcome({ temper, directory = "", password }: NamedTemper, bytes: number) {
    const access = password === undefined ? {} : { user: "anonymous", password: "right" }
    const world = await SimUpload.start({}, 1, { temper, ...access })
    try {
        world.settings.set(Key.FtpDirectory, directory)
        if (password !== undefined) world.settings.set(Key.FtpPassword, password)
        for (const [i, day] of temperedDays.entries())
            world.card.put(`LOG/${day}.CSV`, pattern(bytes, i))
        let sessions = 0
        let error = ""
        do error = await world.session()
        while (error !== "" && ++sessions < sessionsMax)
        judge(world, directory)
        const { filesConfirmed } = world.uploader.sender
        const count = filesConfirmed === temperedDays.length ? "all" : `${filesConfirmed} of 3`
        const cell = error === "" && sessions > 0 ? `${count}, ${sessions + 1} sessions` : count
        return { cell, error }
    } finally {
        world.remove()
    }
}

/** Checks that each file on the server is a beginning of ours, and that confirmed ones exist. */
function judge(world: SimUpload, directory: string): void {
    const root = join(world.root, directory)
    const here = world.received.length > 0 ? readdirSync(root) : []
    for (const name of here) {
        const path = "LOG/" + name.slice(-12)
        const whole = Buffer.from(world.card.files.get(path) ?? [])
        const there = readFileSync(join(root, name))
        if (!there.equals(whole.subarray(0, there.length))) throw new Error(`${name} is not ours`)
    }
    const wrong = world.differences(directory).length
    const { filesConfirmed } = world.uploader.sender
    if (filesConfirmed > temperedDays.length - wrong)
        throw new Error(`${filesConfirmed} confirmed, ${wrong} not there`)
}

/** The table of docs/reference/upload-matrix.md. */
export async function temperTable(): Promise<string[]> {
    const rows = [
        `| temper | ${titles.join(" | ")} | \`ftp\` says |`,
        `|---|${titles.map(() => "---|").join("")}---|`,
    ]
    for (const one of [...kindTempers, ...unkindTempers]) {
        const outcomes: Outcome[] = []
        for (const bytes of sizes) outcomes.push(await outcome(one, bytes))
        const said = [...new Set(outcomes.map(({ error }) => error))].filter(error => error !== "")
        const shown = said.map(error => error.replaceAll(/port \d+/g, "port N"))
        const cells = [
            one.name,
            ...outcomes.map(({ cell }) => cell),
            [...new Set(shown)].join("; "),
        ]
        rows.push(`| ${cells.map(cell => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    }
    return rows
}
