import { Call } from "../call"

export async function login(call: Call): Promise<void> {
    call.parts.access.login(call.session, call.words[0])
    await call.line("ok")
}

export async function logout(call: Call): Promise<void> {
    call.session.proof = ""
    await call.line("ok")
}

export async function passwd(call: Call): Promise<void> {
    await call.parts.access.change(call.session, call.words[0])
    await call.line("ok")
}
