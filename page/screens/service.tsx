import { signal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { type Setting, sectionsOf } from "../model/description"
import { isWritable, parseBackup, problemWith } from "../model/forms"
import { newOnly, refusalOf, sendChanges } from "../model/service"
import { t } from "../texts"
import { ask, go, model, route, saveFile, say } from "./app"
import { Actions } from "./parts/actions"
import { Field } from "./parts/fields"
import { Panel, WorkButton } from "./parts/pieces"

/** Unsent changes, by key. */
const changes = signal<ReadonlyMap<string, string>>(new Map())
const refusals = signal<ReadonlyMap<string, string>>(new Map())
const message = signal("")
/** Passwords missing from a file. */
const missing = signal<string[]>([])

function change(setting: Setting, value: string): void {
    const next = new Map(changes.value)
    if (value === setting.value) next.delete(setting.key)
    else next.set(setting.key, value)
    changes.value = next
    const said = new Map(refusals.value)
    const problem = next.has(setting.key) ? problemWith(setting, value) : undefined
    if (problem) said.set(setting.key, problem)
    else said.delete(setting.key)
    refusals.value = said
    message.value = ""
}

function discard(): void {
    changes.value = refusals.value = new Map()
    message.value = ""
    missing.value = []
}

async function save(): Promise<void> {
    const outcome = await sendChanges(changes.value, line => model.run("work", line))
    refusals.value = outcome.refusals
    if (outcome.done) {
        model.assume(changes.value)
        discard()
        say(t.service.saved)
        await model.describe()
        return
    }
    message.value = `${t.service.refused} ${outcome.refusals.size > 0 ? "" : outcome.message}`
    const first = [...outcome.refusals.keys()][0]
    if (!first) return
    const setting = model.board.value?.settings.find(one => one.key === first)
    if (setting) go("service", setting.section)
    setTimeout(() => document.getElementById("set-" + first.replaceAll(".", "-"))?.focus(), 50)
}

async function saveBackup(): Promise<void> {
    const { status, text } = await model.run("work", "export")
    if (status !== 0) return say(refusalOf(text))
    const serial = model.status.value.get("serial") ?? "board"
    saveFile(`${serial}-settings.txt`, text)
}

async function loadBackup(file: File): Promise<void> {
    const settings = model.board.value!.settings
    const backup = parseBackup(await file.text(), settings)
    const own = settings.find(one => one.type === "name" && one.key === "user.serial")
    const brought = own && backup.changes.get(own.key)
    if (own && brought !== undefined && brought !== own.value) {
        const taken = await ask(
            t.service.otherSerial(brought, own.value),
            t.service.takeSerial,
            t.service.keepSerial,
        )
        if (!taken) backup.changes.delete(own.key)
    }
    const fresh = newOnly(backup.changes, settings)
    discard()
    changes.value = fresh
    missing.value = backup.secrets
    if (backup.strange.length > 0) say(t.service.strange(backup.strange.length))
    else if (fresh.size === 0) say(t.service.nothingNew)
}

function Backup() {
    const input = useRef<HTMLInputElement>(null)
    return (
        <Panel title={t.service.backup}>
            <p class="muted">{t.service.backupNote}</p>
            <div class="row">
                <WorkButton work={saveBackup}>{t.service.backupSave}</WorkButton>
                <button type="button" onClick={() => input.current?.click()}>
                    {t.service.backupLoad}
                </button>
                <input
                    ref={input}
                    type="file"
                    accept=".txt,text/plain"
                    class="visually-hidden"
                    tabIndex={-1}
                    aria-hidden="true"
                    onChange={event => {
                        const [file] = event.currentTarget.files ?? []
                        if (file) void loadBackup(file)
                        event.currentTarget.value = ""
                    }}
                />
            </div>
            {missing.value.length > 0 && (
                <div class="banner warn">
                    <span>
                        {t.service.secretsMissing} {missing.value.join(", ")}
                    </span>
                </div>
            )}
        </Panel>
    )
}

function SaveBar() {
    const count = changes.value.size
    if (count === 0) return null
    // Values known to be wrong are not sent.
    const wrong = [...refusals.value.keys()].some(key => changes.value.has(key))
    return (
        <div class="savebar" role="region" aria-label={t.service.changed(count)}>
            <strong>{t.service.changed(count)}</strong>
            <span class="refusal" role="alert">
                {message.value}
            </span>
            <span class="grow" />
            <button type="button" onClick={discard}>
                {t.service.discard}
            </button>
            <WorkButton class="primary" work={save} disabled={wrong && message.value === ""}>
                {t.service.save}
            </WorkButton>
        </div>
    )
}

function Tree({ sections, current }: { sections: string[]; current: string }) {
    const place = useRef<HTMLElement>(null)
    // On a narrow window the list is a strip that scrolls.
    useEffect(() => {
        place.current
            ?.querySelector("[aria-current]")
            ?.scrollIntoView({ block: "nearest", inline: "center" })
    }, [current])
    return (
        <nav class="tree" ref={place} aria-label={t.service.heading}>
            <ul>
                {sections.map(name => (
                    <li key={name}>
                        <a
                            href={`#/service/${encodeURIComponent(name)}`}
                            aria-current={name === current ? "true" : undefined}
                        >
                            {name}
                        </a>
                    </li>
                ))}
            </ul>
        </nav>
    )
}

export function ServiceScreen() {
    const board = model.board.value
    // Another tool, or the console, may have changed something.
    useEffect(() => {
        if (model.board.value) void model.describe().catch(() => undefined)
    }, [])
    if (!board)
        return (
            <>
                <h1>{t.service.heading}</h1>
                <p class="empty waiting" role="status">
                    {t.service.reading}
                </p>
            </>
        )
    const sections = sectionsOf(board.settings)
    const names = [...sections.keys()]
    const current = names.includes(route.value.rest) ? route.value.rest : names[0]
    const settings = sections.get(current) ?? []
    const valueOf = (one: Setting) => changes.value.get(one.key) ?? one.value
    return (
        <>
            <h1>{t.service.heading}</h1>
            <p class="lead">{t.service.lead}</p>
            <div class="service">
                <Tree sections={[...names]} current={current} />
                <div class="service-main">
                    <Panel title={current}>
                        <form onSubmit={event => event.preventDefault()}>
                            {settings.map(one => (
                                <Field
                                    key={one.key}
                                    setting={one}
                                    value={isWritable(one) ? valueOf(one) : one.value}
                                    refusal={refusals.value.get(one.key)}
                                    onChange={value => change(one, value)}
                                />
                            ))}
                        </form>
                        <Actions
                            section={settings[0]?.key.split(".")[0] ?? ""}
                            onUse={name => {
                                const ssid = settings.find(one => one.key === "wifi.ssid")
                                if (ssid) change(ssid, name)
                            }}
                        />
                    </Panel>
                    {current === names[0] && <Backup />}
                </div>
            </div>
            <SaveBar />
        </>
    )
}
