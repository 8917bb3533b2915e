import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cacheFolder, cached, cachedLibraries, findServerProgram } from "./cache"

/**
 * Unpacks the Debian packages of the FTP servers, Squid and their dependencies into cacheFolder(),
 * without installing them: npx tsx test/support/servers/install.ts
 */

/** Packages that can be resolved together; FTP servers exclude each other. */
const groups = [
    ["squid", "squid-langpack", "python3-pyftpdlib", "libnss-wrapper", "vsftpd", "socat"],
    ["inetutils-ftpd"],
    ["proftpd-core"],
    ["pure-ftpd"],
]

/** Wanted dependencies of these packages: libraries and data, no services and no Perl. */
const wanted = /^(lib(?!perl)(?!.*-perl$)|.*-common$|python3-py)/

const programs = ["vsftpd", "ftpd", "socat", "proftpd", "pure-ftpd", "squid"]

/** Written last: the groups and the unpacked files. */
const stamp = "packages.txt"
const contents = groups.map(group => `# ${group.join(" ")}\n`).join("")

function run(command: string, args: string[], cwd?: string): string {
    return execFileSync(command, args, {
        cwd,
        encoding: "utf8",
        env: { ...process.env, LC_ALL: "C" },
        maxBuffer: 64 << 20,
        stdio: ["ignore", "pipe", "pipe"],
    })
}

/** The packages of a group and their dependencies that are not installed here. */
function needed(group: string[]): string[] {
    const plan = run("apt-get", ["--simulate", "--no-install-recommends", "install", ...group])
    // "Inst name (version …" is new; "Inst name [old version] (…" is installed, which suffices.
    const fresh = [...plan.matchAll(/^Inst (\S+) \(/gm)].map(match => match[1])
    return [...group, ...fresh.filter(name => wanted.test(name))]
}

function download(packages: string[], folder: string): void {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    run("apt-get", ["-o", "APT::Sandbox::User=root", "download", ...packages], folder)
}

/** The programs' libraries that are neither here nor on the machine. */
function missingLibraries(): string[] {
    const env = { ...process.env, ...cachedLibraries() }
    return programs.flatMap(name => {
        const found = execFileSync("ldd", [findServerProgram(name)!], { encoding: "utf8", env })
        return [...found.matchAll(/^\s*(\S+) => not found/gm)].map(match => `${name}: ${match[1]}`)
    })
}

function unpack(): void {
    const downloads = join(cacheFolder(), "downloads")
    const fetchAll = (): void => download([...new Set(groups.flatMap(needed))], downloads)
    try {
        fetchAll()
    } catch {
        // The package lists are missing or old.
        run("apt-get", ["update"])
        fetchAll()
    }
    rmSync(cached(""), { recursive: true, force: true })
    const packages = readdirSync(downloads).sort()
    for (const name of packages) run("dpkg", ["--extract", join(downloads, name), cached("")])
    rmSync(downloads, { recursive: true })
    const missing = missingLibraries()
    if (missing.length > 0) throw new Error(`libraries are missing: ${missing.join(", ")}`)
    writeFileSync(join(cacheFolder(), stamp), contents + packages.join("\n") + "\n")
    console.log(`unpacked into ${cacheFolder()}:\n${packages.join("\n")}`)
}

function isComplete(): boolean {
    const file = join(cacheFolder(), stamp)
    return existsSync(file) && readFileSync(file, "utf8").startsWith(contents)
}

function isRunning(id: number): boolean {
    try {
        process.kill(id, 0)
        return true
    } catch {
        return false
    }
}

/** Runs `work` while no other process does. */
async function alone(work: () => void): Promise<void> {
    mkdirSync(cacheFolder(), { recursive: true })
    const lock = join(cacheFolder(), "lock")
    for (;;) {
        try {
            writeFileSync(lock, String(process.pid), { flag: "wx" })
            break
        } catch {
            const holder = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0
            if (holder > 0 && !isRunning(holder)) rmSync(lock, { force: true })
            await new Promise(resolve => setTimeout(resolve, 200))
        }
    }
    try {
        work()
    } finally {
        rmSync(lock, { force: true })
    }
}

await alone(() => {
    if (isComplete()) console.log(`the servers are in ${cacheFolder()}`)
    else unpack()
})
