import { cached, cachedLibraries, findServerProgram } from "./cache"
import type { Recipe } from "./setup"

/** ProFTPD, standalone, with its own password file. */
export const proftpd: Recipe = {
    needsRoot: true,
    installed: () => findServerProgram("proftpd") !== undefined,
    launch(setup) {
        const { site, owner } = setup
        const entry = [setup.user, setup.passwordHash, owner, owner, "", site.files, "/bin/sh"]
        const settings = [
            `ModulePath "${cached("usr/lib/proftpd")}"`,
            "ServerType standalone",
            "ServerName bms",
            "DefaultAddress 127.0.0.1",
            `Port ${setup.port}`,
            "SocketBindTight on",
            "UseIPv6 off",
            "UseReverseDNS off",
            `PidFile ${site.path("pid")}`,
            "ScoreboardFile none",
            "ControlsEngine off",
            "DelayEngine off",
            "WtmpLog off",
            "AuthOrder mod_auth_file.c",
            `AuthUserFile ${site.write("passwd", entry.join(":") + "\n")}`,
            "RequireValidShell off",
            "UseFtpUsers off",
            "AllowOverwrite on",
            "AllowStoreRestart on",
            "Umask 022",
            `TimeoutIdle ${setup.idleSeconds ?? 300}`,
            `SystemLog ${site.path("system.log")}`,
            `ExtendedLog ${site.path("commands.log")} ALL`,
            "TransferLog none",
            "User nobody",
            "Group nogroup",
            "DefaultRoot ~",
        ]
        if (setup.pasvAddress) settings.push(`MasqueradeAddress ${setup.pasvAddress}`)
        if (setup.withoutEpsv) settings.push("<Limit EPSV>", "DenyAll", "</Limit>")
        const config = site.write("proftpd.conf", settings.join("\n") + "\n")
        return {
            command: findServerProgram("proftpd")!,
            args: ["--nodaemon", "--quiet", "--config", config],
            env: cachedLibraries(),
        }
    },
}
