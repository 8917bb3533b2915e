import { useState } from "preact/hooks"
import { quoteWord } from "../../../console/secrets"
import type { FoundNetwork, WifiScan } from "../../../console/wifiscan"
import { t } from "../../texts"
import { ask, model } from "../app"
import { refusalOf } from "../../model/service"
import { WorkButton } from "./pieces"

/** Shown beside a section's settings: the related commands the board has. */
interface Action {
    section: string
    /** As in the board's list of commands. */
    command: string
    label: string
    line?: string
    question?: string
    input?: { label: string; type: "date" | "password" }
}

const actions: Action[] = [
    { section: "ftp", command: "ftp test", label: t.service.test },
    { section: "ftp", command: "ftp send", label: t.service.send },
    {
        section: "ftp",
        command: "ftp resend",
        label: t.service.resend,
        input: { label: t.service.resendDate, type: "date" },
    },
    { section: "time", command: "time set", line: "time set now", label: t.service.setClock },
    { section: "time", command: "time sync", label: t.service.sync },
    { section: "reset", command: "reset clear", label: t.service.resetClear },
    {
        section: "reset",
        command: "reset now",
        label: t.service.resetNow,
        question: t.service.resetAsk,
    },
    { section: "sd", command: "card eject", label: t.service.eject },
    {
        section: "sd",
        command: "card format",
        line: "card format yes",
        label: t.card.format,
        question: t.card.formatAsk,
    },
    {
        section: "console",
        command: "passwd",
        label: t.service.passwd,
        input: { label: t.service.passwdNew, type: "password" },
    },
]

interface Said {
    text: string
    refused: boolean
}

function ActionInput(props: { action: Action; onRun: (value: string) => Promise<void> }) {
    const [value, setValue] = useState("")
    const { label, type } = props.action.input!
    return (
        <div class="row">
            <label class="inline">
                {label}
                <input
                    type={type}
                    value={value}
                    autoComplete={type === "password" ? "new-password" : "off"}
                    onInput={event => setValue(event.currentTarget.value)}
                />
            </label>
            <WorkButton
                work={async () => {
                    await props.onRun(value)
                    setValue("")
                }}
                disabled={type === "date" && value === ""}
            >
                {props.action.label}
            </WorkButton>
        </div>
    )
}

/** The networks in range, each with a button that uses its name. */
function Scan({ onUse }: { onUse: (name: string) => void }) {
    const [scan, setScan] = useState<WifiScan | undefined>(undefined)
    const strongest = new Map<string, FoundNetwork>()
    for (const one of [...(scan?.networks ?? [])].sort((a, b) => b.signalDbm - a.signalDbm))
        if (one.name !== "" && !strongest.has(one.name)) strongest.set(one.name, one)
    return (
        <div class="actions">
            <div class="row">
                <WorkButton work={async () => setScan(await model.remote!.call("scan"))}>
                    {t.service.scan}
                </WorkButton>
                {scan && !scan.fresh && <span class="muted">{t.service.scanOld}</span>}
                {scan && strongest.size === 0 && <span>{t.service.scanNone}</span>}
            </div>
            {strongest.size > 0 && (
                <ul class="networks" aria-label={t.service.scanned}>
                    {[...strongest.values()].map(one => (
                        <li key={one.name}>
                            <span>{one.name}</span>
                            <span class="muted">
                                {one.signalDbm} dBm,{" "}
                                {one.locked ? t.service.scanLocked : t.service.scanOpen}
                            </span>
                            <button type="button" onClick={() => onUse(one.name)}>
                                {t.service.scanUse(one.name)}
                            </button>
                        </li>
                    ))}
                </ul>
            )}
        </div>
    )
}

/** @param onUse gets the name of the chosen network */
export function Actions({ section, onUse }: { section: string; onUse: (name: string) => void }) {
    const [said, setSaid] = useState<Said | undefined>(undefined)
    const known = actions.filter(one => one.section === section && model.knows(one.command))
    if (section === "wifi") return <Scan onUse={onUse} />
    if (known.length === 0) return null
    const run = async (action: Action, argument?: string) => {
        if (action.question && !(await ask(action.question, action.label))) return
        const line = action.line ?? action.command
        const word = argument === undefined ? "" : " " + quoteWord(argument)
        setSaid({ text: t.service.running, refused: false })
        let text = ""
        const ran = await model.run("work", line + word, piece => {
            text += piece
            setSaid({ text, refused: false })
        })
        setSaid({
            text: ran.status === 0 ? ran.text.trim() : refusalOf(ran.text),
            refused: ran.status !== 0,
        })
        if (action.command !== "reset now") await model.describe()
    }
    return (
        <div class="actions">
            <div class="row">
                {known
                    .filter(one => !one.input)
                    .map(one => (
                        <WorkButton key={one.label} work={() => run(one)}>
                            {one.label}
                        </WorkButton>
                    ))}
            </div>
            {known
                .filter(one => one.input)
                .map(one => (
                    <ActionInput key={one.label} action={one} onRun={value => run(one, value)} />
                ))}
            <pre class={said?.refused ? "said refusal" : "said"} role="status">
                {said?.text}
            </pre>
        </div>
    )
}
