import { Call } from "../call"

/** The commands `login`, `logout` and `passwd`. */
export async function account(call: Call): Promise<void> {
    const { access } = call.parts
    if (call.name === "logout") call.session.proof = ""
    else if (call.name === "login") {
        access.login(call.session, call.words[0])
        if (!call.session.proof) await call.print("ok, no password is set")
    } else await access.changePassword(call.session, call.words[0])
}
