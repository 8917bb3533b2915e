// ftp-srv's server with one user; ftpsrv.ts passes its argument as JSON.
import { inspect } from "node:util"
import { FileSystem, FtpSrv } from "ftp-srv"

const setup = JSON.parse(process.argv[2])

function print(...what) {
    const options = { breakLength: Infinity, compact: true }
    const parts = what.map(part => (part instanceof Error ? String(part) : part))
    console.log(parts.map(part => inspect(part, options)).join(" "))
}

const log = {
    child: () => log,
    trace: print,
    debug: print,
    info: print,
    warn: print,
    error: print,
}

class ReadOnlyFolder extends FileSystem {
    write() {
        throw new Error("Permission denied")
    }
}

const server = new FtpSrv({
    url: `ftp://127.0.0.1:${setup.port}`,
    // A function, because a plain address is replaced for clients on the same machine.
    pasv_url: () => setup.pasvAddress ?? "127.0.0.1",
    pasv_min: 40000 + Math.floor(Math.random() * 20000),
    blacklist: setup.withoutEpsv ? ["EPSV"] : [],
    timeout: (setup.idleSeconds ?? 0) * 1000,
    log,
})
server.on("login", ({ connection, username, password }, resolve, reject) => {
    if (username !== setup.user || password !== setup.password)
        return reject(new Error("Login incorrect"))
    const options = { root: setup.folder, cwd: "/" }
    resolve(setup.readOnly ? { fs: new ReadOnlyFolder(connection, options) } : options)
})
server.on("client-error", ({ error }) => print(error))
await server.listen()
