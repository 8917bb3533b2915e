import { Call } from "../call"
import { login, logout, passwd } from "./account"
import { battery, batteryLimits, cells } from "./battery"
import { card, cardCat, cardEject, cardFormat, cardList, cardTail } from "./card"
import { describe, values } from "./describe"
import { help, journal, status, tasks } from "./general"
import { defaults, set, show } from "./settings"
import { ftp, ftpResend, ftpSend, ftpTest } from "./system"
import { reset, resetClear, resetNow, time, timeSet, timeSync, wifi } from "./system"
import { exportSettings, importSettings } from "./transfer"

/**
 * Runs the command with these words of the table, one function each. Errors are thrown. The caller
 * prints "ok" if the command printed nothing.
 */
export async function runCommand(words: string, call: Call): Promise<void> {
    if (words === "help") await help(call)
    else if (words === "status") await status(call)
    else if (words === "show") await show(call)
    else if (words === "set") await set(call)
    else if (words === "defaults") await defaults(call)
    else if (words === "export") await exportSettings(call)
    else if (words === "import") await importSettings(call)
    else if (words === "battery") await battery(call)
    else if (words === "battery limits") await batteryLimits(call)
    else if (words === "cells") await cells(call)
    else if (words === "journal") await journal(call)
    else if (words === "tasks") await tasks(call)
    else if (words === "card") await card(call)
    else if (words === "card ls") await cardList(call)
    else if (words === "card cat") await cardCat(call)
    else if (words === "card tail") await cardTail(call)
    else if (words === "card format") await cardFormat(call)
    else if (words === "card eject") await cardEject(call)
    else if (words === "ftp") await ftp(call)
    else if (words === "ftp send") await ftpSend(call)
    else if (words === "ftp test") await ftpTest(call)
    else if (words === "ftp resend") await ftpResend(call)
    else if (words === "time") await time(call)
    else if (words === "time set") await timeSet(call)
    else if (words === "time sync") await timeSync(call)
    else if (words === "wifi") await wifi(call)
    else if (words === "reset") await reset(call)
    else if (words === "reset now") await resetNow(call)
    else if (words === "reset clear") await resetClear(call)
    else if (words === "login") await login(call)
    else if (words === "logout") await logout(call)
    else if (words === "passwd") await passwd(call)
    else if (words === "values") await values(call)
    else if (words === "describe") await describe(call)
}
