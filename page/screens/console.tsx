import { signal } from "@preact/signals"
import { useEffect, useRef, useState } from "preact/hooks"
import { carryOut } from "../../console/assistance"
import { Completer } from "../../console/completer"
import { ownCommands } from "../../console/help"
import { LogChoice } from "../../console/logchoice"
import type { LineResult } from "../../console/transport"
import { hidesSecret, secretQuestion, withoutSecret } from "../../console/secrets"
import { t } from "../texts"
import { model } from "./app"
import { Panel } from "./parts/pieces"

interface Piece {
    kind: "typed" | "printed" | "refused"
    text: string
}

const piecesMax = 400
const textMax = 200_000
const historyMax = 500

const pieces = signal<readonly Piece[]>([])
const history = signal<readonly string[]>([])
const running = signal(false)

const completer = new Completer(
    () => ({
        execute: async (line, onText) => {
            const ran = await model.run("terminal", line)
            onText(ran.text)
            return { status: ran.status }
        },
        cancel: async () => void (await model.remote?.call("cancel", "terminal")),
    }),
    ownCommands,
)

/** Another board, or the same one after a reset, has other completions. */
let learntFor: unknown
function forgetOther(): void {
    const now = `${model.restarts.value} ${model.way.value}`
    if (learntFor !== now) completer.forget()
    learntFor = now
    if (model.catalog.value) completer.know(model.catalog.value)
}

function add(piece: Piece): void {
    pieces.value = [...pieces.value.slice(-piecesMax), piece]
}

/** Appends to the last piece as output arrives. */
function append(text: string): void {
    const last = pieces.value.at(-1)!
    const joined = (last.text + text).slice(-textMax)
    pieces.value = [...pieces.value.slice(0, -1), { ...last, text: joined }]
}

async function runOnBoard(line: string): Promise<LineResult> {
    const ran = await model.run("terminal", line, append)
    completer.ran(line, ran)
    return ran
}

async function run(line: string): Promise<void> {
    const { catalog } = completer
    add({ kind: "typed", text: withoutSecret(line, catalog) })
    if (line.trim() !== "" && !hidesSecret(line, catalog) && history.value.at(-1) !== line)
        history.value = [...history.value.slice(-historyMax), line]
    add({ kind: "printed", text: "" })
    running.value = true
    try {
        await completer.stop()
        const ran = await carryOut(line, { completer, run: runOnBoard, print: append })
        if (ran.status !== 0) {
            const last = pieces.value.at(-1)!
            pieces.value = [...pieces.value.slice(0, -1), { ...last, kind: "refused" }]
        }
    } catch (failure) {
        add({ kind: "refused", text: (failure as Error).message })
    } finally {
        running.value = false
    }
}

function Output() {
    const box = useRef<HTMLDivElement>(null)
    useEffect(() => {
        const { current } = box
        if (current) current.scrollTop = current.scrollHeight
    }, [pieces.value])
    return (
        <div class="terminal" ref={box} role="log" aria-label={t.console.output} tabIndex={0}>
            {pieces.value.map((piece, i) => (
                <pre key={i} class={piece.kind}>
                    {piece.text}
                </pre>
            ))}
        </div>
    )
}

/** The input line: completion, history, and no echo for passwords. */
function Prompt() {
    const [line, setLine] = useState("")
    const [offered, setOffered] = useState<string[]>([])
    const [back, setBack] = useState(0)
    const [asked, setAsked] = useState<ReturnType<typeof secretQuestion>>(undefined)
    const recall = (steps: number) => {
        const next = Math.min(history.value.length, Math.max(0, back + steps))
        setBack(next)
        setLine(next === 0 ? "" : history.value[history.value.length - next])
    }
    // The actual input: the last key may not have been rendered yet.
    const input = useRef<HTMLInputElement>(null)
    const submit = () => {
        const typed = input.current?.value ?? ""
        setLine("")
        if (input.current) input.current.value = ""
        setBack(0)
        setOffered([])
        if (asked) {
            setAsked(undefined)
            return void run(asked.line(typed))
        }
        const question = secretQuestion(typed, completer.catalog)
        if (question) setAsked(question)
        else void run(typed)
    }
    const complete = async () => {
        forgetOther()
        const before = input.current?.value ?? ""
        const [found, typed] = await completer.complete(before)
        // The person has typed on meanwhile.
        if (input.current?.value !== before) return
        if (found.length === 1) setLine(before.slice(0, before.length - typed.length) + found[0])
        setOffered(found.length > 1 ? found.slice(0, 60) : [])
    }
    const onKey = (event: KeyboardEvent) => {
        if (event.key === "Enter") submit()
        else if (event.key === "ArrowUp") recall(1)
        else if (event.key === "ArrowDown") recall(-1)
        else if (event.key === "Escape") {
            if (running.value) void model.remote?.call("cancel", "terminal")
            setAsked(undefined)
            setLine("")
        } else if (event.key === "Tab" && !event.shiftKey && input.current?.value !== "" && !asked)
            void complete()
        else return
        event.preventDefault()
    }
    return (
        <>
            {offered.length > 0 && (
                <p class="offered" role="status">
                    {t.console.candidates} {offered.join("  ")}
                </p>
            )}
            <div class="prompt">
                <label for="console-line">{asked ? asked.prompts[0] : "bms>"}</label>
                <input
                    id="console-line"
                    ref={input}
                    type={(asked ? "password" : "text") as "text"}
                    value={line}
                    aria-label={asked ? t.console.asks(asked.prompts[0]) : t.console.prompt}
                    aria-describedby="console-hint"
                    autoComplete="off"
                    autoCapitalize="off"
                    spellcheck={false}
                    onInput={event => setLine(event.currentTarget.value)}
                    onKeyDown={onKey}
                />
                <button type="button" onClick={submit}>
                    {t.console.run}
                </button>
            </div>
        </>
    )
}

type Shown = "trouble" | "usual" | "all"
const usual = /^(> |[!*?] |PANIC|\[noise)/
const records = /^> records:/
const trouble = new LogChoice()
trouble.obey("log errors")

function logLines(shown: Shown): string[] {
    const lines = model.log.value
    if (shown === "all") return lines.slice(-400)
    if (shown === "trouble") return lines.filter(line => trouble.shows(line)).slice(-400)
    return lines.filter(line => usual.test(line) && !records.test(line)).slice(-400)
}

function Log() {
    const [shown, setShown] = useState<Shown>("usual")
    const lines = logLines(shown)
    const box = useRef<HTMLPreElement>(null)
    useEffect(() => {
        const { current } = box
        if (current) current.scrollTop = current.scrollHeight
    }, [lines.length])
    return (
        <Panel
            title={t.console.log}
            aside={
                <label class="inline">
                    {t.console.logShown}
                    <select
                        value={shown}
                        onChange={event => setShown(event.currentTarget.value as Shown)}
                    >
                        <option value="usual">{t.console.logUsual}</option>
                        <option value="trouble">{t.console.logTrouble}</option>
                        <option value="all">{t.console.logAll}</option>
                    </select>
                </label>
            }
        >
            <pre class="log" ref={box} tabIndex={0} aria-label={t.console.log}>
                {lines.map(line => line.replace(/^> /, "")).join("\n")}
            </pre>
        </Panel>
    )
}

export function ConsoleScreen() {
    return (
        <>
            <h1>{t.console.heading}</h1>
            <div class="panel console">
                <Output />
                <Prompt />
            </div>
            <p class="muted" id="console-hint">
                {t.console.hint}
            </p>
            <Log />
        </>
    )
}
