import { cachedLibraries, findServerProgram, userLibrary } from "./cache"
import { refuse, type Recipe } from "./setup"

/**
 * GNU inetutils' ftpd, one process per connection, which socat accepts. It asks the machine for
 * its users; a preloaded library answers with our own. Its log has only socat's notes.
 */
export const inetutilsFtpd: Recipe = {
    needsRoot: true,
    installed: () =>
        findServerProgram("ftpd") !== undefined &&
        findServerProgram("socat") !== undefined &&
        userLibrary() !== undefined,
    launch(setup) {
        refuse(setup, "pasvAddress", "withoutEpsv")
        const { site, user, owner, passwordHash, idleSeconds } = setup
        const passwd = [user, "x", owner, owner, "", site.files, "/bin/sh"]
        const shadow = [user, passwordHash, "19000", "0", "99999", "7", "", "", ""]
        const users = {
            NSS_WRAPPER_PASSWD: site.write("passwd", passwd.join(":") + "\n", 0o644),
            NSS_WRAPPER_GROUP: site.write("group", `bms:x:${owner}:\n`, 0o644),
            NSS_WRAPPER_SHADOW: site.write("shadow", shadow.join(":") + "\n"),
        }
        const idle = idleSeconds ? ` --timeout=${idleSeconds} --max-timeout=${idleSeconds}` : ""
        const command = `exec "$FTPD" --auth=default --logging --umask=022${idle}`
        const script = `#!/bin/sh\nexport LD_PRELOAD="$USER_LIBRARY"\n${command}\n`
        const listen = `TCP4-LISTEN:${setup.port},bind=127.0.0.1,reuseaddr,fork,backlog=50`
        return {
            command: findServerProgram("socat")!,
            args: ["-d", "-d", listen, `EXEC:${site.write("ftpd.sh", script, 0o700)},nofork`],
            env: {
                ...cachedLibraries(),
                ...users,
                FTPD: findServerProgram("ftpd")!,
                USER_LIBRARY: site.link(userLibrary()!, "users.so"),
            },
        }
    },
}
