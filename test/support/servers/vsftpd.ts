import { findServerProgram } from "./cache"
import type { Recipe } from "./setup"

/** vsftpd, which accepts only the anonymous user with one password, so that it needs no PAM. */
export const vsftpd: Recipe = {
    user: "anonymous",
    installed: () => findServerProgram("vsftpd") !== undefined,
    launch(setup) {
        const { site } = setup
        const settings = [
            "listen=YES",
            "listen_address=127.0.0.1",
            `listen_port=${setup.port}`,
            "background=NO",
            "seccomp_sandbox=NO",
            "run_as_launching_user=YES",
            "connect_from_port_20=NO",
            `pasv_address=${setup.pasvAddress ?? "127.0.0.1"}`,
            "anonymous_enable=YES",
            "local_enable=NO",
            "secure_email_list_enable=YES",
            `email_password_file=${site.write("passwords", setup.password + "\n")}`,
            `anon_root=${site.files}`,
            "allow_writeable_chroot=YES",
            `write_enable=${setup.readOnly ? "NO" : "YES"}`,
            "anon_upload_enable=YES",
            "anon_mkdir_write_enable=YES",
            "anon_other_write_enable=YES",
            "anon_world_readable_only=NO",
            "anon_umask=022",
            "delay_failed_login=0",
            "delay_successful_login=0",
            `idle_session_timeout=${setup.idleSeconds ?? 300}`,
            "xferlog_enable=YES",
            "log_ftp_protocol=YES",
            `vsftpd_log_file=${site.path("vsftpd.log")}`,
        ]
        if (setup.withoutEpsv) settings.push("cmds_denied=EPSV")
        const config = site.write("vsftpd.conf", settings.join("\n") + "\n")
        return { command: findServerProgram("vsftpd")!, args: [config] }
    },
}
