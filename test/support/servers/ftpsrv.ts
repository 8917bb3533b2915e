import { fileURLToPath } from "node:url"
import type { Recipe } from "./setup"

const script = fileURLToPath(new URL("ftpsrvmain.mjs", import.meta.url))

/** ftp-srv, in its own process started by ftpsrvmain.mjs. */
export const ftpSrv: Recipe = {
    installed: () => true,
    launch(setup) {
        const { site, ...options } = setup
        const argument = JSON.stringify({ ...options, folder: site.files })
        return { command: process.execPath, args: [script, argument] }
    },
}
