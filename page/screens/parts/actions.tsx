import { useState } from "preact/hooks"
import { quoteWord } from "../../../console/secrets"
import { t } from "../../texts"
import { ask, model } from "../app"
import { refusalOf } from "../../model/service"
import { WorkButton } from "./pieces"

/** What stands beside a section's settings: the board's commands that belong to them, as far as it has them. */
interface Action {
    section: string
    /** As the board's list of commands has them. */
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
    { section: "wifi", command: "wifi scan", label: t.service.scan },
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

export function Actions({ section }: { section: string }) {
    const [said, setSaid] = useState<Said | undefined>(undefined)
    const known = actions.filter(one => one.section === section && model.knows(one.command))
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
