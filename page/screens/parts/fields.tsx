import { useId, useState } from "preact/hooks"
import { posixZone } from "../../../console/zones"
import type { Setting } from "../../model/description"
import { dayNames, daysOf, fieldKind, formatDays } from "../../model/forms"
import { dateTime } from "../../model/format"
import { zoneNames } from "../../model/zones"
import { t } from "../../texts"

interface InputProps {
    id: string
    setting: Setting
    value: string
    describedBy: string
    invalid: boolean
    onChange: (value: string) => void
}

function Switch({ id, value, describedBy, onChange }: InputProps) {
    return (
        <span class="switch-row">
            <input
                id={id}
                type="checkbox"
                role="switch"
                class="switch"
                checked={value === "on"}
                aria-describedby={describedBy}
                onChange={event => onChange(event.currentTarget.checked ? "on" : "off")}
            />
            <span aria-hidden="true">{value === "on" ? t.service.on : t.service.off}</span>
        </span>
    )
}

function NumberInput({ id, setting, value, describedBy, invalid, onChange }: InputProps) {
    return (
        <span class="with-unit">
            <input
                id={id}
                type="number"
                inputMode="numeric"
                min={setting.min}
                max={setting.max}
                step={1}
                value={value}
                aria-describedby={describedBy}
                aria-invalid={invalid}
                onInput={event => onChange(event.currentTarget.value)}
            />
            {setting.unit && <span class="unit">{setting.unit}</span>}
        </span>
    )
}

function ChoiceInput({ id, setting, value, describedBy, onChange }: InputProps) {
    return (
        <select
            id={id}
            value={value}
            aria-describedby={describedBy}
            onChange={event => onChange(event.currentTarget.value)}
        >
            {setting.unit.split(",").map(one => (
                <option key={one} value={one}>
                    {one}
                </option>
            ))}
        </select>
    )
}

function Days({ id, setting, value, describedBy, onChange }: InputProps) {
    const days = daysOf(value)
    return (
        <div
            class="days"
            role="group"
            id={id}
            aria-label={setting.name}
            aria-describedby={describedBy}
        >
            {dayNames.map((name, bit) => (
                <button
                    type="button"
                    key={name}
                    aria-pressed={((days >> bit) & 1) === 1}
                    onClick={() => onChange(formatDays(days ^ (1 << bit)))}
                >
                    {name}
                </button>
            ))}
        </div>
    )
}

function Zone(props: InputProps) {
    const [name, setName] = useState("")
    const [problem, setProblem] = useState("")
    const list = useId()
    const take = (typed: string) => {
        setName(typed)
        setProblem("")
        if (!zoneNames().includes(typed)) return
        try {
            const rule = posixZone(typed, Date.now())
            if (rule) props.onChange(rule)
        } catch (failure) {
            setProblem((failure as Error).message)
        }
    }
    return (
        <div class="zone">
            <TextInput {...props} />
            <label class="sub">
                {t.service.zonePick}
                <input
                    type="text"
                    list={list}
                    value={name}
                    placeholder={t.service.zoneSearch}
                    onInput={event => take(event.currentTarget.value)}
                />
            </label>
            <datalist id={list}>
                {zoneNames().map(one => (
                    <option key={one} value={one} />
                ))}
            </datalist>
            {problem !== "" && <span class="refusal">{problem}</span>}
        </div>
    )
}

function Secret({ id, setting, value, describedBy, invalid, onChange }: InputProps) {
    const [seen, setSeen] = useState(false)
    const changed = value !== setting.value
    return (
        <span class="secret">
            <input
                id={id}
                type={(seen ? "text" : "password") as "text"}
                autoComplete="new-password"
                placeholder={setting.value === "set" ? t.service.set : t.service.notSet}
                value={changed ? value : ""}
                aria-describedby={describedBy}
                aria-invalid={invalid}
                onInput={event => onChange(event.currentTarget.value || setting.value)}
            />
            <button type="button" aria-pressed={seen} onClick={() => setSeen(!seen)}>
                {t.service.showSecret}
            </button>
            {setting.value === "set" && (
                <button type="button" onClick={() => onChange("")}>
                    {t.service.clearSecret}
                </button>
            )}
        </span>
    )
}

function TextInput({ id, setting, value, describedBy, invalid, onChange }: InputProps) {
    return (
        <input
            id={id}
            type="text"
            value={value}
            spellcheck={false}
            autoComplete="off"
            autoCapitalize="off"
            maxLength={setting.max > 0 ? Math.max(setting.max, 64) : undefined}
            aria-describedby={describedBy}
            aria-invalid={invalid}
            onInput={event => onChange(event.currentTarget.value)}
        />
    )
}

function TimeInput({ id, value, describedBy, invalid, onChange }: InputProps) {
    return (
        <input
            id={id}
            type="time"
            value={value}
            aria-describedby={describedBy}
            aria-invalid={invalid}
            onInput={event => onChange(event.currentTarget.value)}
        />
    )
}

function Shown({ setting, moment }: { setting: Setting; moment: boolean }) {
    const seconds = Number(setting.value)
    const text = moment ? (seconds > 0 ? dateTime(seconds, 0) + " UTC" : t.never) : setting.value
    return <output>{text}</output>
}

const inputs = {
    switch: Switch,
    number: NumberInput,
    choice: ChoiceInput,
    days: Days,
    time: TimeInput,
    zone: Zone,
    secret: Secret,
    text: TextInput,
} as const

/** One setting with its name, input, allowed values and error. */
export function Field(props: {
    setting: Setting
    value: string
    refusal: string | undefined
    onChange: (value: string) => void
    action?: preact.ComponentChildren
}) {
    const { setting, value, refusal, onChange } = props
    const id = "set-" + setting.key.replaceAll(".", "-")
    const kind = fieldKind(setting)
    const changed = value !== setting.value
    const Input = kind === "moment" || kind === "shown" ? undefined : inputs[kind]
    return (
        <div class={`field ${changed ? "changed" : ""} ${refusal ? "refused" : ""}`}>
            <div class="field-name">
                {Input && kind !== "days" ? (
                    <label for={id}>{setting.name}</label>
                ) : (
                    <span>{setting.name}</span>
                )}
                <code>{setting.key}</code>
            </div>
            <div class="field-input">
                {Input ? (
                    <Input
                        id={id}
                        setting={setting}
                        value={value}
                        describedBy={`${id}-help ${id}-refusal`}
                        invalid={refusal !== undefined}
                        onChange={onChange}
                    />
                ) : (
                    <Shown setting={setting} moment={kind === "moment"} />
                )}
                {props.action}
            </div>
            <div class="field-help" id={`${id}-help`}>
                {setting.help}
                {Input && kind !== "switch" && setting.allowed && (
                    <span class="allowed">{setting.allowed}</span>
                )}
            </div>
            <div class="refusal" id={`${id}-refusal`} role={refusal ? "alert" : undefined}>
                {refusal}
            </div>
        </div>
    )
}
