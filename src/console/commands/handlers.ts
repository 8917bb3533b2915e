import { Handler } from "../call"
import { login, logout, passwd } from "./access"
import { card, cardCat, cardEject, cardFormat, cardLs, cardTail } from "./card"
import { describe } from "./describe"
import { help } from "./help"
import { journal, tasks } from "./journal"
import { ftp, ftpResend, ftpSend, ftpTest, wifi } from "./network"
import { battery, cells } from "./pack"
import { reset, resetClear, resetNow } from "./reset"
import { defaults, set, show } from "./settings"
import { status } from "./status"
import { time, timeSet, timeSync } from "./time"
import { exportSettings, importSettings } from "./transfer"

/** What runs under the words of the command table. */
export const handlers: Record<string, Handler> = {
    help: help,
    status: status,
    show: show,
    set: set,
    defaults: defaults,
    export: exportSettings,
    import: importSettings,
    battery: battery,
    cells: cells,
    journal: journal,
    tasks: tasks,
    card: card,
    "card ls": cardLs,
    "card cat": cardCat,
    "card tail": cardTail,
    "card format": cardFormat,
    "card eject": cardEject,
    ftp: ftp,
    "ftp send": ftpSend,
    "ftp test": ftpTest,
    "ftp resend": ftpResend,
    time: time,
    "time set": timeSet,
    "time sync": timeSync,
    wifi: wifi,
    reset: reset,
    "reset now": resetNow,
    "reset clear": resetClear,
    login: login,
    logout: logout,
    passwd: passwd,
    describe: describe,
}
