import { Handler } from "../call"
import { account } from "./account"
import { card } from "./card"
import { describe } from "./describe"
import { help, journal, status, tasks } from "./general"
import { pack } from "./pack"
import { defaults, set, show } from "./settings"
import { ftp, reset, time, wifi } from "./system"
import { exportSettings, importSettings } from "./transfer"

/** What runs for the first word of the commands in the table. */
export const handlers: Record<string, Handler> = {
    help: help,
    status: status,
    show: show,
    set: set,
    defaults: defaults,
    export: exportSettings,
    import: importSettings,
    battery: pack,
    cells: pack,
    journal: journal,
    tasks: tasks,
    card: card,
    ftp: ftp,
    time: time,
    wifi: wifi,
    reset: reset,
    login: account,
    logout: account,
    passwd: account,
    describe: describe,
}
