import { chmodSync, existsSync } from "node:fs"
import { cached, cachedLibraries, findServerProgram, present } from "./cache"
import { freePort } from "../freeport"
import { becomes, hasEnded, listens, Site } from "./site"

export interface SquidOptions {
    /** The ports of 127.0.0.1 that it may reach; it answers 403 for others. */
    ftpPorts: number[]
    /** Its timeout for an FTP server that does not answer. */
    timeoutSeconds?: number
}

/** True when Squid can be started here; tests skip without it, in CI they fail. */
export function hasSquid(): boolean {
    return present(findServerProgram("squid") !== undefined, "squid is not there")
}

/** A folder of Squid's packages, unpacked or installed. */
function shared(name: string): string {
    return [cached("usr/share/" + name), "/usr/share/" + name].find(path => existsSync(path))!
}

/** A real Squid on 127.0.0.1 that forwards requests to FTP servers. */
export class SquidServer {
    port = 0
    private readonly site = new Site("squid")

    constructor(private readonly options: SquidOptions) {}

    log(): string {
        return this.site.log()
    }

    async start(): Promise<void> {
        // It may drop root before it writes its logs.
        chmodSync(this.site.folder, 0o777)
        // Its configuration takes no paths with spaces.
        for (const name of ["squid", "squid-langpack"]) this.site.link(shared(name), name)
        for (let tries = 0; tries < 3; ++tries) {
            this.port = await freePort()
            const child = this.site.run({
                command: findServerProgram("squid")!,
                // The name is part of the names that it leaves in /dev/shm.
                args: ["-N", "-n", this.site.name, "-f", this.configure()],
                env: cachedLibraries(),
            })
            const up = await becomes(
                () => listens(this.port),
                10_000,
                () => hasEnded(child),
            )
            if (up) return
            await this.kill()
        }
        throw new Error(`squid does not start:\n${this.log()}`)
    }

    /** Ends it at once, with every request under way. */
    async kill(): Promise<void> {
        await this.site.kill()
    }

    async stop(): Promise<void> {
        await this.site.remove()
    }

    private configure(): string {
        const { site } = this
        const { ftpPorts, timeoutSeconds = 60 } = this.options
        const settings = [
            `http_port 127.0.0.1:${this.port}`,
            ...ftpPorts.map(port => `acl served port ${port}`),
            ...(ftpPorts.length > 0 ? ["http_access allow to_localhost served"] : []),
            "http_access deny all",
            "cache deny all",
            "cache_mem 0 MB",
            "pinger_enable off",
            "netdb_filename none",
            "unlinkd_program /bin/true",
            "shutdown_lifetime 0 seconds",
            `connect_timeout ${timeoutSeconds} seconds`,
            `read_timeout ${timeoutSeconds} seconds`,
            `pid_filename ${site.path("pid")}`,
            `access_log stdio:${site.path("access.log")}`,
            `cache_log ${site.path("cache.log")}`,
            "cache_store_log none",
            `coredump_dir ${site.folder}`,
            `mime_table ${site.path("squid/mime.conf")}`,
            `icon_directory ${site.path("squid/icons")}`,
            `error_directory ${site.path("squid-langpack/en")}`,
            "visible_hostname bms",
        ]
        return site.write("squid.conf", settings.join("\n") + "\n", 0o644)
    }
}

/** Starts a real Squid; stop() it at the end. */
export async function startSquid(options: SquidOptions): Promise<SquidServer> {
    const squid = new SquidServer(options)
    try {
        await squid.start()
    } catch (thrown) {
        await squid.stop()
        throw thrown
    }
    return squid
}
