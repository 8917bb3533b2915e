import { Handler } from "../call"
import { account } from "./account"
import { card } from "./card"
import { describe, values } from "./describe"
import { help, journal, status, tasks } from "./general"
import { pack } from "./pack"
import { defaults, set, show } from "./settings"
import { ftp, reset, time, wifi } from "./system"
import { exportSettings, importSettings } from "./transfer"

/** The first words of the commands in the table. */
export const firstWords =
    "help,status,show,set,defaults,export,import,battery,cells,journal," +
    "tasks,card,ftp,time,wifi,reset,login,logout,passwd,values,describe"

/** What runs for each of them, in their order. */
export const handlers: Handler[] = [
    help,
    status,
    show,
    set,
    defaults,
    exportSettings,
    importSettings,
    pack,
    pack,
    journal,
    tasks,
    card,
    ftp,
    time,
    wifi,
    reset,
    account,
    account,
    account,
    values,
    describe,
]
