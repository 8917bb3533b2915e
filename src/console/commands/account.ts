import { Call } from "../call"

export async function login(call: Call): Promise<void> {
    call.parts.access.login(call.session, call.words[0])
    if (!call.session.proof) await call.print("ok, no password is set")
}

export async function logout(call: Call): Promise<void> {
    call.session.proof = ""
}

export async function passwd(call: Call): Promise<void> {
    await call.parts.access.changePassword(call.session, call.words[0])
}
