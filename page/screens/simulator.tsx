import { signal } from "@preact/signals"
import { useEffect, useState } from "preact/hooks"
import type { Speed } from "../board/messages"
import { bytes } from "../model/format"
import { t } from "../texts"
import { ask, disconnect, model, saveFile, say } from "./app"
import { Choice, Panel, Progress, WorkButton } from "./parts/pieces"

const groups: [keyof typeof t.simulator.groups, string[]][] = [
    ["card", ["!card out", "!card in"]],
    ["wifi", ["!wifi down", "!wifi up"]],
    ["ftp", ["!ftp down", "!ftp hang", "!ftp up"]],
    ["clock", ["!clock down", "!clock up", "!clock lost"]],
    ["power", ["!power cut", "!deploy"]],
    [
        "battery",
        [
            "!cell 7 3.72",
            "!cell 3 2.31",
            "!cell 7 free",
            "!cell 3 free",
            "!temp 1 71",
            "!temp 1 free",
            "!current -240",
            "!current free",
            "!monitor down",
            "!monitor up",
        ],
    ],
]

const speeds: [string, string][] = [
    ["1", "1×"],
    ["10", "10×"],
    ["60", "60×"],
]
const scenarios = ["solar", "drive", "idle"] as const
const hourMs = 3_600_000

const speed = signal("1")
const scenario = signal<(typeof scenarios)[number]>("solar")
const passing = signal<number | undefined>(undefined)
const files = signal<{ name: string; bytes: number }[]>([])

async function event(line: string): Promise<void> {
    await model.remote!.call("event", line)
    say(line)
}

async function setSpeed(value: string): Promise<void> {
    speed.value = value
    await model.remote!.call("speed", Number(value) as Speed)
}

async function forward(hours: number): Promise<void> {
    const remote = model.remote!
    const stream = remote.stream(done => (passing.value = done as number))
    passing.value = 0
    try {
        await remote.call("forward", hours * hourMs, stream)
    } finally {
        remote.dropStream(stream)
        passing.value = undefined
    }
}

async function look(): Promise<void> {
    files.value = await model.remote!.call("ftpFiles")
}

async function forget(): Promise<void> {
    if (!(await ask(t.simulator.forgetAsk, t.simulator.forget))) return
    await model.remote!.call("forget")
    await disconnect()
}

function Downloads() {
    useEffect(() => void look().catch(() => undefined), [])
    return (
        <Panel
            title={t.simulator.downloads}
            aside={<WorkButton work={look}>{t.card.refresh}</WorkButton>}
        >
            <div class="row">
                <WorkButton
                    work={async () => saveFile("card.img", await model.remote!.call("cardImage"))}
                >
                    {t.simulator.image}
                </WorkButton>
            </div>
            <h3>{t.simulator.server}</h3>
            {files.value.length === 0 && <p class="empty">{t.simulator.serverNone}</p>}
            <ul class="opened">
                {files.value.map(one => (
                    <li key={one.name}>
                        <WorkButton
                            class="quiet link"
                            work={async () => {
                                const content = await model.remote!.call("ftpFile", one.name)
                                saveFile(one.name, Uint8Array.from(content))
                            }}
                        >
                            {one.name}
                        </WorkButton>{" "}
                        <span class="muted">{bytes(one.bytes)}</span>
                    </li>
                ))}
            </ul>
        </Panel>
    )
}

function Typed() {
    const [line, setLine] = useState("")
    return (
        <form
            class="row"
            onSubmit={submitted => {
                submitted.preventDefault()
                event(line).then(
                    () => setLine(""),
                    (failure: Error) => say(failure.message),
                )
            }}
        >
            <label class="inline grow">
                {t.simulator.line}
                <input
                    type="text"
                    placeholder="!cell 5 3.41"
                    value={line}
                    onInput={typed => setLine(typed.currentTarget.value)}
                />
            </label>
            <button type="submit">{t.console.run}</button>
        </form>
    )
}

export function SimulatorScreen() {
    const done = passing.value
    return (
        <>
            <h1>{t.simulator.heading}</h1>
            <p class="lead">{t.simulator.lead}</p>
            <Panel title={t.simulator.events}>
                <div class="events">
                    {groups.map(([group, events]) => (
                        <div key={group} role="group" aria-label={t.simulator.groups[group]}>
                            <h3>{t.simulator.groups[group]}</h3>
                            <div class="row">
                                {events.map(line => (
                                    <WorkButton key={line} work={() => event(line)}>
                                        {t.simulator.event[line]}
                                    </WorkButton>
                                ))}
                            </div>
                        </div>
                    ))}
                </div>
                <Typed />
            </Panel>
            <Panel title={t.simulator.speed}>
                <div class="row">
                    <Choice
                        label={t.simulator.speed}
                        name="speed"
                        value={speed.value}
                        options={speeds}
                        onChange={value => void setSpeed(value)}
                    />
                    <Choice
                        label={t.simulator.scenario}
                        name="scenario"
                        value={scenario.value}
                        options={scenarios.map(one => [one, t.simulator.scenarios[one]])}
                        onChange={value => {
                            scenario.value = value
                            void model.remote!.call("scenario", value)
                        }}
                    />
                </div>
                <div class="row">
                    <span>{t.simulator.forward}</span>
                    <WorkButton work={() => forward(1)} disabled={done !== undefined}>
                        {t.simulator.hour}
                    </WorkButton>
                    <WorkButton work={() => forward(24)} disabled={done !== undefined}>
                        {t.simulator.day}
                    </WorkButton>
                    {done !== undefined && (
                        <Progress done={done} label={t.simulator.passing(Math.floor(done * 100))} />
                    )}
                </div>
            </Panel>
            <Downloads />
            <Panel title={t.simulator.world}>
                <pre class="log" tabIndex={0} aria-label={t.simulator.world}>
                    {model.world.value.slice(-100).join("\n")}
                </pre>
            </Panel>
            <div class="row">
                <WorkButton work={forget}>{t.simulator.forget}</WorkButton>
                <span class="muted">
                    {model.keeps.value ? t.connection.kept : t.connection.unkept}
                </span>
            </div>
        </>
    )
}
