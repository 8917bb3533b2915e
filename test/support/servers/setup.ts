import type { Site } from "./site"

/** What only fault tests want. A server that cannot do it throws when it is started. */
export interface FtpServerOptions {
    /** Nothing may be stored: 550 or 553. */
    readOnly?: boolean
    /**
     * Size of the disk that holds the served folder, by pages of 4 KiB; only root can have it. When
     * it is full the servers answer 451, 452, 552, 426, 550, whatever each of them likes.
     */
    diskBytes?: number
    /** What PASV says instead of 127.0.0.1. Not inetutils-ftpd. */
    pasvAddress?: string
    /** True refuses EPSV. Not inetutils-ftpd and pure-ftpd. */
    withoutEpsv?: boolean
    /** Ends a session after so long without a command. Whole minutes for pure-ftpd. */
    idleSeconds?: number
}

/** What a recipe makes its server's configuration of. */
export interface FtpServerSetup extends FtpServerOptions {
    port: number
    user: string
    password: string
    /** The password as crypt(3) writes it, SHA-512. */
    passwordHash: string
    /** Number of the user and the group that own the served files. */
    owner: number
    /** Has the served folder, and room for configuration and logs. */
    site: Site
}

export interface Launch {
    command: string
    args: string[]
    env?: NodeJS.ProcessEnv
}

/** How one kind of FTP server is started. */
export interface Recipe {
    /** The only user it lets in, when that is not the usual one. */
    user?: string
    /** Whether it runs only as root. */
    needsRoot?: boolean
    /** Whether its files are here. */
    installed(): boolean
    launch(setup: FtpServerSetup): Launch
}

export const isRoot = process.getuid?.() === 0

/** Refuses an option that a server does not have. */
export function refuse(setup: FtpServerSetup, ...options: (keyof FtpServerOptions)[]): void {
    for (const option of options)
        if (setup[option]) throw new Error(`this server has nothing for the option ${option}`)
}
