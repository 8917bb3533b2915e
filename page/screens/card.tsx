import { signal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { CardEntry } from "../board/messages"
import { parseName } from "../days/reader"
import { bytes } from "../model/format"
import { t } from "../texts"
import { model, openFiles, route, saveFile, say } from "./app"
import { DayView } from "./day"
import { Drift } from "./drift"
import { fetchFile, openCardFile, openLocalFiles } from "./openfiles"
import { Facts, Panel, Progress, WorkButton } from "./parts/pieces"

/** The card's files by folder; "" is the root. */
const listing = signal<ReadonlyMap<string, CardEntry[]> | undefined>(undefined)
const facts = signal<[string, string][]>([])
const problem = signal("")
/** The file being fetched. */
const busy = signal<{ path: string; done: number } | undefined>(undefined)

async function readCard(): Promise<void> {
    problem.value = ""
    const { text } = await model.run("live", "card")
    facts.value = text
        .split("\n")
        .filter(line => line !== "")
        .map(line => [line.slice(0, 12).trim(), line.slice(12)])
    try {
        const root = await model.remote!.call("list", "")
        const folders = new Map<string, CardEntry[]>()
        for (const one of root.filter(entry => entry.bytes === undefined))
            folders.set(one.name, await model.remote!.call("list", one.name))
        folders.set(
            "",
            root.filter(entry => entry.bytes !== undefined),
        )
        listing.value = folders
    } catch (failure) {
        listing.value = new Map()
        problem.value = (failure as Error).message
    }
}

async function withProgress(
    path: string,
    work: (onProgress: (done: number) => void) => Promise<void>,
): Promise<void> {
    if (busy.value) return
    busy.value = { path, done: 0 }
    try {
        await work(done => (busy.value = { path, done }))
    } catch (failure) {
        say((failure as Error).message)
    } finally {
        busy.value = undefined
    }
}

function FileRow({ folder, entry }: { folder: string; entry: CardEntry }) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`
    const size = entry.bytes ?? 0
    return (
        <tr>
            <th scope="row">{entry.name}</th>
            <td class="number">{bytes(size)}</td>
            <td class="row end">
                {parseName(path) && (
                    <button
                        type="button"
                        aria-label={t.card.view(path)}
                        disabled={busy.value !== undefined}
                        onClick={() =>
                            void withProgress(path, tell => openCardFile(path, size, tell))
                        }
                    >
                        {t.card.open}
                    </button>
                )}
                <button
                    type="button"
                    aria-label={t.card.get(path)}
                    disabled={busy.value !== undefined}
                    onClick={() =>
                        void withProgress(path, async tell => {
                            const content = await fetchFile(path, size, tell)
                            saveFile(path.replace("/", "-"), Uint8Array.from(content))
                        })
                    }
                >
                    {t.card.download}
                </button>
            </td>
        </tr>
    )
}

function BoardFiles() {
    const listed = listing.value
    useEffect(() => {
        if (model.phase.value === "ready") void readCard().catch(() => undefined)
    }, [model.phase.value])
    return (
        <Panel
            title={t.card.files}
            aside={<WorkButton work={readCard}>{t.card.refresh}</WorkButton>}
        >
            <Facts rows={facts.value} />
            {problem.value !== "" && <p class="refusal">{problem.value}</p>}
            {!listed && (
                <p class="empty waiting" role="status">
                    {t.card.reading}
                </p>
            )}
            {busy.value && (
                <div class="row">
                    <Progress
                        done={busy.value.done}
                        label={`${busy.value.path}, ${Math.round(busy.value.done * 100)} %`}
                    />
                    <button type="button" onClick={() => void model.remote?.call("cancel", "work")}>
                        {t.cancel}
                    </button>
                </div>
            )}
            {listed &&
                [...listed].map(([folder, entries]) => (
                    <div key={folder}>
                        <h3>{t.card.folder(folder)}</h3>
                        {entries.length === 0 ? (
                            <p class="empty">{t.card.empty}</p>
                        ) : (
                            <table class="files">
                                <tbody>
                                    {[...entries]
                                        .filter(one => one.bytes !== undefined)
                                        .sort((one, other) => (one.name < other.name ? 1 : -1))
                                        .map(one => (
                                            <FileRow key={one.name} folder={folder} entry={one} />
                                        ))}
                                </tbody>
                            </table>
                        )}
                    </div>
                ))}
            {model.way.value !== "tab" && <p class="muted">{t.card.slow}</p>}
        </Panel>
    )
}

function LocalFiles() {
    const input = useRef<HTMLInputElement>(null)
    return (
        <Panel title={t.card.drop} class="drop">
            <p class="muted">{t.card.dropText}</p>
            <div class="row">
                <button type="button" onClick={() => input.current?.click()}>
                    {t.card.choose}
                </button>
                <input
                    ref={input}
                    id="day-files"
                    type="file"
                    multiple
                    accept=".csv,text/csv"
                    class="visually-hidden"
                    tabIndex={-1}
                    aria-hidden="true"
                    onChange={event => void openLocalFiles([...(event.currentTarget.files ?? [])])}
                />
            </div>
        </Panel>
    )
}

function Opened() {
    const files = [...openFiles.value.values()]
    if (files.length === 0) return null
    return (
        <Panel title={t.card.opened}>
            <ul class="opened">
                {files.map(one => (
                    <li key={one.path}>
                        <a href={`#/card/${one.path.split("/").map(encodeURIComponent).join("/")}`}>
                            {one.path}
                        </a>{" "}
                        <span class="muted">
                            {one.day.serial} · {bytes(one.bytes)}
                        </span>
                    </li>
                ))}
            </ul>
            <Drift files={files} />
        </Panel>
    )
}

export function CardScreen() {
    const open = openFiles.value.get(route.value.rest)
    if (open) return <DayView file={open} />
    return (
        <>
            <h1>{t.card.heading}</h1>
            <Opened />
            {model.phase.value !== "idle" && <BoardFiles />}
            <LocalFiles />
        </>
    )
}
