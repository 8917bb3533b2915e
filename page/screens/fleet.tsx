import { signal } from "@preact/signals"
import { useRef } from "preact/hooks"
import { type FleetFile, fleetOf, readFleetFile } from "../days/fleet"
import { flagsUp, knownAlarms } from "../days/alarms"
import { dateTime, duration, withUnit } from "../model/format"
import { t } from "../texts"
import { go, openFiles, say } from "./app"
import { flagName } from "./header"
import { Panel, Progress } from "./parts/pieces"

const files = signal<readonly FleetFile[]>([])
const reading = signal<{ done: number; all: number } | undefined>(undefined)

async function read(chosen: File[]): Promise<void> {
    const csv = chosen.filter(one => /\.csv$/i.test(one.name))
    const found: FleetFile[] = []
    for (const [index, file] of csv.entries()) {
        reading.value = { done: index, all: csv.length }
        const bytes = new Uint8Array(await file.arrayBuffer())
        const one = readFleetFile(file.webkitRelativePath || file.name, bytes)
        if (one) found.push(one)
    }
    reading.value = undefined
    files.value = found
    if (found.length === 0) say(t.fleet.none)
}

function open(path: string): void {
    const found = files.value.find(one => one.path === path)
    if (!found) return
    const next = new Map(openFiles.value)
    next.set(path, { path, bytes: 0, day: found.day, local: true })
    openFiles.value = next
    go("card", path)
}

function Chooser() {
    const folder = useRef<HTMLInputElement>(null)
    const single = useRef<HTMLInputElement>(null)
    const take = (list: FileList | null) => void read([...(list ?? [])])
    return (
        <div class="row">
            <button type="button" class="primary" onClick={() => folder.current?.click()}>
                {t.fleet.choose}
            </button>
            <button type="button" onClick={() => single.current?.click()}>
                {t.fleet.files}
            </button>
            <input
                ref={folder}
                type="file"
                multiple
                class="visually-hidden"
                tabIndex={-1}
                aria-hidden="true"
                {...{ webkitdirectory: true }}
                onChange={event => take(event.currentTarget.files)}
            />
            <input
                ref={single}
                id="fleet-files"
                type="file"
                multiple
                class="visually-hidden"
                tabIndex={-1}
                aria-hidden="true"
                onChange={event => take(event.currentTarget.files)}
            />
            {reading.value && (
                <Progress
                    done={reading.value.done / reading.value.all}
                    label={t.fleet.reading(reading.value.done, reading.value.all)}
                />
            )}
        </div>
    )
}

function Table() {
    const nowSeconds = Date.now() / 1000
    return (
        <div class="panel table-panel">
            <table class="journal">
                <thead>
                    <tr>
                        {[
                            t.fleet.board,
                            t.fleet.last,
                            t.fleet.silent,
                            t.fleet.charge,
                            t.fleet.flags,
                            t.fleet.spread,
                            t.fleet.gaps,
                            t.fleet.days,
                        ].map(name => (
                            <th scope="col" key={name}>
                                {name}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {fleetOf(files.value).map(one => (
                        <tr key={one.serial}>
                            <th scope="row">
                                <button
                                    type="button"
                                    class="quiet link"
                                    aria-label={t.fleet.open(one.serial)}
                                    onClick={() => open(one.lastPath)}
                                >
                                    {one.serial}
                                </button>
                                {one.twin && <span class="pill bad">{t.fleet.twin}</span>}
                            </th>
                            <td data-label={t.fleet.last}>
                                {dateTime(one.lastSeconds, one.offsetMinutes)}
                            </td>
                            <td data-label={t.fleet.silent}>
                                {duration(nowSeconds - one.lastSeconds)}
                            </td>
                            <td data-label={t.fleet.charge}>
                                {withUnit(one.chargePercent, 1, "%")}
                            </td>
                            <td data-label={t.fleet.flags}>
                                {flagsUp(one.flags, knownAlarms)
                                    .map(flag => flagName(flag.name))
                                    .join(", ") || t.noFlags}
                            </td>
                            <td data-label={t.fleet.spread}>
                                {withUnit(one.spread * 1000, 0, "mV")}
                            </td>
                            <td data-label={t.fleet.gaps}>{one.gaps}</td>
                            <td data-label={t.fleet.days}>{one.days}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    )
}

export function FleetScreen() {
    return (
        <>
            <h1>{t.fleet.heading}</h1>
            <p class="lead">{t.fleet.lead}</p>
            <Panel title={t.fleet.files}>
                <Chooser />
                <p class="muted">{t.fleet.report}</p>
            </Panel>
            {files.value.length > 0 && <Table />}
        </>
    )
}
