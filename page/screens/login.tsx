import { useState } from "preact/hooks"
import { quoteWord } from "../../console/secrets"
import { t } from "../texts"
import { model } from "./app"

export function LoginScreen() {
    const [password, setPassword] = useState("")
    const [refusal, setRefusal] = useState("")
    const submit = async (event: Event) => {
        event.preventDefault()
        try {
            setRefusal(await model.login(`login ${quoteWord(password)}`))
        } catch (failure) {
            setRefusal((failure as Error).message)
        }
        setPassword("")
    }
    return (
        <form class="login panel" onSubmit={event => void submit(event)}>
            <h1>{t.login.heading}</h1>
            <label>
                {t.login.label}
                <input
                    type="password"
                    autoComplete="off"
                    value={password}
                    aria-invalid={refusal !== ""}
                    aria-describedby="login-refusal"
                    onInput={event => setPassword(event.currentTarget.value)}
                />
            </label>
            <p id="login-refusal" class="refusal" role="alert">
                {refusal}
            </p>
            <div class="row">
                <button type="submit" class="primary">
                    {t.login.submit}
                </button>
                <span class="muted">{t.login.note}</span>
            </div>
        </form>
    )
}
