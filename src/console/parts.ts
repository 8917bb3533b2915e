import { BatteryMonitor } from "../battery/monitor"
import { Clock } from "../clock/clock"
import { Ticks, Wifi } from "../core/seams"
import { Storage } from "../fat/storage"
import { Alarms } from "../journal/alarms"
import { Journal } from "../journal/journal"
import { Logger } from "../logs/logger"
import { Backup } from "../settings/backup"
import { Settings } from "../settings/settings"
import { Scheduler } from "../tasks/scheduler"
import { Supervisor } from "../tasks/supervisor"
import { WifiKeeper } from "../tasks/wifikeeper"
import { Uploader } from "../upload/uploader"
import { Access } from "./access"

/** What the commands show and act on. */
export interface Parts {
    version: string
    ticks: Ticks
    settings: Settings
    access: Access
    clock: Clock
    alarms: Alarms
    journal: Journal
    battery: BatteryMonitor
    scheduler: Scheduler
    storage: Storage
    logger: Logger
    uploader: Uploader
    wifi: Wifi
    wifiKeeper: WifiKeeper
    supervisor: Supervisor
    backup: Backup
    /** Queries time.server; false if none is set. */
    syncTime(): Promise<boolean>
    /** Starts a fiber; its work must not throw. */
    spawn: (work: () => Promise<void>) => void
}
