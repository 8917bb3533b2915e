import { chmodSync, chownSync, existsSync, readFileSync } from "node:fs"
import { present } from "./cache"
import { ftpSrv } from "./ftpsrv"
import { inetutilsFtpd } from "./inetutilsftpd"
import { proftpd } from "./proftpd"
import { pureFtpd } from "./pureftpd"
import { pyftpdlib } from "./pyftpdlib"
import { isRoot, type FtpServerOptions, type Recipe } from "./setup"
import { freePort } from "../freeport"
import { becomes, hasEnded, listens, Site } from "./site"
import { vsftpd } from "./vsftpd"

export type { FtpServerOptions } from "./setup"

const recipes = {
    vsftpd,
    "inetutils-ftpd": inetutilsFtpd,
    proftpd,
    "pure-ftpd": pureFtpd,
    pyftpdlib,
    "ftp-srv": ftpSrv,
} satisfies Record<string, Recipe>

export type FtpServerName = keyof typeof recipes

export const ftpServerNames = Object.keys(recipes) as FtpServerName[]

/** Servers that store a file to its end although the control connection is gone. */
export const directServerNames: FtpServerName[] = ["vsftpd", "inetutils-ftpd"]

// With characters that could break an Authorization header, a configuration file or an address.
const password = "bat:tery 12%"
const passwordHash =
    "$6$X23.SZrk0RT1DH9h$OHH1S7uB5sAS92N6I7.efiSK/sgqowY6FeBt/OMXIM7K8SxQlO2Kl0Rj401qlco4/1heRGmNfSrpj/2lNTCaP0"
const nobody = 65534
const asRoot = "run the tests as root"

/** True when the server can be started here; tests skip without it, in CI they fail. */
export function hasServer(name: FtpServerName): boolean {
    const recipe: Recipe = recipes[name]
    if (recipe.needsRoot && !isRoot) return present(false, `${name} cannot be started`, asRoot)
    return present(recipe.installed(), `${name} is not there`)
}

/**
 * True when the option `diskBytes` works here: mounting needs CAP_SYS_ADMIN, which containers lack.
 */
export function canLimitDisk(): boolean {
    const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : ""
    const capabilities = BigInt("0x" + (/^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? "0"))
    const allowed = ((capabilities >> 21n) & 1n) === 1n
    return present(allowed, "a small disk cannot be mounted", asRoot)
}

/** A real FTP server on 127.0.0.1 that serves its own folder to one user. */
export class FtpTestServer {
    readonly user: string
    readonly password = password
    port = 0
    private readonly site: Site
    private readonly recipe: Recipe

    constructor(
        readonly name: FtpServerName,
        /** The options of the last start. */
        public options: FtpServerOptions,
    ) {
        this.recipe = recipes[name]
        this.user = this.recipe.user ?? "bms"
        this.site = new Site(name)
    }

    /** The served folder. */
    get folder(): string {
        return this.site.files
    }

    /** The server's output and log, for messages of failing tests. */
    log(): string {
        return this.site.log()
    }

    /** Starts it on a free port. Throws its log when it does not greet. */
    async start(): Promise<void> {
        for (let tries = 0; tries < 3; ++tries) {
            this.port = await freePort()
            if (await this.launch()) return
            await this.kill()
        }
        throw new Error(`${this.name} does not start:\n${this.log()}`)
    }

    /** Ends it at once, with every session and transfer; keeps port and folder for restart(). */
    async kill(): Promise<void> {
        await this.site.kill()
        await becomes(async () => !(await listens(this.port)), 5000)
    }

    /** Starts it again on the same port with the same folder; given options replace all others. */
    async restart(options = this.options): Promise<void> {
        await this.kill()
        this.options = options
        if (await this.launch()) return
        throw new Error(`${this.name} does not start again:\n${this.log()}`)
    }

    /** Ends it and removes its folder. */
    async stop(): Promise<void> {
        await this.kill()
        await this.site.remove()
    }

    private async launch(): Promise<boolean> {
        const { site, options, user, port } = this
        const owner = isRoot ? nobody : process.getuid!()
        site.setDisk(options.diskBytes)
        chmodSync(this.folder, options.readOnly ? 0o555 : 0o755)
        if (isRoot) chownSync(this.folder, owner, owner)
        const setup = { ...options, port, user, password, passwordHash, owner, site }
        const child = site.run(this.recipe.launch(setup))
        return await becomes(
            () => listens(port, "220"),
            10_000,
            () => hasEnded(child),
        )
    }
}

/** Starts a real FTP server; stop() it at the end. */
export async function startServer(
    name: FtpServerName,
    options: FtpServerOptions = {},
): Promise<FtpTestServer> {
    const server = new FtpTestServer(name, options)
    try {
        await server.start()
    } catch (thrown) {
        await server.stop()
        throw thrown
    }
    return server
}
