import { readFileSync } from "node:fs"
import { SimClock } from "../../sim/clock"
import { Vm } from "../../sim/vm"
import * as store from "./store"

/** The runtime's result for a flash image. */
export interface Start {
    flash: Uint8Array
    log: string[]
}

/**
 * Long enough for the runtime and the program's first line, but over before the program writes to
 * the store.
 */
const lifeMs = 2000

/** Starts the bare runtime on that flash; deploys `program` at once, if given. */
export async function start(flash: Uint8Array, program?: Uint8Array): Promise<Start> {
    const clock = new SimClock("max")
    const log: string[] = []
    let image = flash
    const vm = await Vm.start(
        {
            clock,
            epochMs: Date.UTC(2026, 0, 1),
            deviceId: "12abdd2289421234",
            loadFlash: () => image,
            saveFlash: data => (image = store.wholeImage(data)),
            onFrame: () => undefined,
            onLog: line => log.push(line.trimEnd()),
            onReboot: () => undefined,
            onPanic: code => log.push(`PANIC ${code}`),
        },
        program,
    )
    await clock.sleep(lifeMs)
    vm.cut()
    clock.stop()
    return { flash: image, log }
}

const olderValue = Buffer.from("older")
const oldValue = Buffer.from("old value")
const newValue = Buffer.from("the new value of 27 bytes..")

/** The store's half at the power cut. */
const states = ["first half, second unused", "second half", "first half, older second"]

/** Images in these states, each with the old value of the key "probe". */
async function makeStates(imagePath: string): Promise<Uint8Array[]> {
    const { flash } = await start(new Uint8Array(0), readFileSync(imagePath))
    const first = store.write(flash, "probe", olderValue)
    const second = store.write(store.collect(first), "probe", oldValue)
    return [
        store.write(first, "probe", oldValue),
        second,
        store.write(store.collect(store.write(second, "probe", olderValue)), "probe", oldValue),
    ]
}

/** A point of power loss. */
export interface TornCase {
    title: string
    tear(image: Uint8Array): Uint8Array
}

function tornWrite(title: string, valueDone: number, entryDone: number): TornCase {
    return {
        title,
        tear: image => store.writeTorn(image, "probe", newValue, valueDone, entryDone),
    }
}

function tornCollection(title: string, stop: store.CollectionStop): TornCase {
    return { title, tear: image => store.collectTorn(image, stop) }
}

const all = newValue.length

const tornCases: readonly TornCase[] = [
    tornWrite("write: nothing yet", 0, 0),
    tornWrite("write: half of the value", 13, 0),
    tornWrite("write: the value, no entry", all, 0),
    tornWrite("write: the value, half of the key", all, 4),
    tornWrite("write: the value, the key", all, 16),
    tornWrite("write: all but half of the offset and the length", all, 18),
    tornWrite("write: all but the length", all, 20),
    tornWrite("write: all but the last byte of the length", all, 23),
    tornWrite("write: complete", all, 24),
    tornCollection("collection: half a page erased", {
        pages: 0,
        bytes: 2048,
        entries: 0,
        header: 0,
    }),
    tornCollection("collection: one page of the half erased", {
        pages: 1,
        bytes: 0,
        entries: 0,
        header: 0,
    }),
    tornCollection("collection: one entry copied", { pages: 2, bytes: 0, entries: 1, header: 0 }),
    tornCollection("collection: no header", { pages: 2, bytes: 0, entries: 99, header: 0 }),
    tornCollection("collection: half a header", { pages: 2, bytes: 0, entries: 99, header: 12 }),
    tornCollection("collection: complete", { pages: 2, bytes: 0, entries: 99, header: 24 }),
]

function describeStart({ log, flash }: Start): string {
    const runs = log.some(line => line.includes("> BMS Mini"))
    if (log.some(line => line.includes("fstor: formatting"))) return "**formats**"
    if (!runs) return "empty, no program"
    switch (store.readValues(flash).get("probe")?.toString("latin1")) {
        case newValue.toString():
            return "new"
        case oldValue.toString():
            return "old"
        case olderValue.toString():
            return "**an older state**"
        default:
            return "**value absent**"
    }
}

/** The runtime's behaviour at two starts after each cut: one row per case, one column per state. */
export async function measureTorn(imagePath: string): Promise<string[][]> {
    const images = await makeStates(imagePath)
    const rows: string[][] = []
    for (const { title, tear } of tornCases) {
        const row = [title]
        for (const image of images) {
            const first = await start(tear(image))
            const second = await start(first.flash)
            const [one, two] = [describeStart(first), describeStart(second)]
            row.push(
                one === two
                    ? one === "**formats**"
                        ? one + " at every start"
                        : one
                    : `${one}, then ${two}`,
            )
        }
        rows.push(row)
    }
    return rows
}

export function formatTorn(rows: string[][]): string {
    const line = (cells: string[]): string => `| ${cells.join(" | ")} |`
    return [
        line(["power lost in a", ...states]),
        line(["---", "---", "---", "---"]),
        ...rows.map(line),
    ].join("\n")
}
