import type { Site } from "./site"

/** Options for fault tests only. A server without support for one throws at its start. */
export interface FtpServerOptions {
    /** Nothing may be stored: 550 or 553. */
    readOnly?: boolean
    /**
     * Size of the disk that holds the served folder, in pages of 4 KiB; needs root. When it is full
     * the servers answer 451, 452, 552, 426 or 550, each in its own way.
     */
    diskBytes?: number
    /** The address that PASV gives instead of 127.0.0.1. Not inetutils-ftpd. */
    pasvAddress?: string
    /** True refuses EPSV. Not inetutils-ftpd and pure-ftpd. */
    withoutEpsv?: boolean
    /** Ends a session after this long without a command. Whole minutes for pure-ftpd. */
    idleSeconds?: number
}

/** The input of a recipe's configuration. */
export interface FtpServerSetup extends FtpServerOptions {
    port: number
    user: string
    password: string
    /** The password hash of crypt(3), SHA-512. */
    passwordHash: string
    /** Id of the user and the group that own the served files. */
    owner: number
    /** Holds the served folder, configuration and logs. */
    site: Site
}

export interface Launch {
    command: string
    args: string[]
    env?: NodeJS.ProcessEnv
}

/** How to start one kind of FTP server. */
export interface Recipe {
    /** The only user it accepts, if not the usual one. */
    user?: string
    /** True if it runs only as root. */
    needsRoot?: boolean
    /** True if its files are here. */
    installed(): boolean
    launch(setup: FtpServerSetup): Launch
}

export const isRoot = process.getuid?.() === 0

/** Refuses an option that a server does not have. */
export function refuse(setup: FtpServerSetup, ...options: (keyof FtpServerOptions)[]): void {
    for (const option of options)
        if (setup[option]) throw new Error(`this server has nothing for the option ${option}`)
}
