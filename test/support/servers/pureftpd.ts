import { execFileSync } from "node:child_process"
import { cachedLibraries, findServerProgram } from "./cache"
import { refuse, type Recipe } from "./setup"

/**
 * The fill level, in percent, from which Pure-FTPd answers 552 to a new transfer on a small disk.
 */
const diskPercentMax = 90

/** Pure-FTPd with its own user database. It logs only transfers. */
export const pureFtpd: Recipe = {
    needsRoot: true,
    installed: () => findServerProgram("pure-ftpd") !== undefined,
    launch(setup) {
        refuse(setup, "withoutEpsv")
        if ((setup.idleSeconds ?? 0) % 60 > 0)
            throw new Error("pure-ftpd counts idle time in minutes")
        const { site, owner } = setup
        const entry = [setup.user, setup.passwordHash, owner, owner, "", site.files + "/./"]
        const users = site.write("users", entry.join(":") + "::::::::::::\n")
        const database = site.path("users.pdb")
        const env = cachedLibraries()
        execFileSync(findServerProgram("pure-pw")!, ["mkdb", database, "-f", users], {
            env: { ...process.env, ...env },
        })
        const args = ["--ipv4only", "--bind", `127.0.0.1,${setup.port}`, "--dontresolve"]
        args.push("--login", `puredb:${database}`, "--noanonymous", "--chrooteveryone")
        args.push("--minuid", "1", "--umask", "133:022", "--maxclientsperip", "200")
        args.push("--pidfile", site.path("pid"), "--altlog", `clf:${site.path("transfers.log")}`)
        if (setup.idleSeconds) args.push("--maxidletime", String(setup.idleSeconds / 60))
        if (setup.pasvAddress) args.push("--forcepassiveip", setup.pasvAddress)
        if (setup.diskBytes) args.push("--maxdiskusagepct", String(diskPercentMax))
        return { command: findServerProgram("pure-ftpd")!, args, env }
    },
}
