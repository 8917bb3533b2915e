import { spawn, type ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createConnection } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./freeport"
import { findTool } from "./tools"

/** A real vsftpd on 127.0.0.1 whose anonymous user may write, append and overwrite in `root`. */
export class Vsftpd {
    readonly folder = mkdtempSync(join(tmpdir(), "bms-vsftpd-"))
    readonly root = mkdtempSync(join(tmpdir(), "bms-vsftpd-root-"))
    port = 0
    private process: ChildProcess | undefined

    constructor(private readonly extra: string[] = []) {}

    async start(): Promise<number> {
        if (this.port === 0) this.port = await freePort()
        const config = join(this.folder, "vsftpd.conf")
        const settings = [
            "listen=YES",
            "listen_address=127.0.0.1",
            `listen_port=${this.port}`,
            "background=NO",
            "seccomp_sandbox=NO",
            "run_as_launching_user=YES",
            "connect_from_port_20=NO",
            "pasv_address=127.0.0.1",
            "anonymous_enable=YES",
            "local_enable=NO",
            `anon_root=${this.root}`,
            "allow_writeable_chroot=YES",
            "write_enable=YES",
            "anon_upload_enable=YES",
            "anon_mkdir_write_enable=YES",
            "anon_other_write_enable=YES",
            "anon_world_readable_only=NO",
            "anon_umask=022",
            "xferlog_enable=NO",
            ...this.extra,
        ]
        writeFileSync(config, settings.join("\n") + "\n", { mode: 0o600 })
        this.process = spawn(findTool("vsftpd")!, [config], { stdio: "ignore" })
        for (let tries = 0; !(await this.answers()); ++tries) {
            if (tries > 100) throw new Error("vsftpd does not start")
            await new Promise(resolve => setTimeout(resolve, 50))
        }
        return this.port
    }

    /** Ends the server; open connections continue in their own processes. */
    async kill(): Promise<void> {
        const child = this.process
        this.process = undefined
        if (!child || child.exitCode !== null) return
        const ended = new Promise(resolve => child.once("exit", resolve))
        child.kill("SIGKILL")
        await ended
    }

    async remove(): Promise<void> {
        await this.kill()
        rmSync(this.folder, { recursive: true, force: true })
        rmSync(this.root, { recursive: true, force: true })
    }

    private async answers(): Promise<boolean> {
        return await new Promise(resolve => {
            const socket = createConnection(this.port, "127.0.0.1")
            socket.once("data", () => {
                socket.destroy()
                resolve(true)
            })
            socket.once("error", () => resolve(false))
        })
    }
}
