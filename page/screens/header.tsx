import { useState } from "preact/hooks"
import { flags as meanings } from "../../console/manual"
import { flagsUp, knownAlarms, type Flag } from "../days/alarms"
import { dateTime } from "../model/format"
import { t } from "../texts"
import { disconnect, go, model } from "./app"
import { Icon } from "./parts/icon"

function toggleTheme(): void {
    const root = document.documentElement
    const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches
    root.dataset.theme = dark ? "light" : "dark"
    document.dispatchEvent(new Event("themechange"))
}

function Connection() {
    const phase = model.phase.value
    const way = model.way.value
    if (phase === "idle" || way === undefined) return null
    return (
        <div class="connection">
            <span class={`dot ${phase}`} aria-hidden="true" />
            <span class="connection-text">
                {t.way[way]}
                {phase !== "ready" && `, ${t.phase[phase]}`}
            </span>
            <button type="button" class="quiet" onClick={() => void disconnect()}>
                {t.connection.disconnect}
            </button>
        </div>
    )
}

export function flagName(name: string): string {
    return t.flagNames[name] ?? name
}

function FlagChip({ flag }: { flag: Flag }) {
    const [open, setOpen] = useState(false)
    return (
        <li>
            <button
                type="button"
                class={`chip ${flag.severity}`}
                aria-expanded={open}
                onClick={() => setOpen(!open)}
            >
                <Icon name="alarm" />
                {flagName(flag.name)}
            </button>
            {open && (
                <div class="chip-more">
                    <p>{meanings[flag.name] ?? ""}</p>
                    <p class="muted">{flag.name}</p>
                </div>
            )}
        </li>
    )
}

/** The active flags; screen readers announce new ones. */
function Flags() {
    const values = model.values.value
    if (!values) return null
    const up = flagsUp(values.flags, model.board.value?.alarms ?? knownAlarms)
    return (
        <div class="flags" role="status" aria-label={t.flagTitle}>
            {up.length > 0 && (
                <ul>
                    {up.map(flag => (
                        <FlagChip key={flag.bit} flag={flag} />
                    ))}
                </ul>
            )}
        </div>
    )
}

function Problem() {
    // The problem stays visible during retries.
    if (model.problem.value !== "" && model.phase.value !== "ready")
        return (
            <div class="banner bad" role="alert">
                <strong>{t.connection.lost}</strong> {model.problem.value}.{" "}
                {model.way.value !== "tab" && t.connection.back}
                <button type="button" onClick={() => void model.retry()}>
                    {t.connection.retry}
                </button>
            </div>
        )
    if (model.outdated.value) return <div class="banner warn">{t.connection.old}</div>
    return null
}

function SafeMode() {
    if (!model.status.value.has("safe mode")) return null
    return (
        <div class="banner bad" role="alert">
            <strong>{t.safeMode.heading}.</strong> {t.safeMode.text}
        </div>
    )
}

export function Header() {
    const values = model.values.value
    const status = model.status.value
    const serial = status.get("serial")
    return (
        <header class="header">
            <div class="header-row">
                <a
                    class="brand"
                    href="#"
                    onClick={event => {
                        if (model.phase.value === "idle") return
                        event.preventDefault()
                        go("overview")
                    }}
                >
                    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
                        <rect x="4" y="9" width="22" height="14" rx="3.5" />
                        <path d="M28.5 14v4M9 13v6M14.5 13v6" />
                    </svg>
                    {serial ?? t.title}
                </a>
                {status.has("version") && (
                    <span class="muted version">{status.get("version")}</span>
                )}
                {values && (
                    <time class="clock muted">
                        {dateTime(values.timeSeconds, values.offsetMinutes)}
                        {!values.trusted && " ~"}
                    </time>
                )}
                <span class="grow" />
                <Connection />
                <button
                    type="button"
                    class="quiet square"
                    aria-label={t.theme}
                    title={t.theme}
                    onClick={toggleTheme}
                >
                    <Icon name="theme" />
                </button>
            </div>
            <Problem />
            <SafeMode />
            <Flags />
        </header>
    )
}
