import { useState } from "preact/hooks"
import { Plot } from "../charts/plot"
import { decimal, duration } from "../model/format"
import type { Battery, Values } from "../model/values"
import { t } from "../texts"
import { model, say } from "./app"
import { Choice, Facts, Panel, WorkButton } from "./parts/pieces"

/** A clock off by more should be set. */
const clockOffSeconds = 2
const minutesShown = 600
const restAmperes = 0.05

function Reading(props: {
    label: string
    value: string
    unit: string
    note?: string
    fill?: number
}) {
    return (
        <div class="reading">
            <span class="reading-label">{props.label}</span>
            <span class="reading-value">
                {props.value}
                <small>{props.unit}</small>
            </span>
            <span class="reading-note">{props.note ?? "\u00a0"}</span>
            {props.fill !== undefined && (
                <span class="gauge" aria-hidden="true">
                    <span style={{ width: `${Math.min(100, Math.max(0, props.fill))}%` }} />
                </span>
            )}
        </div>
    )
}

function Readings({ battery }: { battery: Battery | undefined }) {
    if (!battery) return <p class="empty">{t.overview.noMonitor}</p>
    const volts = battery.packMv / 1000
    const amperes = battery.currentMa / 1000
    const charge = battery.socPermille === undefined ? undefined : battery.socPermille / 10
    const way =
        Math.abs(amperes) < restAmperes
            ? t.overview.rest
            : amperes > 0
              ? t.overview.charging
              : t.overview.discharging
    return (
        <div class="readings">
            <Reading
                label={t.overview.charge}
                value={decimal(charge, 1)}
                unit="%"
                fill={charge ?? 0}
            />
            <Reading label={t.overview.voltage} value={decimal(volts, 2)} unit="V" />
            <Reading label={t.overview.current} value={decimal(amperes, 2)} unit="A" note={way} />
            <Reading label={t.overview.power} value={decimal(volts * amperes, 0)} unit="W" />
            {battery.temperatureDeciC.map((one, i) => (
                <Reading
                    key={i}
                    label={t.overview.temperature(i + 1)}
                    value={decimal(one / 10, 1)}
                    unit="°C"
                />
            ))}
        </div>
    )
}

const liveLines = [
    {
        list: "volts",
        label: t.overview.voltage,
        unit: "V",
        digits: 3,
        color: "--line-1",
        spanMin: 0.1,
    },
    {
        list: "amperes",
        label: t.overview.current,
        unit: "A",
        digits: 3,
        color: "--line-2",
        spanMin: 0.5,
    },
] as const

function Live({ values }: { values: Values }) {
    const [span, setSpan] = useState<"minutes" | "hour">("minutes")
    const { history } = model
    const now = model.seenMs.value / 1000
    const from = span === "minutes" ? history.since(now - minutesShown) : 0
    const times = history.times.slice(from)
    return (
        <Panel
            title={t.overview.live}
            aside={
                <Choice
                    label={t.overview.live}
                    name="span"
                    value={span}
                    options={[
                        ["minutes", t.overview.minutes],
                        ["hour", t.overview.hour],
                    ]}
                    onChange={setSpan}
                />
            }
        >
            {times.length < 2 ? (
                <p class="empty">{t.overview.waiting}</p>
            ) : (
                liveLines.map(({ list, ...line }) => (
                    <Plot
                        key={line.label}
                        height={150}
                        label={`${line.label}, ${t.overview.live}`}
                        times={times}
                        offsetMinutes={-new Date().getTimezoneOffset()}
                        linked="live"
                        lines={[{ ...line, data: history[list].slice(from) }]}
                    />
                ))
            )}
            {!values.battery && <p class="muted">{t.overview.noMonitor}</p>}
        </Panel>
    )
}

async function setClock(): Promise<void> {
    const { status, text } = await model.run("work", "time set now")
    say(status === 0 ? text.trim() : text.trim().replace(/^error: /, ""))
}

function ClockRemark({ values }: { values: Values }) {
    const offSeconds = values.timeSeconds - model.seenMs.value / 1000
    const off = Math.abs(offSeconds) > clockOffSeconds
    if (values.trusted && !off) return null
    return (
        <div class="banner warn">
            {values.trusted ? t.overview.clockOff(duration(offSeconds)) : t.overview.clockUntrusted}
            <WorkButton work={setClock}>{t.overview.setClock}</WorkButton>
        </div>
    )
}

export function OverviewScreen() {
    const values = model.values.value
    const status = model.status.value
    const shown = (name: string) => status.get(name) ?? t.unknown
    if (!values) {
        const starting = model.way.value === "tab"
        return (
            <>
                <h1>{t.screens.overview}</h1>
                <p class="empty waiting" role="status">
                    {starting ? t.connection.starting : t.connection.connecting}
                </p>
            </>
        )
    }
    return (
        <>
            <h1>{t.screens.overview}</h1>
            <ClockRemark values={values} />
            <Readings battery={values.battery} />
            <Live values={values} />
            <Panel title={t.overview.status}>
                <Facts
                    rows={[
                        [t.overview.card, shown("card")],
                        [t.overview.wifi, shown("wifi")],
                        [t.overview.ftp, shown("ftp").replace(/^state: /, "")],
                        [t.overview.records, shown("records")],
                        [t.overview.up, duration(values.upSeconds)],
                        [t.overview.lastStart, shown("last start")],
                        ...(status.has("backup")
                            ? [[t.overview.backup, shown("backup")] as [string, string]]
                            : []),
                    ]}
                />
            </Panel>
            {model.way.value === "tab" && (
                <p class="muted">{model.keeps.value ? t.connection.kept : t.connection.unkept}</p>
            )}
        </>
    )
}
