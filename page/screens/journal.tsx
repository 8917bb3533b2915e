import { useEffect, useState } from "preact/hooks"
import { flags as meanings } from "../../console/manual"
import { duration } from "../model/format"
import { type Entry, journalCsv } from "../model/journal"
import { t } from "../texts"
import { model, saveFile } from "./app"
import { flagName } from "./header"
import { Panel, WorkButton } from "./parts/pieces"

function Row({ entry, newest }: { entry: Entry; newest: boolean }) {
    return (
        <tr class={entry.appeared ? "appeared" : "gone"}>
            <th scope="row">
                {newest ? t.journal.last : t.journal.record(entry.position)}
                <span class="muted"> #{entry.number}</span>
            </th>
            <td data-label={t.journal.time}>
                {entry.time}
                {entry.uncertain && " ~"}
            </td>
            <td data-label={t.journal.flag}>{flagName(entry.flag)}</td>
            <td data-label={t.journal.change}>
                <span class={entry.appeared ? "pill bad" : "pill good"}>
                    {entry.appeared ? t.journal.appeared : t.journal.disappeared}
                </span>
                {entry.limited && <span class="muted"> {t.journal.limited}</span>}
            </td>
            <td data-label={t.journal.lasted}>
                {entry.lastedSeconds === undefined ? "" : duration(entry.lastedSeconds)}
            </td>
            <td data-label={t.journal.why}>{entry.note}</td>
            <td data-label={t.journal.now} class="muted">
                {entry.now}
            </td>
        </tr>
    )
}

function Meanings({ names }: { names: string[] }) {
    return (
        <Panel title={t.journal.meaning}>
            <dl class="meanings">
                {names.map(name => (
                    <div key={name}>
                        <dt>{flagName(name)}</dt>
                        <dd>{meanings[name] ?? name}</dd>
                    </div>
                ))}
            </dl>
        </Panel>
    )
}

export function JournalScreen() {
    const [flag, setFlag] = useState("")
    const entries = model.entries.value
    useEffect(() => {
        if (model.phase.value === "ready") void model.readJournal().catch(() => undefined)
    }, [model.phase.value, model.restarts.value])
    const names = [...new Set((entries ?? []).map(one => one.flag))].sort()
    const shown = (entries ?? []).filter(one => flag === "" || one.flag === flag)
    return (
        <>
            <h1>{t.journal.heading}</h1>
            <p class="lead">{t.journal.lead}</p>
            <div class="row">
                <label class="inline">
                    {t.journal.filter}
                    <select value={flag} onChange={event => setFlag(event.currentTarget.value)}>
                        <option value="">{t.journal.all}</option>
                        {names.map(name => (
                            <option key={name} value={name}>
                                {flagName(name)}
                            </option>
                        ))}
                    </select>
                </label>
                <span class="grow" />
                <WorkButton work={() => model.readJournal()}>{t.journal.refresh}</WorkButton>
                <button
                    type="button"
                    disabled={!entries || entries.length === 0}
                    onClick={() => saveFile("journal.csv", journalCsv(shown))}
                >
                    {t.journal.csv}
                </button>
            </div>
            {!entries ? (
                <p class="empty waiting" role="status">
                    {t.journal.reading}
                </p>
            ) : shown.length === 0 ? (
                <p class="empty">{entries.length === 0 ? t.journal.none : t.journal.noneSuch}</p>
            ) : (
                <div class="panel table-panel">
                    <table class="journal">
                        <thead>
                            <tr>
                                <th scope="col">{t.journal.entry}</th>
                                <th scope="col">{t.journal.time}</th>
                                <th scope="col">{t.journal.flag}</th>
                                <th scope="col">{t.journal.change}</th>
                                <th scope="col">{t.journal.lasted}</th>
                                <th scope="col">{t.journal.why}</th>
                                <th scope="col">{t.journal.now}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {shown.map(one => (
                                <Row key={one.number} entry={one} newest={one === entries[0]} />
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
            {names.length > 0 && <Meanings names={names} />}
        </>
    )
}
