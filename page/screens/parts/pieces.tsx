import type { ComponentChildren } from "preact"
import { useState } from "preact/hooks"
import { say } from "../app"

/** A named region of a screen. */
export function Panel(props: {
    title: string
    children: ComponentChildren
    aside?: ComponentChildren
    class?: string
}) {
    const id = "panel-" + props.title.replace(/\W+/g, "-").toLowerCase()
    return (
        <section class={`panel ${props.class ?? ""}`} aria-labelledby={id}>
            <div class="panel-head">
                <h2 id={id}>{props.title}</h2>
                {props.aside}
            </div>
            {props.children}
        </section>
    )
}

/** A list of names and values. */
export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
    return (
        <dl class="facts">
            {rows.map(([name, value]) => (
                <div key={name}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            ))}
        </dl>
    )
}

/** A button that is busy until its work is done, and shows errors. */
export function WorkButton(props: {
    work: () => Promise<unknown>
    children: ComponentChildren
    class?: string
    disabled?: boolean
    label?: string
}) {
    const [busy, setBusy] = useState(false)
    const run = async () => {
        setBusy(true)
        try {
            await props.work()
        } catch (failure) {
            say((failure as Error).message)
        } finally {
            setBusy(false)
        }
    }
    return (
        <button
            type="button"
            class={props.class}
            disabled={props.disabled}
            aria-disabled={busy}
            aria-label={props.label}
            aria-busy={busy}
            onClick={() => !busy && void run()}
        >
            {props.children}
        </button>
    )
}

export function Progress({ done, label }: { done: number; label: string }) {
    return (
        <div class="progress">
            <progress max={1} value={done} aria-label={label} />
            <span>{label}</span>
        </div>
    )
}

/** Two or three choices side by side. */
export function Choice<T extends string>(props: {
    label: string
    name: string
    value: T
    options: [T, string][]
    onChange: (value: T) => void
}) {
    return (
        <fieldset class="choice">
            <legend>{props.label}</legend>
            {props.options.map(([value, text]) => (
                <label key={value}>
                    <input
                        type="radio"
                        name={props.name}
                        checked={props.value === value}
                        onChange={() => props.onChange(value)}
                    />
                    <span>{text}</span>
                </label>
            ))}
        </fieldset>
    )
}
